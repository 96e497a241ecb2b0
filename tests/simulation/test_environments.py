"""Functions start cold, are kept for a while, and take only so many calls at once."""

from random import Random

import pytest

from tests.simulation.coverage import Happening
from tests.simulation.environments import Environments
from tests.simulation.faults import Crash
from tests.simulation.world import Invocation, Rules, World


@pytest.fixture
def world() -> World:
    return World(random=Random(1), rules=Rules(most_at_once=2))


@pytest.fixture
def environments(world: World) -> Environments:
    return Environments(world, object)


def call(environments: Environments, work: object = None) -> object:
    """What the call finds in its environment."""
    found: list[object] = []

    def handle(holding: object) -> None:
        found.append(holding)
        if callable(work):
            work()

    environments.run(Invocation("intake", {}), 1_000, handle)
    return found[0]


def crash() -> None:
    raise Crash("before anything")


def test_the_first_call_starts_cold_and_the_next_one_does_not(
    world: World, environments: Environments
) -> None:
    first = call(environments)

    assert call(environments) is first
    assert world.met[Happening.COLD_START] == 1


def test_a_call_after_a_crash_starts_cold(environments: Environments) -> None:
    first = call(environments, crash)

    assert call(environments) is not first


def test_a_call_after_a_long_while_starts_cold(world: World, environments: Environments) -> None:
    first = call(environments)

    world.now += 200_000

    assert call(environments) is not first


def test_two_calls_at_once_have_an_environment_each(environments: Environments) -> None:
    inner: list[object] = []

    outer = call(environments, lambda: inner.append(call(environments)))

    assert inner[0] is not outer


def test_one_call_too_many_is_refused(world: World, environments: Environments) -> None:
    full: list[bool] = []

    call(environments, lambda: call(environments, lambda: full.append(environments.full())))

    assert full == [True]
    assert not environments.full()
    assert world.met[Happening.TOO_MANY] == 1
