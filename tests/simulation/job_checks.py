"""Invariants of a job at each commit: its facts, verdicts, epochs and progress."""

from dataclasses import dataclass, field
from functools import lru_cache

from forgeledger.jobs.model.events import Event
from forgeledger.jobs.model.facts import Fact, FactKind
from forgeledger.jobs.model.jobs import Job
from forgeledger.jobs.model.lanes import Counts
from forgeledger.jobs.model.progress import Progress
from forgeledger.jobs.ports import JobView
from forgeledger.jobs.storage.job_rows import decode_fact, decode_header
from tests.simulation.coverage import CoveragePoint
from tests.simulation.end_checks import (
    CLOCK_SKEW_MS,
    DAY_MS,
    ONCE_PER_EPOCH,
    STATUSES,
    VERDICTS,
    check_closing,
    check_verdict,
    rows_expire_at,
    seals_automatically,
)
from tests.simulation.expressions import Row
from tests.simulation.header_checks import created_job, had_counts, job_after, lifecycle_of
from tests.simulation.hold_checks import check_hold, waits_for_start
from tests.simulation.idle_checks import check_idle_facts
from tests.simulation.lane_checks import LaneChecks, ReplayedLane, Violation, by_state
from tests.simulation.progress_checks import check_open_mark, check_published, rolled_up
from tests.simulation.request_checks import RequestLog
from tests.simulation.resume_checks import check_resume
from tests.simulation.retry_checks import check_retry
from tests.simulation.table import RowChange
from tests.simulation.world import SimulatedWorld

# Attributes of a header that may change without a fact.
_MARKERS = frozenset({"published", "open"})


@dataclass(slots=True)
class ObservedJob:
    job: Job
    facts: list[Fact] = field(default_factory=list)
    view: JobView | None = None
    progress: Progress = field(default_factory=Progress)
    # When something was last committed to a lane.
    committed_at: int = 0
    offsets: int = 0
    # The job after each of its facts.
    versions: list[Job] = field(default_factory=list)
    # The counts of its lane after each commit, if it has only one lane.
    lane_counts: list[Counts] = field(default_factory=lambda: [Counts()])


