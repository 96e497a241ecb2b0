"""Extending the TTL of a long-running job's rows, in passes that resume where they stopped."""

from dataclasses import replace

import pytest

from forgeledger.errors import RetentionNotExtended, RowsExpired, StorageError
from forgeledger.jobs.model.lanes import LaneRules
from forgeledger.jobs.model.retention import RetentionCheckpoint
from forgeledger.jobs.usecases.extend_retention import RetentionPass
from forgeledger.journal.model.log_row import Renewed
from tests.support.builders import NOW
from tests.support.ledgers import Ledger, retention_extender
from tests.support.time_left import always, looks

HOUR_MS = 3_600 * 1_000
DAY_MS = 24 * HOUR_MS
ONE_DAY = LaneRules(ttl_days=1)


def items_of(ledger: Ledger, job_id: str) -> int:
    return len(ledger.store.list_items(job_id, 0, None, 10_000).items)


def test_a_job_that_runs_for_a_month_keeps_rows_that_last_a_day(ledger: Ledger) -> None:
    job_id = ledger.job(lanes=1, rules=ONE_DAY)
    ledger.fill(job_id, 1_000)

    for _ in range(30 * 24):
        ledger.now += HOUR_MS
        ledger.scheduled_round.run(always, always)
        ledger.store.delete_expired(ledger.now)

    assert items_of(ledger, job_id) == 1_000
    assert ledger.store.read_journal(job_id, 0, 0, 1)[0].offset == 0


def test_without_rounds_the_rows_are_gone(ledger: Ledger) -> None:
    job_id = ledger.job(lanes=1, rules=ONE_DAY)
    ledger.fill(job_id, 10)
    ledger.now += DAY_MS

    ledger.store.delete_expired(ledger.now)

    assert items_of(ledger, job_id) == 0
    assert ledger.store.read_journal(job_id, 0, 0, 1) == ()


def test_the_retention_of_a_finished_job_is_not_extended(ledger: Ledger) -> None:
    job_id = ledger.job(lanes=1, rules=ONE_DAY)
    ledger.fill(job_id, 1)
    ledger.lifecycle.cancel(job_id)
    ledger.now += DAY_MS

    ledger.scheduled_round.run(always, always)
    ledger.store.delete_expired(ledger.now)

    assert items_of(ledger, job_id) == 0


def test_a_jobs_retention_is_extended_from_half_of_its_days_on(ledger: Ledger) -> None:
    job_id = ledger.job()
    ledger.now += 15 * DAY_MS - 1
    ledger.scheduled_round.run(always, always)
    early = ledger.view(job_id).job.renewed_since
    ledger.now += 1

    ledger.scheduled_round.run(always, always)

    assert (early, ledger.view(job_id).job.renewed_since) == (NOW, NOW + 15 * DAY_MS)


def test_a_round_without_time_resumes_after_the_job_that_it_extended_last(ledger: Ledger) -> None:
    jobs = sorted(ledger.job() for _ in range(3))
    ledger.now += 15 * DAY_MS

    # The clock is read once for each job, and once for each of its two lanes.
    first = ledger.retention_extender.extend_all(looks(3))
    extended = [ledger.view(job_id).job.renewed_since > NOW for job_id in jobs]
    end = ledger.retention_extender.extend_all(always, first.checkpoint)

    assert first == RetentionPass(
        failed=(), complete=False, checkpoint=RetentionCheckpoint(job_id=jobs[0]).to_row()
    )
    assert extended == [True, False, False]
    assert end == RetentionPass(failed=(), complete=True)
    assert all(ledger.view(job_id).job.renewed_since > NOW for job_id in jobs)


def test_without_any_time_keeping_is_still_to_begin(ledger: Ledger) -> None:
    ledger.job()

    _, complete = ledger.scheduled_round.run(always, looks(0))

    not_begun = RetentionPass(failed=(), complete=False)
    assert ledger.retention_extender.extend_all(looks(0)) == not_begun
    assert not complete


def test_a_job_that_finished_while_its_retention_was_extended_is_left(ledger: Ledger) -> None:
    first, second = sorted([ledger.job(lanes=1), ledger.job(lanes=1)])
    ledger.fill(first, 500)
    ledger.now += 15 * DAY_MS
    begun = ledger.retention_extender.extend_all(looks(2))
    ledger.lifecycle.cancel(first)

    end = ledger.retention_extender.extend_all(always, begun.checkpoint)

    assert (begun.complete, begun.checkpoint["job_id"], end.complete) == (False, first, True)
    assert ledger.view(first).job.renewed_since == NOW
    assert ledger.view(second).job.renewed_since > NOW


