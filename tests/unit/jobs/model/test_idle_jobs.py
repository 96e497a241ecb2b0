"""Unsealed jobs to which nothing is committed: announced, and canceled a day later."""

import pytest

from forgeledger.fast_dataclass import replace
from forgeledger.jobs.model.facts import FactKind, event_id
from forgeledger.jobs.model.job_lifecycle import idle_step
from forgeledger.jobs.model.job_step import Step
from forgeledger.jobs.model.jobs import JobStatus
from forgeledger.jobs.model.lanes import Counts, LaneMode
from tests.support.builders import NOW, make_job
from tests.support.job_steps import DONE, ended, sealed_job

DAY_MS = 24 * 3_600 * 1_000
WEEK_MS = 7 * DAY_MS
SOME = Counts(pending=2, completed=1)


def idle(job, after_ms, limit_ms=WEEK_MS, last_commit_at=NOW):
    return idle_step(job, SOME, last_commit_at, NOW + after_ms, limit_ms)


def test_a_day_before_its_end_an_idle_job_is_announced():
    job = make_job()

    assert idle(job, WEEK_MS - DAY_MS - 1) == Step(job=job)

    announced = idle(job, WEEK_MS - DAY_MS)
    (fact,) = announced.facts
    assert (fact.kind, fact.reason, fact.counts) == (FactKind.IDLE, "idle", SOME)
    assert announced.job.idle_at == NOW + WEEK_MS - DAY_MS
    assert announced.checks_counts
    assert announced.checks_offsets


def test_a_day_after_the_announcement_it_is_canceled():
    announced = idle(make_job(), WEEK_MS - DAY_MS).job

    assert idle(announced, WEEK_MS - 1) == Step(job=announced)

    canceled = idle(announced, WEEK_MS)
    assert (canceled.job.ending, canceled.job.ending_reason) == (JobStatus.CANCELED, "idle")
    assert canceled.job.mode is LaneMode.CLOSED
    assert canceled.checks_counts
    assert canceled.checks_offsets


def test_however_late_it_is_noticed_the_announcement_comes_a_day_before():
    announced = idle(make_job(), 100 * DAY_MS)

    assert [fact.kind for fact in announced.facts] == [FactKind.IDLE]
    assert idle(announced.job, 101 * DAY_MS - 1).facts == ()
    assert idle(announced.job, 101 * DAY_MS).job.ending is JobStatus.CANCELED


def test_a_commit_after_the_announcement_starts_the_time_anew_with_an_event_of_its_own():
    first = idle(make_job(), WEEK_MS - DAY_MS)
    commit_at = NOW + WEEK_MS - DAY_MS + 5

    assert idle(first.job, WEEK_MS, last_commit_at=commit_at) == Step(job=first.job)

    second = idle(first.job, 2 * WEEK_MS, last_commit_at=commit_at)
    ids = {event_id(first.job.job_id, step.facts[0]) for step in (first, second)}
    assert len(ids) == 2


@pytest.mark.parametrize("limit_days", [1, 2])
def test_a_short_limit_is_announced_half_of_it_before(limit_days):
    limit = limit_days * DAY_MS

    assert idle(make_job(), limit // 2 - 1, limit).facts == ()
    assert idle(make_job(), limit // 2, limit).facts[0].kind is FactKind.IDLE


@pytest.mark.parametrize("job", [sealed_job(), ended(sealed_job(), DONE)])
def test_a_job_that_is_sealed_or_finished_is_never_idle(job):
    assert idle(job, 9 * WEEK_MS) == Step(job=job)


def test_without_a_limit_no_job_is_idle():
    job = replace(make_job(), idle_at=NOW)

    assert idle(job, 9 * WEEK_MS, limit_ms=0) == Step(job=job)