@dataclass(slots=True)
class JobChecks:
    request_log: RequestLog
    world: SimulatedWorld
    lanes: LaneChecks
    by_pk: dict[str, ObservedJob] = field(default_factory=dict)

    def committed(self, pk: str, changes: list[RowChange], *, retried: bool) -> None:
        """Check one commit's changes of a job's header and facts.

        `retried`: the same commit retries an item.
        """
        header, new_facts = self._split_changes(pk, changes)
        self._check_progress(pk, changes)
        if header is None:
            if new_facts:
                raise Violation(f"{pk}: facts without a change of the header")
            return
        assert header.new is not None
        observed = self.by_pk.get(pk)
        view = _read(header.old, header.new, observed)
        if observed is None:
            observed = self.by_pk[pk] = ObservedJob(view.job)
            self._check_creation(pk, observed, new_facts)
        elif not new_facts and lifecycle_of(view.job) != lifecycle_of(observed.job):
            raise Violation(f"{pk}: the job changed without a fact")
        before = observed.job
        for number, fact in enumerate(new_facts, len(observed.facts)):
            if fact.number != number:
                raise Violation(f"{pk}: facts {new_facts} after {len(observed.facts)}")
        observed.facts += new_facts
        if view.job.facts != len(observed.facts):
            raise Violation(f"{pk}: counts {view.job.facts} facts of {len(observed.facts)}")
        for fact in new_facts:
            self._check_fact(pk, observed, before, view.job, fact)
        self._check_header(pk, observed, view.job, new_facts, retried=retried)
        published = 0 if observed.view is None else observed.view.published
        check_published(pk, published, observed.facts, view, self.world.bus.texts)
        check_open_mark(pk, header.old, header.new, view)
        observed.job, observed.view = view.job, view
        if new_facts:
            self.request_log.fact_counts[view.job.job_id] = len(observed.facts)

    def _check_progress(self, pk: str, changes: list[RowChange]) -> None:
        for change in changes:
            if change.sk == "PROGRESS" and pk in self.by_pk:
                observed = self.by_pk[pk]
                total, lanes = self.total(observed.job), self.lanes_of(observed.job)
                observed.progress = rolled_up(pk, observed.progress, change, total, lanes)

    def _check_creation(self, pk: str, observed: ObservedJob, facts: list[Fact]) -> None:
        job = observed.job
        for lane in self.lanes_of(job):
            if lane.head.held is not waits_for_start(job.spec):
                raise Violation(f"{pk}: {lane.head} of {job.spec}")
            if lane.head.rules != job.spec.rules:
                raise Violation(f"{pk}: {lane.head} does not have the rules of {job.spec}")
            if job.spec.lanes == 1:
                observed.lane_counts = [lane.head.counts]
        self.world.coverage[CoveragePoint.CREATED_SEALED] += len(facts) > 1

    def check_retry(self, pk: str, event: Event) -> None:
        check_retry(pk, event, self.by_pk[pk.rpartition("#")[0]].job, self.world.now)

    def lane_changed(self, pk: str) -> None:
        """The counts of a finished job must not change."""
        job_pk = pk.rpartition("#")[0]
        observed = self.by_pk.get(job_pk)
        if observed is None:
            return
        offsets = self._offsets(observed.job)
        # Renewing the TTL of rows is no commit.
        if offsets != observed.offsets:
            observed.offsets, observed.committed_at = offsets, self.world.now
        if observed.job.spec.lanes == 1:
            observed.lane_counts.append(self.lanes.by_pk[pk].head.counts)
        if not observed.job.finished:
            return
        if self.total(observed.job) != by_state(observed.job.counts_at_verdict):
            raise Violation(
                f"{pk}: a finished job's counts changed from {observed.job.counts_at_verdict}"
            )

    def lanes_of(self, job: Job) -> list[ReplayedLane]:
        spec, by_pk = job.spec, self.lanes.by_pk
        return [by_pk[pk] for pk in _lane_pks(spec.job_id, spec.lanes)]

    def _offsets(self, job: Job) -> int:
        return sum(lane.head.offset for lane in self.lanes_of(job))

    def total(self, job: Job) -> dict[str, int]:
        counts = [by_state(lane.head.counts) for lane in self.lanes_of(job)]
        if len(counts) == 1:
            return counts[0]
        return {state: sum(count[state] for count in counts) for state in counts[0]}

    def _split_changes(
        self, pk: str, changes: list[RowChange]
    ) -> tuple[RowChange | None, list[Fact]]:
        """The header's change, if any, and the new facts."""
        header: RowChange | None = None
        facts: list[Fact] = []
        for change in changes:
            if change.new is None:
                raise Violation(f"{pk} {change.sk} was deleted")
            if change.sk == "JOB":
                header = change
            elif change.sk == "PROGRESS":
                continue
            elif change.old is None:
                facts.append(decode_fact(change.new))
            elif {**change.old, "ttl": None} != {**change.new, "ttl": None}:
                raise Violation(f"{pk} {change.sk}: a fact was overwritten")
        return header, facts

    def _check_fact(
        self, pk: str, observed: ObservedJob, before: Job, after: Job, fact: Fact
    ) -> None:
        where = f"{pk} fact {fact.number} {fact.kind} of epoch {fact.epoch}"
        epoch_facts = [
            other for other in observed.facts if other.epoch == fact.epoch and other is not fact
        ]
        if fact.kind in ONCE_PER_EPOCH and any(other.kind is fact.kind for other in epoch_facts):
            raise Violation(f"{where}: a second one")
        if fact.kind is not FactKind.REOPENED and fact.epoch != before.epoch:
            raise Violation(f"{where}: in epoch {before.epoch}")
        if fact.at > self.world.now + CLOCK_SKEW_MS or any(
            other.at > fact.at + CLOCK_SKEW_MS for other in epoch_facts
        ):
            raise Violation(f"{where}: at {fact.at}, after {epoch_facts}")
        check_resume(where, before, fact, self.lanes_of(after))
        check_hold(where, before, fact, self.request_log, self.world.now)
        check_idle_facts(
            where,
            before,
            observed.facts,
            fact,
            committed_at=max(observed.committed_at, before.opened_at),
            limit_ms=self.world.rules.maximum_idle_days * DAY_MS,
        )
        if fact.kind is FactKind.CLOSING:
            check_closing(where, before, observed.facts, fact, self.world.now)
        elif fact.kind in VERDICTS:
            self._check_verdict(where, before, after, fact, epoch_facts)
        elif fact.kind is FactKind.SEALED:
            automatic = seals_automatically(before, sum(self.total(after).values()))
            if after.job_id not in self.request_log.seals and not automatic:
                raise Violation(f"{where}: without a request")
        elif fact.kind is FactKind.FIRST_FAILURE:
            failings = sum(lane.head.counts.failings for lane in self.lanes_of(after))
            if failings <= before.counts_at_verdict.failings:
                raise Violation(f"{where}: no item failed")

    def _check_reopening(self, pk: str, before: Job, after: Job, *, retried: bool) -> None:
        if before.key_moved is not None:
            raise Violation(f"{pk}: runs again without its key")
        if not before.finished or after.epoch != before.epoch + 1:
            raise Violation(f"{pk}: reopened from {before.status} epoch {before.epoch}")
        if self.world.now > rows_expire_at(before) - DAY_MS + CLOCK_SKEW_MS:
            raise Violation(f"{pk}: reopened although its rows are about to expire")
        if before.status == "CANCELED" and after.mode != "open":
            raise Violation(f"{pk}: a canceled job was reopened by a retry")
        if (after.mode != "open" and not after.resume_gate) is not retried:
            raise Violation(f"{pk}: reopened as {after.mode}, by a retry: {retried}")
        requests = self.request_log.resumes if after.resume_gate else self.request_log.reopens
        if not retried and not requests.get(after.job_id):
            raise Violation(f"{pk}: reopened without a request")

    def _check_header(
        self, pk: str, observed: ObservedJob, job: Job, new_facts: list[Fact], *, retried: bool
    ) -> None:
        versions = observed.versions
        for fact in new_facts:
            if fact.kind is FactKind.REOPENED:
                self._check_reopening(pk, observed.job, job, retried=retried)
            if job.spec.lanes == 1 and not had_counts(observed.facts, fact, observed.lane_counts):
                where = f"{pk} fact {fact.number} {fact.kind}"
                raise Violation(f"{where}: its lane never had {fact.counts}")
            versions.append(
                job_after(versions[-1], fact, job) if versions else created_job(job, fact)
            )
        if new_facts and versions[-1] != job:
            raise Violation(f"{pk}: the header {job} is not that of its facts, {versions[-1]}")

    def _check_verdict(
        self, where: str, before: Job, after: Job, fact: Fact, epoch_facts: list[Fact]
    ) -> None:
        total = self.total(after)
        if before.finished:
            raise Violation(f"{where}: the job was {before.status}")
        if any(other.kind in VERDICTS for other in epoch_facts):
            raise Violation(f"{where}: a second verdict")
        if total["PENDING"] or total["IN_PROGRESS"]:
            raise Violation(f"{where}: unfinished items {total}")
        failings = sum(lane.head.counts.failings for lane in self.lanes_of(after))
        if not all(
            by_state(counts) == total and counts.failings == failings
            for counts in (fact.counts, after.counts_at_verdict)
        ):
            raise Violation(f"{where}: {fact.counts}, not {total} after {failings} failures")
        if after.status not in STATUSES[fact.kind] or fact.status != after.status:
            raise Violation(f"{where}: status {after.status}")
        if before.mode == "open" or any(
            lane.head.mode == "open" or lane.head.gate != before.gate
            for lane in self.lanes_of(after)
        ):
            raise Violation(f"{where}: not all lanes are sealed")
        check_verdict(where, before, epoch_facts, fact, total)
        if fact.kind is FactKind.COMPLETED:
            clean = not total["FAILED"] and not total["CANCELED"]
            if (after.status == "COMPLETED") is not clean:
                raise Violation(f"{where}: {after.status} with {total}")
        elif (
            fact.kind is FactKind.CANCELED
            and fact.reason != "idle"
            and not self.request_log.cancels.get(after.job_id)
        ):
            raise Violation(f"{where}: without a request")


def _read(old: Row | None, new: Row, observed: ObservedJob | None) -> JobView:
    """Decode the header; the job only if more than its markers changed."""
    if old is None or observed is None:
        return decode_header(new)
    changed = [name for name, value in new.items() if old.get(name) is not value]
    if not _MARKERS.issuperset(changed) or not _MARKERS.issuperset(old.keys() - new.keys()):
        return decode_header(new)
    return JobView(job=observed.job, heads=(), published=int(new["published"]["N"]))


@lru_cache(maxsize=256)
def _lane_pks(job_id: str, lanes: int) -> tuple[str, ...]:
    return tuple(f"JOB#{job_id}#{lane}" for lane in range(lanes))
