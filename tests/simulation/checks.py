"""All checks: at each commit, at each acknowledgement, after each step and at rest."""

from collections import Counter
from collections.abc import Container, Mapping
from dataclasses import dataclass, field

from forgeledger.jobs.model.commands import CommandKind
from forgeledger.jobs.model.events import Event, EventKind
from forgeledger.jobs.storage.job_rows import decode_header
from forgeledger.jobs.storage.keys import PROGRESS_SK
from forgeledger.journal.storage.keys import LOG_PREFIX
from tests.simulation.answer_checks import AnswerChecks
from tests.simulation.client_checks import check_clients
from tests.simulation.coverage import CoveragePoint
from tests.simulation.end_checks import DAY_MS, overdue
from tests.simulation.event_checks import check_events
from tests.simulation.fifo_queue import QueuedMessage
from tests.simulation.hold_checks import check_claim, hold_overdue, was_held
from tests.simulation.idle_checks import idle_overdue
from tests.simulation.job_checks import JobChecks, ObservedJob
from tests.simulation.key_checks import KEY_SK, KeyChecks
from tests.simulation.lane_checks import LaneChecks, Violation, by_state
from tests.simulation.look_checks import check_looks, look_missing
from tests.simulation.message_oracle import COMMANDS_PER_ITEM
from tests.simulation.reject_checks import rejected_indexes, source_of, wrong_reject
from tests.simulation.request_checks import RequestLog
from tests.simulation.retention_checks import check_expiration, check_key
from tests.simulation.table import RowChange
from tests.simulation.world import Invocation, SimulatedWorld

# As in the template; test_template_values.py compares them.
FAILING_ALARM_SECONDS = 600


