"""What must hold for a job at each moment: its verdicts, its facts, its epochs, its progress."""

from dataclasses import dataclass, field
from functools import lru_cache

from forgeledger.jobs.model.events import Event, EventKind
from forgeledger.jobs.model.facts import Fact, FactKind, event_id
from forgeledger.jobs.model.jobs import Job
from forgeledger.jobs.model.lanes import Counts
from forgeledger.jobs.ports import JobView
from forgeledger.jobs.storage.job_rows import decode_fact, decode_header, decode_progress
from tests.simulation.end_checks import (
    CLOCKS_DIFFER_MS,
    DAY_MS,
    closed_rightly,
    ended_rightly,
    rows_vanish_at,
    seals_itself,
)
from tests.simulation.expressions import Row
from tests.simulation.header_checks import born, counted, folded
from tests.simulation.lane_checks import LaneChecks, LaneTruth, Violation, by_state
from tests.simulation.request_checks import Asked
from tests.simulation.table import RowChange
from tests.simulation.world import World

VERDICTS = frozenset({FactKind.COMPLETED, FactKind.FAILED, FactKind.CANCELED})
# What happens at most once in an epoch.
_ONCE = VERDICTS | {FactKind.FIRST_FAILURE, FactKind.CLOSING, FactKind.REOPENED}
# What may change in a header without a fact.
_OF_PROGRESS = frozenset({"progress", "progressOffsets", "published", "open"})
_STATUS_OF = {
    FactKind.FAILED: ("FAILED",),
    FactKind.CANCELED: ("CANCELED",),
    FactKind.COMPLETED: ("COMPLETED", "COMPLETED_WITH_FAILURES"),
}


@dataclass(slots=True)
class JobTruth:
    job: Job
    facts: list[Fact] = field(default_factory=list)
    view: JobView | None = None
    # The job after each of its facts.
    stages: list[Job] = field(default_factory=list)
    # What its lane has counted at each moment, if it has only one.
    past: list[Counts] = field(default_factory=lambda: [Counts()])


