"""Invariants of a lane at each commit: its head and items are what its journal gives."""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from forgeledger.jobs.model.commands import Command, CommandKind
from forgeledger.jobs.model.events import Event, EventKind, evolve_head, evolve_item
from forgeledger.jobs.model.ids import lanes_of
from forgeledger.jobs.model.items import Item
from forgeledger.jobs.model.lanes import Counts, Head, LaneMode
from forgeledger.jobs.model.outcomes import Reason
from forgeledger.jobs.storage.head_rows import decode_head
from forgeledger.jobs.storage.item_rows import decode_item
from forgeledger.jobs.storage.journal_rows import decode_journal_row
from tests.simulation.dispatch_oracle import (
    Due,
    due_rows_after,
    due_rows_written,
    wrong_closing,
)
from tests.simulation.expressions import Row
from tests.simulation.message_oracle import COMMANDS_PER_ITEM
from tests.simulation.request_checks import RequestLog
from tests.simulation.rules_oracle import wrong_event
from tests.simulation.state_oracle import effective_item, wrong_head, wrong_item, wrong_resume
from tests.simulation.sums_oracle import wrong_sums
from tests.simulation.table import RowChange
from tests.support.sums_fold import SumsFold

_WITHOUT_COMMAND = frozenset({EventKind.GATED, EventKind.RECOUNTED, EventKind.RESUMED})
# A repeated heartbeat is harmless, and a rejection for an unknown item is remembered nowhere.
_REPEATABLE = frozenset({EventKind.HEARTBEAT, EventKind.REJECTED})


class Violation(BaseException):
    """A broken invariant. A BaseException, so that no product code can catch it."""


@dataclass(slots=True)
class ReplayedLane:
    """A lane as replayed from its journal, event by event."""

    head: Head
    lanes: int = field(init=False)
    items: dict[str, Item] = field(default_factory=dict)
    # The head's sums, by the events alone.
    fold: SumsFold = field(default_factory=SumsFold)
    # The kinds of events that each mark left, by mark in the order of the first event.
    marks: dict[str, tuple[EventKind, ...]] = field(default_factory=dict)
    # The reasons of rejections by mark; more than one only for unknown items.
    reasons: dict[str, tuple[Reason, ...]] = field(default_factory=dict)
    # Offsets of the events that closed the lane, which cancel its unfinished items.
    closings: list[int] = field(default_factory=list)
    # Items that a command canceled.
    dropped: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        # How many lanes its job has.
        self.lanes = lanes_of(self.head.job_id) or 1

    @property
    def counts(self) -> dict[str, int]:
        """Items by state, as counted by the head."""
        return by_state(self.head.counts)

    def waiting_for_resume(self) -> list[str]:
        """Items that a closing canceled, and no command."""
        return [
            name
            for name, item in self.items.items()
            if effective_item(self.head, item).state == "CANCELED" and name not in self.dropped
        ]

    def count_items(self) -> dict[str, int]:
        """Items by state, as counted from the items."""
        states = [effective_item(self.head, item).state for item in self.items.values()]
        return {state: states.count(state) for state in self.counts}