@dataclass(slots=True, eq=False)
class Checks:
    world: SimulatedWorld
    request_log: RequestLog
    lanes: LaneChecks = field(init=False)
    jobs: JobChecks = field(init=False)
    keys: KeyChecks = field(init=False)
    answers: AnswerChecks = field(init=False)
    # Partitions of jobs, and of their lanes, whose rows have expired.
    expired_pks: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.lanes = LaneChecks(self.request_log)
        self.jobs = JobChecks(self.request_log, self.world, self.lanes)
        self.keys = KeyChecks(self.request_log, self.jobs)
        self.answers = AnswerChecks(self.request_log, self.lanes, self.jobs)

    def committed(self, changes: list[RowChange]) -> None:
        """Check each commit: nothing can be observed between two of them."""
        partitions = self._by_partition(changes)
        self._bind_new_jobs(changes)
        tables, traced = self.world.tables, self.world.trace is not None
        lanes = [pk for pk in partitions if pk.count("#") == 2]
        retried = False
        lane_events: dict[str, list[Event]] = {}
        for pk in lanes:
            events = self.lanes.committed(pk, partitions[pk], tables.partition(pk))
            lane_events[pk] = events
            retried = self._check_with_job(pk, events) or retried
            if traced:
                self._log_events(pk, events)
        for pk, partition_changes in partitions.items():
            # The only other partition holds the job ids that were claimed by idempotency keys.
            if pk.count("#") == 1:
                check_looks(pk, partition_changes, self.world)
                self.jobs.committed(pk, partition_changes, retried=retried)
                if traced:
                    self._log_facts(pk, partition_changes)
        self.keys.committed(changes, tables)
        check_clients(self.request_log, self.jobs.by_pk, partitions, lane_events)
        for pk in lanes:
            self.jobs.lane_changed(pk)
        for change in partitions.get("id", ()):
            check_key(change.new, self.world.now)

    def _check_with_job(self, pk: str, events: list[Event]) -> bool:
        """Check what depends on the job; whether an item of the lane was retried."""
        for event in events:
            if event.kind is EventKind.RETRIED or event.command is CommandKind.RETRY:
                self.jobs.check_retry(pk, event)
            elif event.kind is EventKind.CLAIMED:
                job = self.jobs.by_pk[pk.rpartition("#")[0]].job
                where = f"{pk} {event.item_id}: a claim is granted"
                check_claim(where, job, self.lanes.by_pk[pk])
        return any(event.kind is EventKind.RETRIED for event in events)

    def _bind_new_jobs(self, changes: list[RowChange]) -> None:
        """The first events of its lanes may come with a job: their request has to be known."""
        for change in changes:
            if change.sk == "JOB" and change.old is None and change.new is not None:
                wrong = self.request_log.bind_job(decode_header(change.new).job.spec)
                if wrong is not None:
                    raise Violation(f"{change.pk}: {wrong}")

    def _by_partition(self, changes: list[RowChange]) -> dict[str, list[RowChange]]:
        """Changes by partition; an expired job may only get journal rows, for rejections.

        No roll-up writes its progress either, whether that row has been deleted yet or not.
        """
        partitions: dict[str, list[RowChange]] = {}
        for change in changes:
            if change.sk == KEY_SK:
                continue
            if change.pk not in self.expired_pks:
                partitions.setdefault(change.pk, []).append(change)
            elif change.sk == PROGRESS_SK or (
                change.old is None and not change.sk.startswith(LOG_PREFIX)
            ):
                raise Violation(f"{change.pk} {change.sk} was written after the job expired")
        return partitions

    def _log_events(self, pk: str, events: list[Event]) -> None:
        for event in events:
            more = f" as {event.command} ({event.reason})" if event.command else ""
            who = f" {event.item_id}" if event.item_id else ""
            self.world.log(f"  . lane {pk[-1]}: {event.kind}{who}{more}")

    def _log_facts(self, pk: str, changes: list[RowChange]) -> None:
        new = {change.sk for change in changes if change.old is None}
        for fact in self.jobs.by_pk[pk].facts:
            if f"FACT#{fact.number:012d}" in new:
                self.world.log(f"  . job: {fact.kind} {fact.status}")

    def acknowledged(
        self,
        batch: list[QueuedMessage],
        returned: list[QueuedMessage],
        process: Invocation,
        metrics: Mapping[str, float],
    ) -> None:
        """Acknowledged messages were handled, and none overtook a returned one of its group."""
        failed = metrics["MessagesFailed"]
        too_much = self._is_too_much_at_once(batch)
        if returned and not process.disturbed and not too_much:
            raise Violation(f"{returned[0].message_id} was returned without a fault")
        # One that is held back comes back too, but has not failed.
        if failed > len(returned) or (failed < len(returned) and not too_much):
            raise Violation(f"{failed} messages count as failed, {len(returned)} come back")
        self._check_failing_for(returned, process, metrics)
        stopped: set[str] = set()
        for message in batch:
            if message in returned:
                stopped.add(message.group)
            elif message.group in stopped:
                raise Violation(f"{message.message_id} overtook another of its group")
            else:
                self._check_handled(message)

    def _check_failing_for(
        self, returned: list[QueuedMessage], process: Invocation, metrics: Mapping[str, float]
    ) -> None:
        """An alarm on lanes that fail for long needs the time since the first delivery."""
        failed, failing_for = metrics["MessagesFailed"], metrics.get("FailingFor")
        now = self.world.now + process.skew_ms
        ages = [max(0, now - message.first_received_at) / 1_000 for message in returned]
        possible: list[float | None] = [max(ages)] if failed else [None]
        if 0 < failed < len(returned):
            # Which of them were held back only the intake knows.
            possible = [*ages]
        if failing_for not in possible:
            raise Violation(f"messages fail for {failing_for} seconds, by the queue for {possible}")
        self.world.coverage[CoveragePoint.FAILING_FOR_LONG] += (
            failing_for is not None and failing_for > FAILING_ALARM_SECONDS
        )

    def _is_too_much_at_once(self, batch: list[QueuedMessage]) -> bool:
        """Whether an item could not remember all of its commands."""
        of_item = Counter(
            (sent.pk, sent.command.item_id)
            for message in batch
            for sent in self.request_log.content_of(message).commands
            if sent.command.kind != "heartbeat"
        )
        return max(of_item.values(), default=0) > COMMANDS_PER_ITEM

    def _check_handled(self, message: QueuedMessage) -> None:
        content = self.request_log.content_of(message)
        for sent in content.commands:
            lane = self.lanes.by_pk.get(sent.pk)
            if (
                lane is not None
                and sent.pk not in self.expired_pks
                and sent.mark not in lane.marks
                and not (sent.command.kind == "register" and sent.command.item_id in lane.items)
            ):
                raise Violation(f"{message.message_id} was lost: no trace of {sent.command}")
        if rejected_indexes(content, self.lanes.by_pk) != [] and not any(
            source_of(reject) == message.message_id for reject in self.world.rejects.accepted
        ):
            raise Violation(f"{message.message_id} was lost: it is not in the reject queue")

    def after_step(self) -> None:
        """Check the answers given during the step, and that repeated events are identical."""
        self.answers.after_step(self.world.commits)
        if self.world.bus.contradictions:
            raise Violation(f"events repeated with another text: {self.world.bus.contradictions}")

    def at_rest(self) -> None:
        """Check the final state, when all queues are empty and no process runs."""
        world = self.world
        if world.commands.waiting:
            raise Violation(f"{world.commands.waiting[0].message_id} is still in the queue")
        dead = {message.number for message in world.commands.dead}
        for message in world.commands.accepted:
            if message.number not in dead:
                self._check_handled(message)
        self._check_rejects()
        self._check_order(dead)
        for pk in self.lanes.by_pk.keys() - self.expired_pks:
            self.lanes.compare_all(pk, world.tables.partition(pk))
        for pk, observed in self.jobs.by_pk.items():
            if pk not in self.expired_pks:
                self._check_job_at_rest(pk, observed)
        check_events(world.bus, self.jobs.by_pk.values())

    def _check_rejects(self) -> None:
        """The reject queue holds exactly the commands that can never be applied."""
        for reject in self.world.rejects.accepted:
            message = self.world.commands.accepted[int(source_of(reject)[1:]) - 1]
            content = self.request_log.content_of(message)
            if any(sent.pk in self.expired_pks for sent in content.commands):
                # Whether such a job was known depends on which of its rows were deleted.
                continue
            wrong = wrong_reject(reject, message, content, self.lanes.by_pk)
            if wrong is not None:
                raise Violation(f"{message.message_id} is wrong in the reject queue: {wrong}")

    def _check_order(self, dead: Container[int]) -> None:
        """Commands of one message group and lane are in the journal in the queue's order."""
        positions = {
            pk: {mark: position for position, mark in enumerate(lane.marks)}
            for pk, lane in self.lanes.by_pk.items()
        }
        last: dict[tuple[str, str], tuple[int, str]] = {}
        seen: set[tuple[str, str]] = set()
        for message in self.world.commands.accepted:
            for sent in self.request_log.content_of(message).commands:
                pk, mark = sent.pk, sent.mark
                position = positions.get(pk, {}).get(mark)
                # A command that was sent twice has the position of the first one.
                if position is None or (pk, mark) in seen:
                    continue
                seen.add((pk, mark))
                # A dead letter may have been applied, if each time the answer was lost.
                if message.number in dead:
                    continue
                before = last.get((message.group, pk))
                if before is not None and before[0] > position:
                    raise Violation(f"{message.message_id} was applied before {before[1]}")
                last[message.group, pk] = (position, message.message_id)

    def _check_job_at_rest(self, pk: str, observed: ObservedJob) -> None:
        job, world = observed.job, self.world
        lanes, total = self.jobs.lanes_of(job), self.jobs.total(job)
        if (
            job.ending is not None
            or job.resume_gate
            or any(lane.head.gate < job.gate for lane in lanes)
        ):
            raise Violation(f"{pk}: left half done, {job}")
        if not job.finished:
            if job.sealed and total["PENDING"] + total["IN_PROGRESS"] == 0:
                raise Violation(f"{pk}: sealed with all items finished, but not complete")
            failings = sum(lane.head.counts.failings for lane in lanes)
            now, idle_ms = world.now, world.rules.maximum_idle_days * DAY_MS
            due = (
                hold_overdue(job, lanes, now)
                or overdue(job, observed.facts, total, failings, now)
                or idle_overdue(job, observed.progress.at, now, idle_ms)
            )
            if due is not None:
                raise Violation(f"{pk}: {due}")
        if observed.view is not None and observed.view.published != job.facts:
            raise Violation(f"{pk}: {observed.view.published} of {job.facts} facts were published")
        self._check_roll_up(pk, observed, total, sum(lane.head.offset for lane in lanes))
        missing = look_missing(world.tables.partition(pk), job, was_held=was_held(observed.facts))
        if world.rules.execution and missing is not None and not world.stream.given_up:
            raise Violation(f"{pk}: {missing}")
        if job.finished:
            for name in (pk, *(f"{pk}#{lane.head.lane}" for lane in lanes)):
                check_expiration(name, world.tables.partition(name), job, world.now)
        header = world.tables.partition(pk)["JOB"]
        if ("open" in header) is job.finished:
            raise Violation(f"{pk}: {job.status}, in the index of open jobs: {'open' in header}")

    def _check_roll_up(
        self, pk: str, observed: ObservedJob, total: dict[str, int], offsets: int
    ) -> None:
        """The rolled-up progress, which lists show, is that of the items."""
        progress = observed.progress
        if by_state(progress.counts) != total:
            raise Violation(f"{pk}: rolled up {progress.counts}, the items are {total}")
        # A lost stream record that changed no count triggers no further roll-up.
        if progress.offsets != offsets and not self.world.stream.given_up:
            raise Violation(f"{pk}: rolled up {progress.offsets} of {offsets} events")