def test_rows_whose_retention_was_extended_too_late_are_never_counted(ledger: Ledger) -> None:
    job_id = ledger.job(lanes=1, rules=ONE_DAY)
    ledger.fill(job_id, 10)
    ledger.lifecycle.seal(job_id)
    ledger.now += 25 * HOUR_MS
    ledger.store.delete_expired(ledger.now)

    for _ in range(3):
        ledger.scheduled_round.run(always, always)

    with pytest.raises(RowsExpired):
        ledger.reconciler.recount(job_id, always)
    view = ledger.view(job_id)
    assert view.heads[0].counts.total == 10
    assert view.job.retention_late(ledger.now)
    assert view.job.retention_over(ledger.now)


def test_a_pass_that_itself_takes_too_long_is_too_late(ledger: Ledger) -> None:
    job_id = ledger.job(lanes=1, rules=ONE_DAY)
    ledger.fill(job_id, 10)
    ledger.now += DAY_MS // 2

    def slow() -> bool:
        ledger.now += DAY_MS // 2
        return True

    ledger.retention_extender.extend(ledger.view(job_id).job, slow)

    assert ledger.view(job_id).job.rows_lost


def test_rows_that_cannot_be_renewed_do_not_cost_other_lanes_theirs(ledger: Ledger) -> None:
    job_id = ledger.job(lanes=3, rules=ONE_DAY)
    ledger.do(job_id, "register", *(f"i{n}" for n in range(900)))
    in_lanes = [len(ledger.store.list_items(job_id, lane, None, 999).items) for lane in range(3)]
    failing_round = replace(
        ledger.scheduled_round,
        retention_extender=retention_extender(UnrenewablePage(ledger), ledger.runtime),
    )

    for _ in range(24):
        ledger.now += HOUR_MS
        done, complete = failing_round.run(always, always)
        ledger.store.delete_expired(ledger.now)

    left = [len(ledger.store.list_items(job_id, lane, None, 999).items) for lane in range(3)]
    assert left == [100, *in_lanes[1:]]
    assert complete
    assert done[-1].error is not None
    assert ledger.view(job_id).job.renewed_since == NOW


def test_a_failure_before_the_checkpoint_is_remembered_after_it(ledger: Ledger) -> None:
    job_id = ledger.job(lanes=1, rules=ONE_DAY)
    ledger.fill(job_id, 400)
    ledger.now += DAY_MS // 2
    extender = retention_extender(UnrenewablePage(ledger, only_once=True), ledger.runtime)

    first = extender.extend_all(looks(4))
    second = extender.extend_all(always, first.checkpoint)
    third = extender.extend_all(always)

    assert (first.failed, first.complete) == ((), False)
    [(failed_id, error)] = second.failed
    assert (failed_id, type(error)) == (job_id, RetentionNotExtended)
    assert (third.failed, third.complete) == ((), True)
    assert ledger.view(job_id).job.renewed_since > NOW


def test_a_checkpoint_of_an_earlier_pass_is_not_used_by_a_later_one(ledger: Ledger) -> None:
    job_id = ledger.job(lanes=1, rules=ONE_DAY)
    ledger.fill(job_id, 1_000)
    ledger.now += DAY_MS // 2
    old = ledger.retention_extender.extend_all(looks(5))
    ledger.retention_extender.extend_all(always)
    ledger.now += DAY_MS // 2

    ledger.retention_extender.extend_all(always, old.checkpoint)
    ledger.now += DAY_MS // 4
    ledger.scheduled_round.run(always, always)
    ledger.now += DAY_MS // 4 + 1
    ledger.store.delete_expired(ledger.now)

    assert old.checkpoint["lanes"]
    assert items_of(ledger, job_id) == 1_000


class UnrenewablePage:
    """The store, with a lane whose second page of rows cannot be renewed."""

    def __init__(self, ledger: Ledger, *, only_once: bool = False) -> None:
        self._ledger, self._only_once, self._refusals = ledger, only_once, 0

    def __getattr__(self, name: str) -> object:
        return getattr(self._ledger.store, name)

    def renew(self, job_id: str, lane: int, after: str | None, *rest: object) -> Renewed:
        if lane != 0 or after is None or (self._only_once and self._refusals):
            return self._ledger.store.renew(job_id, lane, after, *rest)
        self._refusals += 1
        if self._only_once:
            renewed = self._ledger.store.renew(job_id, lane, after, *rest)
            return replace(renewed, error=StorageError("one row"))
        raise StorageError("the page")
