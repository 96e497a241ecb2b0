"""What must hold for a lane at each moment: head, journal and items are one and the same truth."""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from forgeledger.jobs.model.commands import Command
from forgeledger.jobs.model.events import Event, EventKind, evolve_head, evolve_item
from forgeledger.jobs.model.ids import lanes_of
from forgeledger.jobs.model.items import Item
from forgeledger.jobs.model.lanes import Counts, Head, LaneMode
from forgeledger.jobs.model.outcomes import Reason
from forgeledger.jobs.storage.head_rows import decode_head
from forgeledger.jobs.storage.item_rows import decode_item
from forgeledger.jobs.storage.journal_rows import decode_journal_row
from tests.simulation.expressions import Row
from tests.simulation.request_checks import Asked
from tests.simulation.rules_oracle import contradiction
from tests.simulation.state_oracle import as_it_stands, wrong_head, wrong_item
from tests.simulation.table import RowChange

_WITHOUT_MARK = frozenset({EventKind.GATED, EventKind.RECOUNTED})


class Violation(BaseException):
    """Something that must never be the case is the case. No product code may swallow it."""


@dataclass(slots=True)
class LaneTruth:
    """A lane as its journal tells it, folded event by event as rows arrive."""

    head: Head
    lanes: int = field(init=False)
    items: dict[str, Item] = field(default_factory=dict)
    # For each mark the kinds of events it left, in the order in which they first did.
    marks: dict[str, tuple[EventKind, ...]] = field(default_factory=dict)
    # For each mark that was refused why; only of an unknown item it is more than once.
    reasons: dict[str, tuple[Reason, ...]] = field(default_factory=dict)
    # Offsets of the events that closed it, each of which cancels what is unfinished.
    closings: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        # Of all lanes of its job.
        self.lanes = lanes_of(self.head.job_id) or 1

    @property
    def counts(self) -> dict[str, int]:
        """How many items are in each state, as each event changed it."""
        return by_state(self.head.counts)

    def counted(self) -> dict[str, int]:
        """The same, by counting the items."""
        states = [as_it_stands(self.head, item).state for item in self.items.values()]
        return {state: states.count(state) for state in self.counts}


@dataclass(slots=True)
class LaneChecks:
    asked: Asked
    truths: dict[str, LaneTruth] = field(default_factory=dict)

    def committed(
        self, pk: str, changes: list[RowChange], partition: Mapping[str, Row]
    ) -> list[Event]:
        """Check one commit's changes of one lane; the events that it brought."""
        truth = self.truths.get(pk)
        if truth is None:
            truth = self.truths[pk] = LaneTruth(_newborn(pk, changes))
        events: list[Event] = []
        for change in changes:
            if change.new is None:
                raise Violation(f"{pk} {change.sk} vanished")
            if not change.sk.startswith("LOG#"):
                continue
            if change.old is not None:
                if _without_ttl(change.old) != _without_ttl(change.new):
                    raise Violation(f"{pk} {change.sk}: the journal was written over")
                continue
            row = decode_journal_row(change.new)
            if row.offset != truth.head.offset:
                raise Violation(
                    f"{pk}: row at {row.offset}, the next offset is {truth.head.offset}"
                )
            for event in row.entries:
                try:
                    self._take(pk, truth, event)
                except Violation as violation:
                    where = f"offset {truth.head.offset} {event.kind} {event.item_id or ''}"
                    raise Violation(f"{pk} {where}: {violation}") from None
            events += row.entries
        self._compare(pk, truth, changes, partition)
        return events

    def _take(self, pk: str, truth: LaneTruth, event: Event) -> None:
        head, name = truth.head, event.item_id
        before = None if name is None else truth.items.get(name)
        if before is not None:
            before = as_it_stands(head, before)
        if name is not None and zlib.crc32(name.encode()) % truth.lanes != truth.head.lane:
            raise Violation("the item belongs to another lane")
        after = evolve_item(before, event, head.offset)
        if before is not None and event.previous != before.offset:
            raise Violation(f"follows {event.previous}, the item is at {before.offset}")
        if event.kind not in _WITHOUT_MARK:
            command = self._ask(truth, before, event)
            _complain(wrong_item(head, before, command, event, after))
        if event.mode is LaneMode.CLOSED:
            truth.closings.append(head.offset)
        truth.head = evolve_head(head, event, before, after)
        _complain(wrong_head(head, event, before, after, truth.head))
        if after is not None:
            truth.items[after.item_id] = after

    def _ask(self, truth: LaneTruth, before: Item | None, event: Event) -> Command:
        mark = event.mark or ""
        command = self.asked.find(truth.head.job_id, mark)
        if command is None or command.item_id != event.item_id:
            raise Violation("nobody asked for this")
        kinds = truth.marks.get(mark, ())
        on_the_way = kinds[-1:] == (EventKind.REGISTERED,) and command.kind != "register"
        # What an item remembers has been judged with its latest event.
        remembered = before is not None and mark in [each[: len(mark)] for each in before.seen]
        if remembered and not on_the_way:
            raise Violation(f"the same command twice, {(*kinds, event.kind)}")
        wrong = contradiction(truth.head, before, command, event)
        if wrong is not None:
            raise Violation(f"{wrong} for {command}")
        truth.marks[mark] = (*kinds, event.kind)
        if event.reason is not None:
            truth.reasons[mark] = (*truth.reasons.get(mark, ()), event.reason)
        return command

    def _compare(
        self, pk: str, truth: LaneTruth, changes: list[RowChange], partition: Mapping[str, Row]
    ) -> None:
        head = decode_head(partition["LANE"])
        if head != truth.head:
            raise Violation(f"{pk}: the head {head} is not its journal's {truth.head}")
        for change in changes:
            if change.sk.startswith("ITEM#") and change.new is not None:
                item = decode_item(change.new)
                if truth.items.get(item.item_id) != item:
                    raise Violation(f"{pk}: {item} is not its journal's")

    def compare_all(self, pk: str, partition: Mapping[str, Row]) -> None:
        """Every item, also those that nobody touched for long."""
        truth = self.truths[pk]
        items = {
            sk[5:]: decode_item(row) for sk, row in partition.items() if sk.startswith("ITEM#")
        }
        if items != truth.items:
            raise Violation(f"{pk}: the items {items} are not the journal's {truth.items}")
        if truth.counted() != truth.counts:
            raise Violation(f"{pk}: {truth.head} has not the counts of {truth.items}")


def by_state(counts: Counts) -> dict[str, int]:
    return {
        "PENDING": counts.pending,
        "IN_PROGRESS": counts.in_progress,
        "COMPLETED": counts.completed,
        "FAILED": counts.failed,
        "CANCELED": counts.canceled,
    }


def _complain(wrong: str | None) -> None:
    if wrong is not None:
        raise Violation(wrong)


def _newborn(pk: str, changes: list[RowChange]) -> Head:
    for change in changes:
        if change.sk == "LANE" and change.old is None and change.new is not None:
            head = decode_head(change.new)
            if head.offset != 0 or head.counts != Counts() or head.failures:
                raise Violation(f"{pk}: born as {head}")
            return head
    raise Violation(f"{pk}: changed before it was created")


def _without_ttl(row: Row) -> Row:
    return {name: value for name, value in row.items() if name != "ttl"}
