"""Every store: the lifecycle of jobs."""

from dataclasses import replace

from forgeledger.jobs.model.commands import FollowGate
from forgeledger.jobs.model.facts import FactKind
from forgeledger.jobs.model.ids import make_job_id
from forgeledger.jobs.model.job_lifecycle import cancel, idle_step, seal, total
from forgeledger.jobs.model.jobs import JobStatus
from forgeledger.jobs.model.lanes import Counts, LaneMode, LaneRules
from forgeledger.jobs.model.progress import Progress, Sample
from forgeledger.jobs.ports import JobChange, LedgerStore
from tests.support.builders import NOW, make_command
from tests.support.lane_steps import apply, create_job, follow, lane_view, loaded, register
from tests.support.stored_jobs import reopened_job, sealed_job, verdict_of

DAY_MS = 24 * 3_600 * 1_000


def test_a_change_of_the_header_comes_with_its_facts(store: LedgerStore, job_id: str) -> None:
    view = sealed_job(store, job_id)
    change = verdict_of(view)

    assert store.commit_job(change)

    after = loaded(store, job_id)
    assert after.job == change.job
    assert after.job.status is JobStatus.COMPLETED
    assert after.heads == view.heads
    kinds = [fact.kind for fact in store.read_facts(job_id, 0, 10)]
    assert kinds == [FactKind.CREATED, FactKind.SEALED, FactKind.COMPLETED]


def test_what_a_change_takes_away_is_gone(store: LedgerStore, job_id: str) -> None:
    view = create_job(store, job_id)
    closing = cancel(view.job, Counts(), NOW + 1)
    assert store.commit_job(JobChange(before=view.job, job=closing.job, facts=closing.facts))
    assert loaded(store, job_id).job == closing.job
    follow(store, closing.job)
    assert store.commit_job(verdict_of(loaded(store, job_id)))
    assert loaded(store, job_id).job.ending is None

    reopened = reopened_job(store, loaded(store, job_id))

    assert reopened.job.finished_at is None
    assert reopened.job.ending_reason is None
    assert reopened.job.epoch == 2


def test_of_two_changes_of_one_header_the_second_is_refused(
    store: LedgerStore, job_id: str
) -> None:
    view = sealed_job(store, job_id)

    assert store.commit_job(verdict_of(view))
    assert not store.commit_job(verdict_of(view))

    assert len(store.read_facts(job_id, 0, 10)) == 3


def test_a_change_of_an_unknown_job_is_refused(store: LedgerStore, job_id: str) -> None:
    view = create_job(store, job_id)
    step = seal(view.job, Counts(), NOW)
    elsewhere = replace(step.job, spec=replace(step.job.spec, job_id=make_job_id(0, 3, 1)))
    before = replace(view.job, spec=elsewhere.spec)

    assert not store.commit_job(JobChange(before=before, job=elsewhere, facts=step.facts))
    assert store.load_job(elsewhere.job_id) is None


def test_a_change_that_needs_silence_is_refused_after_a_commit_without_new_counts(
    store: LedgerStore, job_id: str
) -> None:
    create_job(store, job_id)
    register(store, job_id, ["a"])
    apply(store, job_id, make_command("claim", item_id="a"))
    view = loaded(store, job_id)
    step = idle_step(view.job, total(view.heads), NOW, NOW + DAY_MS, DAY_MS)
    change = JobChange(
        before=view.job,
        job=step.job,
        facts=step.facts,
        heads=view.heads,
        checks_offsets=step.checks_offsets,
    )
    apply(store, job_id, make_command("heartbeat", item_id="a"))
    changed = loaded(store, job_id)
    assert total(changed.heads) == total(view.heads)

    assert not store.commit_job(change)
    assert store.commit_job(replace(change, heads=changed.heads))


def test_a_verdict_does_not_stand_on_counts_that_moved(store: LedgerStore, job_id: str) -> None:
    view = sealed_job(store, job_id)
    verdict = verdict_of(view)
    apply(store, job_id, FollowGate(gate=7, mode=LaneMode.OPEN))
    register(store, job_id, ["b"])

    assert not store.commit_job(verdict)
    assert loaded(store, job_id).job == view.job


def test_a_verdict_does_not_stand_on_a_lane_that_followed_another_gate(
    store: LedgerStore, job_id: str
) -> None:
    view = sealed_job(store, job_id)
    verdict = verdict_of(view)
    apply(store, job_id, FollowGate(gate=7, mode=LaneMode.SEALED))

    assert not store.commit_job(verdict)


def test_a_verdict_stands_on_lanes_where_only_the_journal_grew(
    store: LedgerStore, job_id: str
) -> None:
    verdict = verdict_of(sealed_job(store, job_id))
    apply(store, job_id, make_command("complete", item_id="a", command_id="again"))

    assert store.commit_job(verdict)


def test_a_verdict_rests_on_every_lane(store: LedgerStore, moment: int) -> None:
    job_id = make_job_id(moment, 7, 64)
    view = create_job(store, job_id)
    closing = cancel(view.job, Counts(), NOW)
    assert store.commit_job(JobChange(before=view.job, job=closing.job, facts=closing.facts))
    for lane in range(64):
        follow(store, closing.job, lane)
    verdict = verdict_of(loaded(store, job_id))
    moved = apply(store, job_id, FollowGate(gate=2, mode=LaneMode.CLOSED), lane=63)

    assert not store.commit_job(verdict)

    assert lane_view(store, job_id, lane=63).head == moved.head
    assert store.commit_job(verdict_of(loaded(store, job_id)))


def test_a_job_whose_rows_never_expire_gets_its_verdict(store: LedgerStore, job_id: str) -> None:
    view = create_job(store, job_id, rules=LaneRules(ttl_days=0))
    closing = cancel(view.job, Counts(), NOW)
    assert store.commit_job(JobChange(before=view.job, job=closing.job, facts=closing.facts))
    follow(store, closing.job)

    assert store.commit_job(verdict_of(loaded(store, job_id)))
    assert loaded(store, job_id).job.status is JobStatus.CANCELED


def test_progress_never_goes_backwards(store: LedgerStore, job_id: str) -> None:
    job = create_job(store, job_id).job
    early = Progress(counts=Counts(pending=1), offsets=5, at=NOW)
    late = Progress(
        counts=Counts(completed=1), offsets=9, at=NOW + 1, sample=Sample(at=NOW, worked=1)
    )

    assert store.roll_up(job, early)
    assert store.roll_up(job, late)
    assert store.roll_up(job, late)
    assert not store.roll_up(job, early)

    assert loaded(store, job_id).progress == late


def test_progress_does_not_stand_in_the_way_of_a_verdict(store: LedgerStore, job_id: str) -> None:
    verdict = verdict_of(sealed_job(store, job_id))
    assert store.roll_up(verdict.before, Progress(offsets=3))
    store.mark_published(job_id, 2, done=False)
    store.mark_renewed(job_id, NOW + 1, lost=False)

    assert store.commit_job(verdict)

    view = loaded(store, job_id)
    assert view.progress.offsets == 3
    assert view.published == 2
    assert view.job.renewed_since == NOW + 1


def test_the_mark_of_what_is_published_never_goes_backwards(
    store: LedgerStore, job_id: str
) -> None:
    create_job(store, job_id)

    for published in (1, 3, 2):
        store.mark_published(job_id, published, done=False)

    assert loaded(store, job_id).published == 3
