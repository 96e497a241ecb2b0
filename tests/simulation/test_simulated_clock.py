"""The simulated clock: a queue that loses, doubles and delays, and deadlines that are found."""

from random import Random
from unittest.mock import patch

import pytest

from tests.simulation import clock_steps
from tests.simulation.history_run import History, start_history
from tests.simulation.jobs import draw_job
from tests.simulation.lambdas import Lambdas
from tests.simulation.lane_checks import Violation
from tests.simulation.quiescence import come_to_rest
from tests.simulation.script import Script
from tests.simulation.standard_queue import SimulatedStandardQueue
from tests.simulation.steps import ScriptStep
from tests.simulation.workloads import StepKind, Workload


class Draws:
    """Answers with these numbers, the last one for ever."""

    def __init__(self, *numbers: float) -> None:
        self.numbers = list(numbers)

    def __call__(self) -> float:
        return self.numbers.pop(0) if len(self.numbers) > 1 else self.numbers[0]


def queue(now: list[int], *draws: float, max_receives: int = 5) -> SimulatedStandardQueue:
    return SimulatedStandardQueue(lambda: now[0], Draws(*draws), 30_000, max_receives)


def test_a_message_comes_when_its_delay_is_over_and_again_after_its_visibility_timeout() -> None:
    now = [0]
    wakes = queue(now, 0.9)
    wakes.send("late", 60)
    assert wakes.receive(10) == []

    now[0] = 60_000
    [message] = wakes.receive(10)
    assert wakes.receive(10) == []
    now[0] += 30_000
    assert wakes.receive(10) == [message]

    wakes.delete(message, 1)
    assert wakes.waiting == [message]
    wakes.delete(message, 2)
    assert wakes.waiting == []


def test_some_messages_are_lost_and_some_come_twice() -> None:
    wakes = queue([0], 0.1, 0.9, 0.05)
    wakes.send("lost", 0)
    wakes.send("twice", 0)

    first, second = wakes.receive(10), wakes.receive(10)

    assert [message.body for message in first] == ["twice"]
    assert first == second


def test_a_message_that_is_never_deleted_becomes_a_dead_letter() -> None:
    now = [0]
    wakes = queue(now, 0.9, max_receives=2)
    wakes.send("bad", 0)

    for _ in range(3):
        wakes.receive(10)
        now[0] += 30_000

    assert (len(wakes.dead), wakes.waiting) == (1, [])


def with_a_deadline() -> int:
    """A seed of a creation whose job has a deadline, and no items that could end it before."""
    for seed in range(10_000):
        new, _ = draw_job(Random(seed), Workload.TOLERANCE, seed % 100_000)
        if new.deadline_seconds == 600 and not new.seal:
            return seed
    raise AssertionError


def played(no_tick: float) -> tuple[History, list[str]]:
    """A history with such a job that has come to rest, and what the relay was invoked for."""
    steps = (ScriptStep(StepKind.CREATE, with_a_deadline()),)
    script = Script(seed=0, workload=Workload.TOLERANCE, steps=steps, assisted=False)
    history = start_history(script, traced=True)
    history.run_steps(1)
    with (
        patch.object(clock_steps, "_NO_TICK_SHARE", no_tick),
        patch.object(clock_steps, "_NEW_JOB_SHARE", 0),
    ):
        come_to_rest(history)
    trace = history.world.trace or []
    return history, [line for line in trace if "the relay is invoked" in line]


def test_at_rest_ticks_and_wakes_find_a_deadline_without_a_round() -> None:
    history, invoked = played(no_tick=0)

    (observed,) = history.checks.jobs.by_pk.values()
    assert observed.job.finished
    assert invoked
    assert all("tick" in line for line in invoked)


def test_without_ticks_a_round_finds_it() -> None:
    history, invoked = played(no_tick=1)

    (observed,) = history.checks.jobs.by_pk.values()
    assert observed.job.finished
    assert all("reconcile" in line for line in invoked)


def test_a_deadline_that_nobody_looks_at_in_time_is_noticed() -> None:
    with (
        patch.object(Lambdas, "follow_wakes", lambda self, *_: self.world.wakes.waiting.clear()),
        pytest.raises(Violation, match="after its deadline nobody has looked at it"),
    ):
        played(no_tick=0)
