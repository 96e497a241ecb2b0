"""Commands applied to a lane: in order, in bounded commits, again after a conflict."""

import pytest

from forgeledger.errors import JobNotFound, StorageBusy
from forgeledger.jobs.model import lane_decision
from forgeledger.jobs.model.commands import CommandKind
from forgeledger.jobs.model.jobs import JobStatus
from forgeledger.jobs.model.lanes import LaneMode
from forgeledger.jobs.model.outcomes import OutcomeKind, Reason
from forgeledger.jobs.usecases.apply_commands import LaneWriter
from tests.support.builders import make_command
from tests.support.ledgers import Ledger


def test_a_job_that_does_not_exist_is_named(ledger: Ledger) -> None:
    with pytest.raises(JobNotFound) as raised:
        ledger.lane_writer.apply("01KAJXPF80000APN59HKNHY2PJ-1", 0, [make_command("claim")])

    assert raised.value.job_id == "01KAJXPF80000APN59HKNHY2PJ-1"


def test_commands_of_a_batch_see_what_the_ones_before_them_did(ledger: Ledger) -> None:
    job_id = ledger.job(lanes=1)
    commands = [make_command(kind) for kind in ("register", "claim", "complete")]

    applied = ledger.lane_writer.apply(job_id, 0, commands)

    assert [outcome.kind for outcome in applied.outcomes] == [OutcomeKind.APPLIED] * 3
    assert ledger.view(job_id).heads[0].counts.completed == 1
    assert len(ledger.store.read_journal(job_id, 0, 0, 10)) == 1


def test_more_items_than_a_commit_takes_go_into_several(ledger: Ledger) -> None:
    job_id = ledger.job(lanes=1)
    commands = [make_command("register", item_id=f"i{n}", command_id=f"c{n}") for n in range(250)]

    applied = ledger.lane_writer.apply(job_id, 0, commands)

    rows = ledger.store.read_journal(job_id, 0, 0, 10)
    assert [len(row.entries) for row in rows] == [96, 96, 58]
    assert len(applied.outcomes) == 250
    assert ledger.view(job_id).heads[0].counts.pending == 250


def test_a_lane_that_moved_is_read_and_decided_again(ledger: Ledger) -> None:
    job_id = ledger.job(lanes=1)
    racing = RacingStore(ledger, times=3)

    applied = LaneWriter(racing, ledger.runtime).apply(job_id, 0, [make_command("register")])

    assert applied.conflicts == 3
    assert applied.outcomes[0].kind is OutcomeKind.APPLIED
    assert ledger.view(job_id).heads[0].counts.pending == 4
    assert ledger.pauses == sorted(ledger.pauses)
    assert len(ledger.pauses) == 3


def test_a_lane_that_never_stands_still_is_busy_and_not_wrong(ledger: Ledger) -> None:
    job_id = ledger.job(lanes=1)
    racing = RacingStore(ledger, times=1_000)

    with pytest.raises(StorageBusy):
        LaneWriter(racing, ledger.runtime).apply(job_id, 0, [make_command("register")])

    assert ledger.view(job_id).heads[0].counts.pending == 10


def test_only_what_was_not_committed_is_decided_again(ledger: Ledger) -> None:
    job_id = ledger.job(lanes=1)
    large = "x" * 32_000
    commands = [
        make_command("register", item_id=f"i{n}", command_id=f"c{n}", payload=f'"{large}"')
        for n in range(20)
    ]
    racing = RacingStore(ledger, times=1, after_commits=1)

    applied = LaneWriter(racing, ledger.runtime).apply(job_id, 0, commands)

    assert [outcome.kind for outcome in applied.outcomes] == [OutcomeKind.APPLIED] * 20
    assert ledger.view(job_id).heads[0].counts.pending == 21


def test_a_retry_in_a_finished_job_reopens_it_in_the_same_commit(ledger: Ledger) -> None:
    job_id = ledger.job()
    ledger.do(job_id, "register", "a", "b")
    ledger.do(job_id, "complete", "a")
    ledger.do(job_id, "fail", "b")
    ledger.lifecycle.seal(job_id)
    assert ledger.view(job_id).job.status is JobStatus.COMPLETED_WITH_FAILURES

    (outcome,) = ledger.do(job_id, "retry", "b")

    job = ledger.view(job_id).job
    assert outcome.kind is OutcomeKind.APPLIED
    assert (job.status, job.epoch, job.mode) == (JobStatus.RUNNING, 2, LaneMode.SEALED)


