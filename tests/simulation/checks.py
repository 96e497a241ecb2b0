"""All checks together: at each commit, at each acknowledgement, after each step and at rest."""

from collections.abc import Container
from dataclasses import dataclass, field

from forgeledger.jobs.model.commands import CommandKind
from forgeledger.jobs.model.events import Event, EventKind
from tests.simulation.answer_checks import AnswerChecks
from tests.simulation.end_checks import overdue
from tests.simulation.event_checks import told_rightly
from tests.simulation.fifo_queue import QueuedMessage
from tests.simulation.job_checks import JobChecks, JobTruth
from tests.simulation.lane_checks import LaneChecks, Violation, by_state
from tests.simulation.reject_checks import bad_of, source_of, wrongly_put_aside
from tests.simulation.request_checks import Asked
from tests.simulation.table import RowChange
from tests.simulation.world import Invocation, World


@dataclass(slots=True, eq=False)
class Checks:
    world: World
    asked: Asked
    lanes: LaneChecks = field(init=False)
    jobs: JobChecks = field(init=False)
    answers: AnswerChecks = field(init=False)
    # Jobs whose rows vanish, and their lanes.
    gone: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.lanes = LaneChecks(self.asked)
        self.jobs = JobChecks(self.asked, self.world, self.lanes)
        self.answers = AnswerChecks(self.asked, self.lanes, self.jobs)

    def committed(self, changes: list[RowChange]) -> None:
        """At the moment of a commit: nobody can see anything between two of them."""
        parts = self._parts(changes)
        tables, telling = self.world.tables, self.world.story is not None
        lanes = [pk for pk in parts if pk.count("#") == 2]
        retried = False
        for pk in lanes:
            events = self.lanes.committed(pk, parts[pk], tables.partition(pk))
            for event in events:
                if event.kind is EventKind.RETRIED or event.command is CommandKind.RETRY:
                    self.jobs.retried(pk, event)
                    retried = retried or event.kind is EventKind.RETRIED
            if telling:
                self._tell_events(pk, events)
        for pk, some in parts.items():
            # Beside jobs and lanes there are only the ids that were claimed for jobs.
            if pk.count("#") == 1:
                self.jobs.committed(pk, some, retried=retried)
                if telling:
                    self._tell_facts(pk, some)
        for pk in lanes:
            self.jobs.heads_moved(pk)

    def _parts(self, changes: list[RowChange]) -> dict[str, list[RowChange]]:
        """By partition; where a job's rows vanish, what was refused is noted, and nothing else."""
        parts: dict[str, list[RowChange]] = {}
        for change in changes:
            if change.pk not in self.gone:
                parts.setdefault(change.pk, []).append(change)
            elif change.old is None and not change.sk.startswith("LOG#"):
                raise Violation(f"{change.pk} {change.sk} came after the job's time was over")
        return parts

    def _tell_events(self, pk: str, events: list[Event]) -> None:
        for event in events:
            more = f" as {event.command} ({event.reason})" if event.command else ""
            who = f" {event.item_id}" if event.item_id else ""
            self.world.note(f"  . lane {pk[-1]}: {event.kind}{who}{more}")

    def _tell_facts(self, pk: str, changes: list[RowChange]) -> None:
        new = {change.sk for change in changes if change.old is None}
        for fact in self.jobs.truths[pk].facts:
            if f"FACT#{fact.number:012d}" in new:
                self.world.note(f"  . job: {fact.kind} {fact.status}")

    def acknowledged(
        self, batch: list[QueuedMessage], kept: list[QueuedMessage], process: Invocation
    ) -> None:
        """What the intake acknowledges has been dealt with, and nothing behind what it keeps."""
        if kept and not process.disturbed:
            raise Violation(f"{kept[0].message_id} was given back without any reason")
        stopped: set[str] = set()
        for message in batch:
            if message in kept:
                stopped.add(message.group)
            elif message.group in stopped:
                raise Violation(f"{message.message_id} overtook another of its group")
            else:
                self._dealt_with(message)

    def _dealt_with(self, message: QueuedMessage) -> None:
        said = self.asked.body(message)
        for sent in said.commands:
            truth = self.lanes.truths.get(sent.pk)
            if (
                truth is not None
                and sent.pk not in self.gone
                and sent.mark not in truth.marks
                and not (sent.command.kind == "register" and sent.command.item_id in truth.items)
            ):
                raise Violation(f"{message.message_id} was lost: no trace of {sent.command}")
        if bad_of(said, self.lanes.truths) != [] and not any(
            source_of(each) == message.message_id for each in self.world.rejects.accepted
        ):
            raise Violation(f"{message.message_id} was lost: it is not in the reject queue")

    def stepped(self) -> None:
        """After each step: answers that were given, and what the world outside was told."""
        self.answers.stepped(self.world.commits)
        if self.world.bus.contradictions:
            raise Violation(f"told twice and differently: {self.world.bus.contradictions}")

    def at_rest(self) -> None:
        """When all queues are empty and nobody does anything any more."""
        world = self.world
        if world.commands.waiting:
            raise Violation(f"{world.commands.waiting[0].message_id} is still in the queue")
        dead = {message.number for message in world.commands.dead}
        for message in world.commands.accepted:
            if message.number not in dead:
                self._dealt_with(message)
        self._reject()
        self._in_order(dead)
        for pk in self.lanes.truths.keys() - self.gone:
            self.lanes.compare_all(pk, world.tables.partition(pk))
        for pk, truth in self.jobs.truths.items():
            if pk not in self.gone:
                self._rests(pk, truth)
        told_rightly(world.bus, self.jobs.truths.values())

    def _reject(self) -> None:
        """The reject queue holds what is wrong, each part of it, and nothing else."""
        for reject in self.world.rejects.accepted:
            message = self.world.commands.accepted[int(source_of(reject)[1:]) - 1]
            said = self.asked.body(message)
            if any(sent.pk in self.gone for sent in said.commands):
                # Whether such a job was still known depends on which of its rows were there.
                continue
            wrong = wrongly_put_aside(reject, message, said, self.lanes.truths)
            if wrong is not None:
                raise Violation(f"{message.message_id} was put aside wrongly: {wrong}")

    def _in_order(self, dead: Container[int]) -> None:
        """Commands of one group for one lane stand in the journal in the order of the queue."""
        places = {
            pk: {mark: place for place, mark in enumerate(truth.marks)}
            for pk, truth in self.lanes.truths.items()
        }
        last: dict[tuple[str, str], tuple[int, str]] = {}
        seen: set[tuple[str, str]] = set()
        for message in self.world.commands.accepted:
            for sent in self.asked.body(message).commands:
                pk, mark = sent.pk, sent.mark
                place = places.get(pk, {}).get(mark)
                # A command that was sent twice took its place with the first of the two.
                if place is None or (pk, mark) in seen:
                    continue
                seen.add((pk, mark))
                # What was applied may be a dead letter all the same, if nobody heard that it was.
                if message.number in dead:
                    continue
                before = last.get((message.group, pk))
                if before is not None and before[0] > place:
                    raise Violation(f"{message.message_id} was applied before {before[1]}")
                last[message.group, pk] = (place, message.message_id)

    def _rests(self, pk: str, truth: JobTruth) -> None:
        job = truth.job
        lanes, total = self.jobs.lanes_of(job), self.jobs.total(job)
        if job.ending is not None or any(lane.head.gate < job.gate for lane in lanes):
            raise Violation(f"{pk}: left half-way, {job}")
        if not job.finished:
            if job.sealed and total["PENDING"] + total["IN_PROGRESS"] == 0:
                raise Violation(f"{pk}: sealed, all items finished, and not complete")
            failings = sum(lane.head.counts.failings for lane in lanes)
            due = overdue(job, truth.facts, total, failings, self.world.now)
            if due is not None:
                raise Violation(f"{pk}: {due}")
        if truth.view is not None and truth.view.published != job.facts:
            raise Violation(f"{pk}: {truth.view.published} of {job.facts} facts were told")
        self._rolled_up(pk, truth, total, sum(lane.head.offset for lane in lanes))
        header = self.world.tables.partition(pk)["JOB"]
        if ("open" in header) is job.finished:
            raise Violation(f"{pk}: {job.status}, among the open jobs: {'open' in header}")

    def _rolled_up(self, pk: str, truth: JobTruth, total: dict[str, int], offsets: int) -> None:
        """What is shown of many jobs at once is how each of them stands."""
        assert truth.view is not None
        progress = truth.view.progress
        if by_state(progress.counts) != total:
            raise Violation(f"{pk}: rolled up {progress.counts}, the items are {total}")
        # Where the stream lost what changed no count, nobody looks again.
        if progress.offsets != offsets and not self.world.stream.given_up:
            raise Violation(f"{pk}: rolled up {progress.offsets} of {offsets} events")