@dataclass(slots=True)
class LaneChecks:
    request_log: RequestLog
    by_pk: dict[str, ReplayedLane] = field(default_factory=dict)

    def committed(
        self, pk: str, changes: list[RowChange], partition: Mapping[str, Row]
    ) -> list[Event]:
        """Check one commit's changes of one lane; return its events."""
        replayed = self.by_pk.get(pk)
        if replayed is None:
            replayed = self.by_pk[pk] = ReplayedLane(_created_head(pk, changes))
        events: list[Event] = []
        due_rows: list[Due] = []
        for change in changes:
            if change.new is None:
                raise Violation(f"{pk} {change.sk} was deleted")
            if not change.sk.startswith("LOG#"):
                continue
            if change.old is not None:
                if _without_ttl(change.old) != _without_ttl(change.new):
                    raise Violation(f"{pk} {change.sk}: a journal row was overwritten")
                continue
            row = decode_journal_row(change.new)
            if row.offset != replayed.head.offset:
                raise Violation(
                    f"{pk}: row at {row.offset}, the next offset is {replayed.head.offset}"
                )
            due_rows += self._apply_all(pk, replayed, row.entries)
            events += row.entries
        written = due_rows_written(changes)
        if sorted(written) != sorted(due_rows):
            raise Violation(f"{pk}: wrote the due rows {written}, not {due_rows}")
        self._compare(pk, replayed, changes, partition)
        return events

    def _apply_all(self, pk: str, replayed: ReplayedLane, events: Sequence[Event]) -> list[Due]:
        due_rows: list[Due] = []
        for event in events:
            try:
                due_rows += self._apply(replayed, event)
            except Violation as violation:
                where = f"offset {replayed.head.offset} {event.kind} {event.item_id or ''}"
                raise Violation(f"{pk} {where}: {violation}") from None
        return due_rows

    def _apply(self, replayed: ReplayedLane, event: Event) -> list[Due]:
        """Check one event; return the due rows that must come with it."""
        head, name = replayed.head, event.item_id
        before = None if name is None else replayed.items.get(name)
        if before is not None:
            before = effective_item(head, before)
        if name is not None and zlib.crc32(name.encode()) % replayed.lanes != replayed.head.lane:
            raise Violation("the item belongs to another lane")
        after = evolve_item(before, event, head.offset)
        if before is not None and event.previous != before.offset:
            raise Violation(f"follows {event.previous}, the item is at {before.offset}")
        if event.kind is EventKind.RESUMED and event.mark is not None:
            # By a dead work message, and not by the reopening of its job.
            self._check_command(replayed, before, event)
        elif event.kind not in _WITHOUT_COMMAND:
            command = self._check_command(replayed, before, event)
            _raise_if_wrong(wrong_item(head, before, command, event, after))
        if event.kind is EventKind.RESUMED:
            dropped = name in replayed.dropped
            _raise_if_wrong(wrong_resume(head, before, event, after, dropped=dropped))
        # Also one of an item that a closing had canceled before.
        is_cancel = event.kind is EventKind.DUPLICATE and event.command is CommandKind.CANCEL
        if (event.kind is EventKind.CANCELED or is_cancel) and name is not None:
            replayed.dropped.add(name)
        if event.mode is LaneMode.CLOSED:
            replayed.closings.append(head.offset)
        replayed.head = evolve_head(head, event, before, after)
        _raise_if_wrong(wrong_head(head, event, before, after, replayed.head))
        replayed.fold.add(event)
        _raise_if_wrong(wrong_sums(head, replayed.head, replayed.fold.sums()))
        _raise_if_wrong(wrong_closing(event, replayed.head))
        if after is not None:
            replayed.items[after.item_id] = after
        return due_rows_after(head, event, after)

    def _check_command(self, replayed: ReplayedLane, before: Item | None, event: Event) -> Command:
        mark = event.mark or ""
        command = self.request_log.find_command(replayed.head.job_id, mark)
        if command is None or command.item_id != event.item_id:
            raise Violation("no such command was sent")
        kinds = replayed.marks.get(mark, ())
        on_the_way = kinds[-1:] == (EventKind.REGISTERED,) and command.kind != "register"
        # The marks that an item remembers were checked with its latest event.
        remembered = before is not None and mark in [seen[: len(mark)] for seen in before.seen]
        if remembered and not on_the_way:
            raise Violation(f"a command was applied twice, {(*kinds, event.kind)}")
        if set(kinds) - _REPEATABLE and not on_the_way and not remembered:
            self._check_sent_again(replayed, mark, command)
        wrong = wrong_event(replayed.head, before, command, event)
        if wrong is not None:
            raise Violation(f"{wrong} for {command}")
        replayed.marks[mark] = (*kinds, event.kind)
        if event.reason is not None:
            replayed.reasons[mark] = (*replayed.reasons.get(mark, ()), event.reason)
        return command

    def _check_sent_again(self, replayed: ReplayedLane, mark: str, command: Command) -> None:
        """What an item has forgotten may be applied again, but not if it was only redelivered.

        Unless commands of other senders came between, more than the item has room for.
        """
        job_id, log = replayed.head.job_id, self.request_log
        groups = log.groups_of.get((job_id, mark), [])
        if len(groups) != 1:
            return
        marks = list(replayed.marks)
        others = [
            later
            for later in marks[marks.index(mark) + 1 :]
            if log.commands[job_id, later].item_id == command.item_id
            and log.groups_of.get((job_id, later)) != groups
        ]
        if len(others) <= COMMANDS_PER_ITEM:
            raise Violation(f"a redelivered command was applied twice, {replayed.marks[mark]}")

    def _compare(
        self,
        pk: str,
        replayed: ReplayedLane,
        changes: list[RowChange],
        partition: Mapping[str, Row],
    ) -> None:
        head = decode_head(partition["LANE"])
        if head != replayed.head:
            raise Violation(f"{pk}: the head {head} is not that of the journal, {replayed.head}")
        for change in changes:
            if change.sk.startswith("ITEM#") and change.new is not None:
                item = decode_item(change.new)
                if replayed.items.get(item.item_id) != item:
                    raise Violation(f"{pk}: {item} is not that of the journal")

    def compare_all(self, pk: str, partition: Mapping[str, Row]) -> None:
        """Compare every item, not just those of one commit."""
        replayed = self.by_pk[pk]
        items = {
            sk[5:]: decode_item(row) for sk, row in partition.items() if sk.startswith("ITEM#")
        }
        if items != replayed.items:
            raise Violation(
                f"{pk}: the items {items} are not those of the journal, {replayed.items}"
            )
        if replayed.count_items() != replayed.counts:
            raise Violation(f"{pk}: {replayed.head} does not have the counts of {replayed.items}")


def by_state(counts: Counts) -> dict[str, int]:
    return {
        "PENDING": counts.pending,
        "IN_PROGRESS": counts.in_progress,
        "COMPLETED": counts.completed,
        "FAILED": counts.failed,
        "CANCELED": counts.canceled,
    }


def _raise_if_wrong(wrong: str | None) -> None:
    if wrong is not None:
        raise Violation(wrong)


def _created_head(pk: str, changes: list[RowChange]) -> Head:
    """The head before its first event, which may come with it."""
    for change in changes:
        if change.sk == "LANE" and change.old is None and change.new is not None:
            head = decode_head(change.new)
            return Head(job_id=head.job_id, lane=head.lane, rules=head.rules, held=head.held)
    raise Violation(f"{pk}: changed before it was created")


def _without_ttl(row: Row) -> Row:
    return {name: value for name, value in row.items() if name != "ttl"}
