"""Jobs that wait for their start or are paused, step by step."""

import pytest

from forgeledger.fast_dataclass import replace
from forgeledger.jobs.model.facts import FactKind, event_id
from forgeledger.jobs.model.job_hold import end_pause, job_wake_at, pause, start
from forgeledger.jobs.model.job_lifecycle import (
    cancel,
    create,
    gate_of,
    idle_step,
    next_step,
    reopen,
    seal,
)
from forgeledger.jobs.model.jobs import JobStatus, Tolerance
from forgeledger.jobs.model.lanes import Counts, LaneMode
from tests.support.builders import NOW, make_job, make_spec
from tests.support.job_steps import DONE, advanced, ended

LATER = NOW + 60_000
DAY_MS = 24 * 3_600_000
SOME = Counts(pending=2)


def scheduled_job(**spec):
    return create(make_spec(lanes=2, execute_at=LATER, **spec))[0]


def kinds(step):
    return [fact.kind for fact in step.facts]


def test_a_job_with_a_time_to_come_waits_held_in_all_its_lanes():
    job, heads, created = create(make_spec(execute_at=LATER))

    assert (job.status, job.held, job.started_at) == (JobStatus.SCHEDULED, True, None)
    assert all(head.held for head in heads)
    assert created.status is JobStatus.SCHEDULED


@pytest.mark.parametrize("execute_at", [NOW, NOW - 1_000])
def test_a_job_whose_time_has_come_runs_from_the_beginning(execute_at):
    job, heads, _ = create(make_spec(execute_at=execute_at))

    assert (job.status, job.held, job.started_at) == (JobStatus.RUNNING, False, NOW)
    assert not any(head.held for head in heads)


def test_a_job_starts_at_its_time_and_not_a_millisecond_before():
    job = scheduled_job()

    assert advanced(job, SOME, LATER - 1).facts == ()

    started = advanced(job, SOME, LATER)
    assert kinds(started) == [FactKind.STARTED]
    assert (started.job.status, started.job.held) == (JobStatus.RUNNING, False)
    assert started.job.gate == job.gate + 1


def test_a_deadline_counts_from_the_start():
    job = scheduled_job(deadline_seconds=10)

    assert job.deadline_at is None
    assert advanced(job, SOME, LATER + 20_000).job.deadline_at == LATER + 30_000


@pytest.mark.parametrize("counts", [DONE, Counts(), Counts(failed=3, failings=3)])
def test_a_sealed_job_gets_no_verdict_before_its_start_and_its_verdict_then(counts):
    job = seal(scheduled_job(), counts, NOW).job

    waiting = ended(job, counts, LATER - 1)
    assert waiting.status is JobStatus.SCHEDULED

    assert ended(waiting, counts, LATER).finished


def test_too_many_failures_end_a_scheduled_job_when_it_has_started():
    job = scheduled_job(tolerance=Tolerance(failures=0))
    failed = Counts(pending=1, failed=1, failings=1)

    assert ended(job, failed, NOW).status is JobStatus.SCHEDULED
    assert ended(job, failed, LATER).status is JobStatus.FAILED


def test_a_scheduled_job_that_is_canceled_never_starts():
    job = cancel(scheduled_job(), SOME, NOW).job

    canceled = ended(job, SOME, LATER + 1)

    assert (canceled.status, canceled.held, canceled.started_at) == (
        JobStatus.CANCELED,
        False,
        None,
    )


def test_a_job_canceled_before_its_start_runs_when_it_is_reopened():
    canceled = ended(cancel(scheduled_job(), SOME, NOW).job, SOME, NOW)

    job = reopen(canceled, NOW + 5).job

    assert (job.status, job.held, job.started_at) == (JobStatus.RUNNING, False, NOW + 5)
    assert advanced(job, SOME, LATER).facts == ()


def test_a_pause_holds_the_lanes_and_its_end_lets_them_go():
    paused = pause(make_job(), SOME, NOW)
    resumed = end_pause(paused.job, SOME, NOW + 1)

    assert kinds(paused) == [FactKind.PAUSED]
    assert kinds(resumed) == [FactKind.RESUMED]
    assert [gate_of(step.job).held for step in (paused, resumed)] == [True, False]
    assert [step.job.gate for step in (paused, resumed)] == [1, 2]


