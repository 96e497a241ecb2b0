"""Seal, cancel and reopen jobs; verdicts by tolerance and deadline; automatic sealing."""

import pytest

from forgeledger.errors import JobNotFound, StorageBusy
from forgeledger.jobs.model.ids import make_job_id
from forgeledger.jobs.model.job_lifecycle import cancel, total
from forgeledger.jobs.model.jobs import JobStatus, Tolerance
from forgeledger.jobs.model.lanes import LaneMode
from forgeledger.jobs.model.outcomes import OutcomeKind, Reason
from forgeledger.jobs.ports import JobChange, JobView
from forgeledger.jobs.usecases.advance_job import JobAdvancer
from forgeledger.jobs.usecases.change_job import JobLifecycle
from tests.support.builders import NOW
from tests.support.ledgers import Ledger
from tests.support.memory_store import MemoryStore

UNKNOWN = make_job_id(NOW, 99, 2)


def test_sealing_an_empty_job_completes_it_at_once(ledger: Ledger) -> None:
    job_id = ledger.job(lanes=4)

    result = ledger.lifecycle.seal(job_id)

    assert result.outcome is OutcomeKind.APPLIED
    assert result.view.job.status is JobStatus.COMPLETED


def test_a_sealed_job_takes_no_more_items(ledger: Ledger) -> None:
    job_id = ledger.job()
    ledger.do(job_id, "register", "a")

    ledger.lifecycle.seal(job_id)

    assert ledger.do(job_id, "register", "b")[0].reason is Reason.JOB_SEALED
    assert {head.mode for head in ledger.view(job_id).heads} == {LaneMode.SEALED}


@pytest.mark.parametrize("change", ["seal", "cancel"])
def test_asking_twice_is_a_duplicate(ledger: Ledger, change: str) -> None:
    job_id = ledger.job()
    ledger.do(job_id, "register", "a")

    first, second = (
        getattr(ledger.lifecycle, change)(job_id),
        getattr(ledger.lifecycle, change)(job_id),
    )

    assert (first.outcome, second.outcome) == (OutcomeKind.APPLIED, OutcomeKind.DUPLICATE)
    assert first.view.job == second.view.job


@pytest.mark.parametrize("change", ["seal", "cancel", "reopen"])
def test_an_unknown_job_is_named(ledger: Ledger, change: str) -> None:
    with pytest.raises(JobNotFound):
        getattr(ledger.lifecycle, change)(UNKNOWN)


def test_canceling_counts_the_unfinished_items_without_touching_them(ledger: Ledger) -> None:
    job_id = ledger.job(lanes=3)
    ledger.do(job_id, "register", "a", "b", "c", "d")
    ledger.do(job_id, "complete", "a")
    ledger.do(job_id, "claim", "b")

    result = ledger.lifecycle.cancel(job_id)

    assert result.view.job.status is JobStatus.CANCELED
    assert (
        result.view.job.counts_at_verdict.canceled,
        result.view.job.counts_at_verdict.completed,
    ) == (3, 1)
    assert ledger.do(job_id, "complete", "b")[0].reason is Reason.ALREADY_CANCELED


def test_a_completed_job_is_not_canceled(ledger: Ledger) -> None:
    job_id = ledger.job()
    ledger.lifecycle.seal(job_id)

    result = ledger.lifecycle.cancel(job_id)

    assert (result.outcome, result.reason) == (OutcomeKind.REJECTED, Reason.JOB_FINISHED)
    assert result.view.job.status is JobStatus.COMPLETED


def test_a_reopened_job_takes_items_until_it_is_sealed_again(ledger: Ledger) -> None:
    job_id = ledger.job()
    ledger.lifecycle.seal(job_id)

    ledger.lifecycle.reopen(job_id)
    ledger.do(job_id, "register", "late")
    ledger.lifecycle.seal(job_id)
    ledger.do(job_id, "complete", "late")
    ledger.advancer.advance(job_id)

    job = ledger.view(job_id).job
    assert (job.status, job.epoch, job.counts_at_verdict.completed) == (JobStatus.COMPLETED, 2, 1)


def test_a_canceled_job_is_reopened_and_its_canceled_items_stay_canceled(ledger: Ledger) -> None:
    job_id = ledger.job()
    ledger.do(job_id, "register", "a", "b")
    ledger.lifecycle.cancel(job_id)

    ledger.lifecycle.reopen(job_id)
    ledger.do(job_id, "register", "new")
    refused = ledger.do(job_id, "claim", "a")[0]
    ledger.do(job_id, "complete", "new")
    ledger.lifecycle.seal(job_id)

    job = ledger.view(job_id).job
    assert refused.reason is Reason.ALREADY_CANCELED
    assert (job.counts_at_verdict.canceled, job.counts_at_verdict.completed) == (2, 1)
    assert job.status is JobStatus.COMPLETED_WITH_FAILURES


