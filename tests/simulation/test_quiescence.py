"""Scheduled rounds run at rest where something waits for them, and only there."""

from random import Random

from forgeledger.jobs.storage.keys import checkpoint_key
from tests.simulation.faults import Fault
from tests.simulation.history_run import History, enter
from tests.simulation.jobs import draw_job
from tests.simulation.script import Script
from tests.simulation.steps import Step
from tests.simulation.workloads import Kind, Theme

_CREATE = Step(Kind.CREATE, 5)
# What wakes a relay that crashes is given up at once, where there are no more tries.
_LOSING = Step(Kind.RELAY, 0, ((0, Fault.CRASH_BEFORE),))
_REST = Step(Kind.REST, 0)


def begun(*steps: Step, theme: Theme = Theme.LIFE, relay_tries: int = 0) -> History:
    script = Script(seed=1, theme=theme, steps=steps, relay_tries=relay_tries, helped=False)
    history = enter(script, tell=True)
    history.run_more(len(steps))
    return history


def rounds_at_rest(history: History) -> int:
    story = history.world.story
    assert story is not None
    before = len(story)
    history.take(_REST)
    return sum("asked to reconcile {'scheduled': True}" in line for line in story[before:])


def with_a_deadline() -> int:
    drawn = ((seed, draw_job(Random(seed), Theme.TOLERANCE, seed)[0]) for seed in range(5, 1_000))
    # One that has not passed when what was in flight is dealt with.
    return next(seed for seed, new in drawn if new.deadline_seconds == 600 and new.items)


def test_where_nothing_was_lost_nobody_waits_for_a_round() -> None:
    history = begun(_CREATE, relay_tries=5)

    assert [rounds_at_rest(history), rounds_at_rest(history)] == [0, 0]


def test_what_the_stream_lost_is_waited_for_once() -> None:
    history = begun(_CREATE, _LOSING)

    assert len(history.world.stream.given_up) > 0
    assert [rounds_at_rest(history), rounds_at_rest(history)] == [1, 0]


def test_what_was_lost_after_a_rest_is_waited_for_at_the_next() -> None:
    history = begun(_CREATE)
    first = rounds_at_rest(history)
    for step in (Step(Kind.CREATE, 6), _LOSING):
        history.take(step)

    assert (first, rounds_at_rest(history)) == (0, 1)


def test_a_deadline_is_waited_for_until_its_job_is_finished() -> None:
    history = begun(Step(Kind.CREATE, with_a_deadline()), theme=Theme.TOLERANCE, relay_tries=5)

    first = rounds_at_rest(history)

    (truth,) = history.checks.jobs.truths.values()
    assert first == 1
    assert truth.job.finished
    assert rounds_at_rest(history) == 0


def test_after_a_round_that_was_cut_short_there_is_one_more() -> None:
    history = begun(_CREATE, _LOSING)
    history.world.tables.put_item(
        {"Item": {**checkpoint_key("reconciliation"), "checkpoint": {"S": "{}"}}}
    )

    assert rounds_at_rest(history) == 2
