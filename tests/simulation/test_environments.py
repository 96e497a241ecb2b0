"""Functions start cold, stay warm for a while, and have limited concurrency."""

from random import Random

import pytest

from tests.simulation.coverage import CoveragePoint
from tests.simulation.environments import Environments
from tests.simulation.faults import Crash
from tests.simulation.world import Invocation, SimulatedWorld
from tests.simulation.world_rules import WorldRules


@pytest.fixture
def world() -> SimulatedWorld:
    return SimulatedWorld(random=Random(1), rules=WorldRules(max_concurrency=2))


@pytest.fixture
def environments(world: SimulatedWorld) -> Environments:
    return Environments(world, object)


def call(environments: Environments, work: object = None) -> object:
    """Make one call; return the services of its environment."""
    environments_used: list[object] = []

    def handle(services: object) -> None:
        environments_used.append(services)
        if callable(work):
            work()

    environments.run(Invocation("intake", {}), 1_000, handle)
    return environments_used[0]


def crash() -> None:
    raise Crash("before anything")


def test_the_first_call_starts_cold_and_the_next_one_does_not(
    world: SimulatedWorld, environments: Environments
) -> None:
    first = call(environments)

    assert call(environments) is first
    assert world.coverage[CoveragePoint.COLD_START] == 1


def test_a_call_after_a_crash_starts_cold(environments: Environments) -> None:
    first = call(environments, crash)

    assert call(environments) is not first


def test_a_call_after_a_long_while_starts_cold(
    world: SimulatedWorld, environments: Environments
) -> None:
    first = call(environments)

    world.now += 200_000

    assert call(environments) is not first


def test_two_calls_at_once_have_an_environment_each(environments: Environments) -> None:
    inner: list[object] = []

    outer = call(environments, lambda: inner.append(call(environments)))

    assert inner[0] is not outer


def test_one_call_too_many_is_refused(world: SimulatedWorld, environments: Environments) -> None:
    full: list[bool] = []

    call(environments, lambda: call(environments, lambda: full.append(environments.full())))

    assert full == [True]
    assert not environments.full()
    assert world.coverage[CoveragePoint.TOO_MANY_CALLS] == 1
