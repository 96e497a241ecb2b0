"""Scripted endings reach the situations that they are written for."""

from random import Random

from tests.simulation.coverage import CoveragePoint
from tests.simulation.faults import CallFault
from tests.simulation.history_run import run
from tests.simulation.script import Script, write_script
from tests.simulation.scripted_endings import (
    _between_two_commits,
    _failed_again,
    _late_producer,
    _outage,
    _weeks,
)
from tests.simulation.steps import ScriptStep
from tests.simulation.workloads import StepKind, Workload


def commits_of(*steps: ScriptStep, items_per_commit: int) -> list[str]:
    begin = [
        ScriptStep(StepKind.CREATE, 5),
        *[ScriptStep(StepKind.REGISTER, seed) for seed in range(12)],
    ]
    script = Script(
        seed=1,
        workload=Workload.LIFECYCLE,
        steps=(*begin, *steps),
        items_per_commit=items_per_commit,
        assisted=False,
    )
    result = run(script, traced=True)
    assert result.violation is None, result.violation
    return [line.split("  . ")[1] for line in result.trace if "  . " in line]


def test_a_cancel_comes_between_two_commits_of_one_batch() -> None:
    seed, stall = 7, ((2, CallFault.PAUSE_AT_WRITE),)
    canceled = ScriptStep(StepKind.CANCEL, seed, ((0, CallFault.CRASH_AFTER),))

    trace = commits_of(
        ScriptStep(StepKind.FAIL_ALL, seed),
        ScriptStep(StepKind.RETRY_ALL, seed),
        ScriptStep(StepKind.INTAKE, 1, stall),
        canceled,
        items_per_commit=1,
    )

    closing = trace.index("job: job.closing RUNNING")
    assert "retried" in trace[closing - 1]
    assert "(job_canceled)" in trace[closing + 1]


def test_the_ending_between_two_commits_is_about_one_job() -> None:
    steps = _between_two_commits(Random(1))

    about = {StepKind.FAIL_ALL, StepKind.RETRY_ALL, StepKind.CANCEL}
    assert len({step.seed for step in steps if step.kind in about}) == 1
    assert [step.kind for step in steps][-2:] == [StepKind.INTAKE, StepKind.CANCEL]


def test_an_outage_lasts_until_an_alarm_has_to_fire() -> None:
    begin = [ScriptStep(StepKind.CREATE, 5), *[ScriptStep(StepKind.REGISTER, 5)] * 3]
    script = Script(
        seed=1, workload=Workload.LIFECYCLE, steps=(*begin, *_outage(Random(4))), assisted=False
    )

    result = run(script, traced=True)

    assert result.violation is None, result.violation
    assert result.coverage[CoveragePoint.FAILING_FOR_LONG] > 0, "\n".join(result.trace)


def test_weeks_pass_before_and_after_people_come_back() -> None:
    for seed in range(20):
        kinds = [step.kind for step in _weeks(Random(seed))]

        assert kinds[0] == kinds[-1] == StepKind.WEEKS
        assert len(set(kinds)) > 1


def test_no_plain_history_has_weeks_or_is_canceled_between_two_commits() -> None:
    scripts = [write_script(seed) for seed in range(1_000)]
    kinds = {
        workload: {
            step.kind for script in scripts if script.workload is workload for step in script.steps
        }
        for workload in Workload
    }

    ending_steps = {
        StepKind.WEEKS,
        StepKind.FAIL_ALL,
        StepKind.RETRY_ALL,
        StepKind.SEAL_ONE,
        StepKind.FAIL_AGAIN,
        StepKind.RETRY_CREATIONS,
    }
    assert not kinds.pop(Workload.PLAIN) & ending_steps
    assert set().union(*kinds.values()) >= ending_steps


def test_a_producer_that_was_not_answered_asks_again_for_the_same_job() -> None:
    lost = ScriptStep(StepKind.NEW_PRODUCER, 13, ((1, CallFault.CRASH_AFTER),))
    script = Script(
        seed=1, workload=Workload.LIFECYCLE, steps=(lost, ScriptStep(StepKind.RETRY_CREATIONS, 0))
    )

    result = run(script, traced=True)

    assert result.violation is None, result.violation
    requests = [line for line in result.trace if "request: create job 13 " in line]
    assert len(requests) == 2
    assert sum("job: job.created" in line for line in result.trace) == 1


def test_some_producers_that_come_late_use_the_sdk_and_all_ask_again() -> None:
    coming = [_late_producer(Random(seed)) for seed in range(50)]

    assert {steps[0].seed % 2 for steps in coming} == {0, 1}
    assert all(steps[0].kind is StepKind.NEW_PRODUCER and steps[0].faults for steps in coming)
    assert all(steps[-1].kind is StepKind.RETRY_CREATIONS for steps in coming)


def test_an_item_fails_again_between_the_decision_and_the_verdict() -> None:
    seed, stall = 7, ((2, CallFault.PAUSE_AT_WRITE),)

    trace = commits_of(
        *[ScriptStep(StepKind.INTAKE, 1), ScriptStep(StepKind.RELAY, 1)] * 3,
        ScriptStep(StepKind.SEAL_ONE, seed),
        *[ScriptStep(StepKind.RELAY, 1)] * 3,
        ScriptStep(StepKind.FAIL_ALL, seed),
        ScriptStep(StepKind.RELAY, 1, stall),
        ScriptStep(StepKind.FAIL_AGAIN, seed),
        items_per_commit=100,
    )

    noted = trace.index("job: job.first_failure RUNNING")
    again, failed, verdict = trace[noted + 1 : noted + 4]
    assert "retried" in again
    assert "failed" in failed
    assert verdict.startswith("job: job.completed")


def test_the_ending_in_which_an_item_fails_again_is_about_one_job() -> None:
    steps = _failed_again(Random(1))

    about = {StepKind.SEAL_ONE, StepKind.FAIL_ALL, StepKind.FAIL_AGAIN}
    assert len({step.seed for step in steps if step.kind in about}) == 1
    assert steps[-1].kind is StepKind.FAIL_AGAIN
    assert steps[-2].faults[0][1] is CallFault.PAUSE_AT_WRITE
