"""Fixtures of the tests that call the HTTP API in this process."""

import pytest

from tests.support.api_callers import Caller, Clock, World, make_world


@pytest.fixture
def world() -> World:
    return make_world()


@pytest.fixture
def clock(world: World) -> Clock:
    return world.clock


@pytest.fixture
def caller(world: World) -> Caller:
    return world.caller()