def test_each_pause_and_each_end_of_one_is_an_event_of_its_own():
    paused = pause(make_job(), SOME, NOW)
    resumed = end_pause(paused.job, SOME, NOW)
    again = pause(resumed.job, SOME, NOW)

    ids = [event_id("j", step.facts[0]) for step in (paused, resumed, again)]

    assert ids == ["j:1:job.paused:1", "j:1:job.resumed:2", "j:1:job.paused:3"]


def test_a_pause_ends_at_its_time_and_not_a_millisecond_before():
    job = pause(make_job(lanes=2), SOME, NOW, LATER).job

    assert advanced(job, SOME, LATER - 1).facts == ()

    resumed = advanced(job, SOME, LATER)
    assert kinds(resumed) == [FactKind.RESUMED]
    assert (resumed.job.held, resumed.job.paused_until) == (False, None)


def test_another_pause_gives_the_pause_its_end_and_no_other_gate():
    job = pause(make_job(), SOME, NOW, LATER).job

    same = pause(job, SOME, NOW, LATER)
    longer = pause(job, SOME, NOW, LATER + 1)
    endless = pause(job, SOME, NOW)

    assert same.facts == ()
    assert (longer.facts[0].paused_until, endless.facts[0].paused_until) == (LATER + 1, None)
    assert longer.job.gate == endless.job.gate == job.gate


def test_a_paused_job_whose_items_are_finished_completes():
    job = seal(pause(make_job(lanes=2), SOME, NOW).job, SOME, NOW).job

    completed = ended(job, DONE)

    assert (completed.status, completed.held) == (JobStatus.COMPLETED, False)


def test_only_a_job_that_runs_can_be_paused():
    for job in (
        scheduled_job(),
        cancel(make_job(), SOME, NOW).job,
        ended(cancel(make_job(lanes=2), SOME, NOW).job, SOME),
    ):
        assert pause(job, SOME, NOW).facts == ()


def test_what_is_not_held_is_neither_started_nor_resumed():
    job = make_job()

    assert start(job, SOME, NOW).facts == ()
    assert end_pause(job, SOME, NOW).facts == ()


def test_a_closing_ends_the_hold():
    job = cancel(pause(make_job(), SOME, NOW, LATER).job, SOME, NOW).job

    assert (job.held, job.paused_until, job.mode) == (False, None, LaneMode.CLOSED)


def test_a_job_may_be_paused_while_its_items_are_resumed():
    job = replace(make_job(lanes=2), epoch=2, gate=3, resume_gate=3, resumed_epoch=2)

    paused = pause(job, SOME, NOW).job

    assert (paused.resume_gate, paused.gate, paused.held) == (3, 4, True)
    assert kinds(advanced(paused, SOME)) == [FactKind.ITEMS_RESUMED]


@pytest.mark.parametrize("job", [scheduled_job(), pause(make_job(), SOME, NOW).job])
def test_a_held_job_is_never_idle(job):
    assert idle_step(job, SOME, NOW, NOW + 365 * DAY_MS, 7 * DAY_MS).facts == ()


def test_a_job_is_looked_at_when_the_next_of_its_times_has_come():
    running = make_job(deadline_seconds=600)
    paused = pause(running, SOME, NOW, LATER).job

    assert job_wake_at(scheduled_job(deadline_seconds=1)) == LATER
    assert job_wake_at(running) == NOW + 600_000
    assert job_wake_at(paused) == LATER
    assert job_wake_at(pause(make_job(), SOME, NOW).job) is None
    assert job_wake_at(cancel(paused, SOME, NOW).job) is None


@pytest.mark.parametrize(
    "job",
    [
        scheduled_job(),
        make_job(lanes=2, deadline_seconds=600),
        pause(make_job(lanes=2, deadline_seconds=600), SOME, NOW, LATER).job,
    ],
)
def test_at_that_time_there_is_a_step_and_none_before(job):
    wake_at = job_wake_at(job)
    assert wake_at is not None

    assert next_step(job, heads := _heads(job), wake_at - 1).facts == ()
    assert next_step(job, heads, wake_at).facts != ()


def _heads(job):
    return tuple(replace(head, gate=job.gate) for head in create(job.spec)[1])
