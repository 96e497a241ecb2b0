"""At rest, scheduled rounds run only if something depends on them."""

from random import Random
from unittest.mock import patch

import pytest

from forgeledger.jobs.storage.keys import checkpoint_key
from tests.simulation import lambdas
from tests.simulation.faults import CallFault
from tests.simulation.history_run import History, start_history
from tests.simulation.jobs import draw_job
from tests.simulation.lane_checks import Violation
from tests.simulation.quiescence import run_rounds
from tests.simulation.script import Script
from tests.simulation.steps import ScriptStep
from tests.simulation.workloads import StepKind, Workload

_CREATE = ScriptStep(StepKind.CREATE, 5)
# A relay that crashes: without retries the stream gives its records up at once.
_LOSING = ScriptStep(StepKind.RELAY, 0, ((0, CallFault.CRASH_BEFORE),))
_REST = ScriptStep(StepKind.REST, 0)


def played(
    *steps: ScriptStep, workload: Workload = Workload.LIFECYCLE, relay_tries: int = 0
) -> History:
    script = Script(seed=1, workload=workload, steps=steps, relay_tries=relay_tries, assisted=False)
    history = start_history(script, traced=True)
    history.run_steps(len(steps))
    return history


def rounds_at_rest(history: History) -> int:
    trace = history.world.trace
    assert trace is not None
    before = len(trace)
    history.take_step(_REST)
    return sum("invoked to reconcile {'scheduled': True}" in line for line in trace[before:])


def with_a_deadline() -> int:
    drawn = (
        (seed, draw_job(Random(seed), Workload.TOLERANCE, seed)[0]) for seed in range(5, 1_000)
    )
    # A deadline that has not passed when the messages in flight are consumed.
    return next(seed for seed, new in drawn if new.deadline_seconds == 600 and new.items)


def test_where_nothing_was_lost_nobody_waits_for_a_round() -> None:
    history = played(_CREATE, relay_tries=5)

    assert [rounds_at_rest(history), rounds_at_rest(history)] == [0, 0]


def test_what_the_stream_lost_is_waited_for_once() -> None:
    history = played(_CREATE, _LOSING)

    assert len(history.world.stream.given_up) > 0
    assert [rounds_at_rest(history), rounds_at_rest(history)] == [1, 0]


def test_what_was_lost_after_a_rest_is_waited_for_at_the_next() -> None:
    history = played(_CREATE)
    first = rounds_at_rest(history)
    for step in (ScriptStep(StepKind.CREATE, 6), _LOSING):
        history.take_step(step)

    assert (first, rounds_at_rest(history)) == (0, 1)


def test_a_deadline_is_waited_for_until_its_job_is_finished() -> None:
    history = played(
        ScriptStep(StepKind.CREATE, with_a_deadline()), workload=Workload.TOLERANCE, relay_tries=5
    )

    first = rounds_at_rest(history)

    (observed,) = history.checks.jobs.by_pk.values()
    assert first == 1
    assert observed.job.finished
    assert rounds_at_rest(history) == 0


def test_after_a_round_that_resumes_one_that_was_cut_short_there_is_one_more() -> None:
    history = played(_CREATE, _LOSING)
    stopped = {"checkpoint": {"S": '{"after":"0"}'}}
    history.world.tables.put_item({"Item": {**checkpoint_key("reconciliation"), **stopped}})

    assert rounds_at_rest(history) == 2


def test_rounds_that_never_get_to_the_last_job_are_noticed() -> None:
    history = played(_CREATE, _LOSING)
    # Hardly any time is left when a round begins.
    history.world.rules.cuts_rounds_short = True
    history.world.now += 60_000

    with (
        patch.object(lambdas, "_ROUND_TIME_FACTORS", (1_000_000,)),
        pytest.raises(Violation, match="never get to the last job"),
    ):
        run_rounds(history)