@dataclass(slots=True)
class JobChecks:
    asked: Asked
    world: World
    lanes: LaneChecks
    truths: dict[str, JobTruth] = field(default_factory=dict)

    def committed(self, pk: str, changes: list[RowChange], *, retried: bool) -> None:
        """Check one commit's changes of a job's header and facts, at that moment.

        `retried`: it brings the retry of an item as well.
        """
        header, new_facts = self._written(pk, changes)
        if header is None:
            if new_facts:
                raise Violation(f"{pk}: facts without their header")
            return
        assert header.new is not None
        truth = self.truths.get(pk)
        view = _read(header.old, header.new, truth)
        if truth is None:
            truth = self.truths[pk] = JobTruth(view.job)
            self._born(pk, view.job)
        elif not new_facts and _life(view.job) != _life(truth.job):
            raise Violation(f"{pk}: the job changed without a fact")
        before = truth.job
        for number, fact in enumerate(new_facts, len(truth.facts)):
            if fact.number != number:
                raise Violation(f"{pk}: facts {new_facts} after {len(truth.facts)}")
        truth.facts += new_facts
        if view.job.facts != len(truth.facts):
            raise Violation(f"{pk}: counts {view.job.facts} facts of {len(truth.facts)}")
        for fact in new_facts:
            self._judge(pk, truth, before, view.job, fact)
        self._fold(pk, truth, view.job, new_facts, retried=retried)
        self._progress(pk, truth, header.old, header.new, view)
        truth.job, truth.view = view.job, view
        if new_facts:
            self.asked.facts[view.job.job_id] = len(truth.facts)

    def _born(self, pk: str, job: Job) -> None:
        wrong = self.asked.born(job.spec)
        if wrong is not None:
            raise Violation(f"{pk}: {wrong}")
        for lane in self.lanes_of(job):
            if lane.head.rules != job.spec.rules:
                raise Violation(f"{pk}: {lane.head} has not the rules of {job.spec}")

    def retried(self, pk: str, event: Event) -> None:
        """A retry is granted and refused as its job has it at the very moment of the commit."""
        job, reason = self.truths[pk.rpartition("#")[0]].job, event.reason
        if reason == "unknown_item":
            return
        if "CANCELED" in (job.status, job.ending):
            lawful = reason == "job_canceled"
        elif job.ending is not None:
            # What did not fail is refused for that, and what waits already needs no retry.
            lawful = reason != "job_canceled" and event.kind is not EventKind.RETRIED
        else:
            lawful = reason not in ("job_canceled", "job_closed")
        if reason == "retention_over":
            lawful = job.finished and rows_vanish_at(job) - self.world.now <= DAY_MS
        if not lawful:
            where = f"{pk} {event.item_id}: a retry is {event.kind} for {reason}"
            raise Violation(f"{where} in a job that is {job.status}, ending {job.ending}")

    def heads_moved(self, pk: str) -> None:
        """The counts of a finished job stand still."""
        job_pk = pk.rpartition("#")[0]
        truth = self.truths.get(job_pk)
        if truth is None:
            return
        if truth.job.spec.lanes == 1:
            truth.past.append(self.lanes.truths[pk].head.counts)
        if not truth.job.finished:
            return
        if self.total(truth.job) != by_state(truth.job.counts_at_verdict):
            raise Violation(
                f"{pk}: a finished job's counts moved from {truth.job.counts_at_verdict}"
            )

    def lanes_of(self, job: Job) -> list[LaneTruth]:
        spec, truths = job.spec, self.lanes.truths
        return [truths[pk] for pk in _lane_pks(spec.job_id, spec.lanes)]

    def total(self, job: Job) -> dict[str, int]:
        counts = [by_state(lane.head.counts) for lane in self.lanes_of(job)]
        if len(counts) == 1:
            return counts[0]
        return {state: sum(count[state] for count in counts) for state in counts[0]}

    def _written(self, pk: str, changes: list[RowChange]) -> tuple[RowChange | None, list[Fact]]:
        """The change of the header, if it has one, and the facts that are new."""
        header: RowChange | None = None
        facts: list[Fact] = []
        for change in changes:
            if change.new is None:
                raise Violation(f"{pk} {change.sk} vanished")
            if change.sk == "JOB":
                header = change
            elif change.old is None:
                facts.append(decode_fact(change.new))
            elif {**change.old, "ttl": None} != {**change.new, "ttl": None}:
                raise Violation(f"{pk} {change.sk}: a fact was written over")
        return header, facts

    def _judge(self, pk: str, truth: JobTruth, before: Job, after: Job, fact: Fact) -> None:
        where = f"{pk} fact {fact.number} {fact.kind} of epoch {fact.epoch}"
        known = [each for each in truth.facts if each.epoch == fact.epoch and each is not fact]
        if fact.kind in _ONCE and any(each.kind is fact.kind for each in known):
            raise Violation(f"{where}: again")
        if fact.kind is not FactKind.REOPENED and fact.epoch != before.epoch:
            raise Violation(f"{where}: in epoch {before.epoch}")
        if fact.at > self.world.now + CLOCKS_DIFFER_MS or any(
            each.at > fact.at + CLOCKS_DIFFER_MS for each in known
        ):
            raise Violation(f"{where}: at {fact.at}, after {known}")
        if fact.kind is FactKind.CLOSING:
            closed_rightly(where, before, truth.facts, fact, self.world.now)
        elif fact.kind in VERDICTS:
            self._verdict(where, before, after, fact, known)
        elif fact.kind is FactKind.SEALED:
            itself = seals_itself(before, sum(self.total(after).values()))
            if after.job_id not in self.asked.seals and not itself:
                raise Violation(f"{where}: nobody asked for it")
        elif fact.kind is FactKind.FIRST_FAILURE:
            failings = sum(lane.head.counts.failings for lane in self.lanes_of(after))
            if failings <= before.counts_at_verdict.failings:
                raise Violation(f"{where}: nothing has failed")

    def _reopened(self, pk: str, before: Job, after: Job, *, retried: bool) -> None:
        if not before.finished or after.epoch != before.epoch + 1:
            raise Violation(f"{pk}: reopened from {before.status} epoch {before.epoch}")
        if self.world.now > rows_vanish_at(before) - DAY_MS + CLOCKS_DIFFER_MS:
            raise Violation(f"{pk}: reopened, and its rows are about to vanish")
        if before.status == "CANCELED" and after.mode != "open":
            raise Violation(f"{pk}: a canceled job was reopened by a retry")
        if (after.mode != "open") is not retried:
            raise Violation(f"{pk}: reopened and {after.mode}, by a retry: {retried}")
        if not retried and not self.asked.reopens.get(after.job_id):
            raise Violation(f"{pk}: reopened, and nobody asked for it")

    def _fold(
        self, pk: str, truth: JobTruth, job: Job, new_facts: list[Fact], *, retried: bool
    ) -> None:
        stages = truth.stages
        for fact in new_facts:
            if fact.kind is FactKind.REOPENED:
                self._reopened(pk, stages[-1], job, retried=retried)
            if job.spec.lanes == 1 and not counted(truth.facts, fact, truth.past):
                where = f"{pk} fact {fact.number} {fact.kind}"
                raise Violation(f"{where}: never were there {fact.counts}")
            stages.append(folded(stages[-1], fact, job) if stages else born(job, fact))
        if new_facts and stages[-1] != job:
            raise Violation(f"{pk}: the job {job} is not what its facts make, {stages[-1]}")

    def _verdict(self, where: str, before: Job, after: Job, fact: Fact, known: list[Fact]) -> None:
        total = self.total(after)
        if before.finished:
            raise Violation(f"{where}: the job was {before.status}")
        if any(each.kind in VERDICTS for each in known):
            raise Violation(f"{where}: a second verdict")
        if total["PENDING"] or total["IN_PROGRESS"]:
            raise Violation(f"{where}: unfinished items {total}")
        if by_state(fact.counts) != total or by_state(after.counts_at_verdict) != total:
            raise Violation(f"{where}: tells {fact.counts}, the items are {total}")
        if after.status not in _STATUS_OF[fact.kind] or fact.status != after.status:
            raise Violation(f"{where}: status {after.status}")
        if before.mode == "open" or any(
            lane.head.mode == "open" or lane.head.gate != before.gate
            for lane in self.lanes_of(after)
        ):
            raise Violation(f"{where}: not all lanes are sealed")
        ended_rightly(where, before, known, fact, total)
        if fact.kind is FactKind.COMPLETED:
            clean = not total["FAILED"] and not total["CANCELED"]
            if (after.status == "COMPLETED") is not clean:
                raise Violation(f"{where}: {after.status} with {total}")
        elif fact.kind is FactKind.CANCELED and not self.asked.cancels.get(after.job_id):
            raise Violation(f"{where}: nobody asked for it")

    def _progress(  # noqa: C901 - All that only grows.
        self, pk: str, truth: JobTruth, old: Row | None, new: Row, view: JobView
    ) -> None:
        offsets = sum(lane.head.offset for lane in self.lanes_of(view.job))
        if view.progress.offsets > offsets:
            raise Violation(f"{pk}: rolled up {view.progress.offsets} of {offsets} events")
        if view.progress.offsets == offsets and view.progress.at and truth.view is not None:
            rolled = truth.view.progress.offsets != view.progress.offsets
            if rolled and by_state(view.progress.counts) != self.total(view.job):
                raise Violation(f"{pk}: rolled up {view.progress.counts}")
        if truth.view is not None:
            if view.progress.offsets < truth.view.progress.offsets:
                raise Violation(f"{pk}: the progress went backwards")
            if view.published < truth.view.published:
                raise Violation(f"{pk}: told facts went backwards")
        if view.published > view.job.facts:
            raise Violation(f"{pk}: told {view.published} of {view.job.facts} facts")
        told = 0 if truth.view is None else truth.view.published
        for fact in truth.facts[told : view.published]:
            if (
                fact.kind is not FactKind.CLOSING
                and event_id(view.job.job_id, fact) not in self.world.bus.texts
            ):
                raise Violation(f"{pk}: {fact.kind} counts as told and was not")
        if old is not None and "open" in old and "open" not in new:
            if not view.job.finished or view.published != view.job.facts:
                raise Violation(f"{pk}: left the open jobs too early")
        elif "open" not in new and new.get("facts") != (old or {}).get("facts"):
            raise Violation(f"{pk}: has facts to tell and is not open")


def _read(old: Row | None, new: Row, truth: JobTruth | None) -> JobView:
    """The header; where nothing but its progress was written, the job is what it was."""
    if old is None or truth is None:
        return decode_header(new)
    written = [name for name, value in new.items() if old.get(name) is not value]
    if not _OF_PROGRESS.issuperset(written) or not _OF_PROGRESS.issuperset(old.keys() - new.keys()):
        return decode_header(new)
    published = int(new["published"]["N"])
    return JobView(job=truth.job, heads=(), progress=decode_progress(new), published=published)


@lru_cache(maxsize=256)
def _lane_pks(job_id: str, lanes: int) -> tuple[str, ...]:
    return tuple(f"JOB#{job_id}#{lane}" for lane in range(lanes))


def _life(job: Job) -> tuple[object, ...]:
    return (job.status, job.epoch, job.gate, job.mode, job.ending, job.facts, job.counts_at_verdict)