def test_a_retry_reopens_its_job_also_where_others_before_it_fill_a_commit(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = ledger.job(lanes=1)
    ledger.do(job_id, "register", "a", "b")
    ledger.do(job_id, "complete", "a")
    ledger.do(job_id, "fail", "b")
    ledger.lifecycle.seal(job_id)
    monkeypatch.setattr(lane_decision, "ITEMS_PER_COMMIT", 1)
    retries = [make_command("retry", item_id=name, command_id=f"again {name}") for name in "ab"]

    steps = ledger.lane_writer.steps(job_id, 0, retries, lambda: True)

    (refused,) = next(steps).outcomes
    assert refused.reason is Reason.NOT_FAILED
    assert ledger.view(job_id).job.status is JobStatus.COMPLETED_WITH_FAILURES
    (retried,) = next(steps).outcomes
    assert retried.kind is OutcomeKind.APPLIED
    assert ledger.view(job_id).job.epoch == 2
    assert next(steps, None) is None
    assert ledger.pauses == []


def test_a_retry_that_changes_nothing_leaves_a_finished_job_finished(ledger: Ledger) -> None:
    job_id = ledger.job()
    ledger.do(job_id, "register", "a")
    ledger.do(job_id, "complete", "a")
    ledger.lifecycle.seal(job_id)

    (outcome,) = ledger.do(job_id, "retry", "a")

    assert outcome.reason is Reason.NOT_FAILED
    assert ledger.view(job_id).job.status is JobStatus.COMPLETED


def test_a_retry_in_a_canceled_job_is_refused(ledger: Ledger) -> None:
    job_id = ledger.job()
    ledger.do(job_id, "register", "a", "b")
    ledger.do(job_id, "fail", "a")
    ledger.lifecycle.cancel(job_id)

    (outcome,) = ledger.do(job_id, "retry", "a")

    assert outcome.reason is Reason.JOB_CANCELED
    assert ledger.view(job_id).job.status is JobStatus.CANCELED


def test_a_retry_after_the_rows_may_have_expired_is_refused(ledger: Ledger) -> None:
    job_id = ledger.job()
    ledger.do(job_id, "register", "a")
    ledger.do(job_id, "fail", "a")
    ledger.lifecycle.seal(job_id)
    ledger.now += 30 * 24 * 3_600 * 1_000

    (outcome,) = ledger.do(job_id, "retry", "a")

    assert outcome.reason is Reason.RETENTION_OVER
    assert ledger.view(job_id).job.epoch == 1


def test_a_reopened_job_completes_again_in_its_new_epoch(ledger: Ledger) -> None:
    job_id = ledger.job(lanes=3)
    ledger.do(job_id, "register", "a", "b", "c", "d")
    ledger.do(job_id, "complete", "a", "b", "c")
    ledger.do(job_id, "fail", "d")
    ledger.lifecycle.seal(job_id)

    ledger.do(job_id, "retry", "d")
    ledger.do(job_id, "complete", "d")
    ledger.advancer.advance(job_id)

    job = ledger.view(job_id).job
    assert (job.status, job.epoch) == (JobStatus.COMPLETED, 2)


class RacingStore:
    """The store, with another writer that commits to the lane just before we do."""

    def __init__(self, ledger: Ledger, times: int, after_commits: int = 0) -> None:
        self._ledger = ledger
        self._times = times
        self._commits_before = after_commits
        self._races = 0

    def __getattr__(self, name: str) -> object:
        return getattr(self._ledger.store, name)

    def commit_lane(self, commit: object, *args: object, **kwargs: object) -> bool:
        if self._commits_before:
            self._commits_before -= 1
        elif self._times:
            self._times -= 1
            self._races += 1
            other = make_command(
                CommandKind.REGISTER, item_id=f"other-{self._races}", command_id=f"o{self._races}"
            )
            head = commit.before
            self._ledger.lane_writer.apply(head.job_id, head.lane, [other])
        return self._ledger.store.commit_lane(commit, *args, **kwargs)