def test_reopening_a_running_job_is_a_duplicate(ledger: Ledger) -> None:
    job_id = ledger.job()

    assert ledger.lifecycle.reopen(job_id).outcome is OutcomeKind.DUPLICATE


def test_canceling_again_while_the_job_is_ending_is_a_duplicate(ledger: Ledger) -> None:
    job_id = ending(ledger)

    result = ledger.lifecycle.cancel(job_id)

    assert (result.outcome, result.reason) == (OutcomeKind.DUPLICATE, None)
    assert result.view.job.status is JobStatus.CANCELED


def test_a_job_that_is_ending_ends_before_it_is_reopened(ledger: Ledger) -> None:
    job_id = ending(ledger)

    result = ledger.lifecycle.reopen(job_id)

    job = result.view.job
    assert (result.outcome, job.status, job.epoch) == (OutcomeKind.APPLIED, JobStatus.RUNNING, 2)
    assert job.counts_at_verdict.canceled == 1


def test_a_job_whose_rows_may_have_expired_is_not_reopened(ledger: Ledger) -> None:
    job_id = ledger.job()
    ledger.lifecycle.seal(job_id)
    ledger.now += 30 * 24 * 3_600 * 1_000

    result = ledger.lifecycle.reopen(job_id)

    assert (result.outcome, result.reason) == (OutcomeKind.REJECTED, Reason.RETENTION_OVER)


def test_too_many_failures_fail_the_job_and_cancel_the_rest(ledger: Ledger) -> None:
    job_id = ledger.job(tolerance=Tolerance(failures=1))
    ledger.do(job_id, "register", "a", "b", "c")
    ledger.do(job_id, "fail", "a", "b")

    ledger.advancer.advance(job_id)

    job = ledger.view(job_id).job
    assert (job.status, job.ending_reason) == (JobStatus.FAILED, "tolerance")
    assert (job.counts_at_verdict.failed, job.counts_at_verdict.canceled) == (2, 1)


def test_a_job_past_its_deadline_fails_when_it_is_looked_at(ledger: Ledger) -> None:
    job_id = ledger.job(deadline_seconds=60)
    ledger.do(job_id, "register", "a")
    ledger.now += 60_000

    ledger.advancer.advance(job_id)

    job = ledger.view(job_id).job
    assert (job.status, job.ending_reason) == (JobStatus.FAILED, "deadline")


def test_a_job_seals_itself_when_the_expected_items_are_known(ledger: Ledger) -> None:
    job_id = ledger.job(expected_items=2)
    ledger.do(job_id, "register", "a", "b")
    ledger.do(job_id, "complete", "a", "b")

    ledger.advancer.advance(job_id)

    job = ledger.view(job_id).job
    assert (job.status, job.sealed_at) == (JobStatus.COMPLETED, ledger.now)


def test_a_header_that_others_change_all_the_time_is_busy(ledger: Ledger) -> None:
    job_id = ledger.job()
    store = ConflictingStore(ledger.store)
    lifecycle = JobLifecycle(
        store, JobAdvancer(store, ledger.lane_writer, ledger.runtime), ledger.runtime
    )

    with pytest.raises(StorageBusy):
        lifecycle.seal(job_id)

    assert ledger.view(job_id).job.mode is LaneMode.OPEN
    assert len(ledger.pauses) == 10


def test_a_verdict_that_never_holds_is_busy(ledger: Ledger) -> None:
    job_id = ledger.job(expected_items=0)
    store = ConflictingStore(ledger.store)

    with pytest.raises(StorageBusy):
        JobAdvancer(store, ledger.lane_writer, ledger.runtime).advance(job_id)


def ending(ledger: Ledger) -> str:
    """A job with one item, whose cancel has changed the header but no lane yet."""
    job_id = ledger.job()
    ledger.do(job_id, "register", "a")
    view = ledger.view(job_id)
    step = cancel(view.job, total(view.heads), ledger.now)
    assert ledger.store.commit_job(JobChange(before=view.job, job=step.job, facts=step.facts))
    return job_id


class ConflictingStore:
    """The store, whose headers change between each read and commit."""

    def __init__(self, store: object) -> None:
        self._store = store

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    def commit_job(self, change: object) -> bool:
        del change
        return False


def test_a_verdict_is_not_read_back_after_it_was_written(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = ledger.job()
    ledger.do(job_id, "register", "a")
    ledger.lifecycle.seal(job_id)
    ledger.do(job_id, "complete", "a")
    reads: list[str] = []
    load_job = MemoryStore.load_job

    def counted(self: MemoryStore, job_id: str) -> JobView | None:
        reads.append(job_id)
        return load_job(self, job_id)

    monkeypatch.setattr(MemoryStore, "load_job", counted)
    advanced = ledger.advancer.advance(job_id)

    assert len(reads) == 1
    assert advanced is not None
    assert advanced.view.job.status is JobStatus.COMPLETED
    assert advanced.view.job == ledger.view(job_id).job
