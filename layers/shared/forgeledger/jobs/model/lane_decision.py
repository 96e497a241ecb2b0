"""Decide a batch of commands on a lane, cut into commits that fit one transaction each."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from forgeledger.fast_dataclass import fast_frozen, replace
from forgeledger.jobs.model.commands import Command, FollowGate, LaneCommand, Resume
from forgeledger.jobs.model.due_rows import DueRow
from forgeledger.jobs.model.events import Event, EventKind, evolve_head, evolve_item
from forgeledger.jobs.model.item_case import Ruling
from forgeledger.jobs.model.item_rules import rule
from forgeledger.jobs.model.items import Item, ItemState
from forgeledger.jobs.model.jobs import JobPhase
from forgeledger.jobs.model.lanes import Head, LaneMode, effective_item
from forgeledger.jobs.model.limits import COMMIT_BYTES, ITEMS_PER_COMMIT, JOURNAL_ROW_BYTES
from forgeledger.jobs.model.outcomes import Outcome, OutcomeKind
from forgeledger.jobs.model.sizes import names_bytes, text_bytes, texts_bytes

# What the other fields of an item's row and of an event take, rounded up.
_ITEM_BYTES = 1_024
_EVENT_BYTES = 200


@fast_frozen
class Commit:
    """One transaction: the changed items, each once, the new head, and the events."""

    before: Head
    head: Head
    items: tuple[Item, ...]
    events: tuple[Event, ...]
    # One for each event that made an item PENDING with a due time, where the ledger dispatches.
    due_rows: tuple[DueRow, ...] = ()

    @property
    def client_id(self) -> str | None:
        """Who asked for it over HTTP; the same in all of its events."""
        return self.events[0].client_id

    @property
    def finishes_lane(self) -> bool:
        """Whether it finishes the last items of a sealed lane, so that the job may be done."""
        before, after = self.before.counts, self.head.counts
        return self.head.mode is LaneMode.SEALED and before.unfinished > 0 == after.unfinished


def item_versions(commit: Commit) -> dict[str, int | None]:
    """For each item in its events, the offset it had when it was decided on; None: no such item.

    The head's version does not cover the items: they may have been read before another commit, and
    the head after it. An item refused as unknown counts as well, so that the journal cannot
    contradict the row.
    """
    versions: dict[str, int | None] = {}
    for event in commit.events:
        if event.item_id is not None:
            versions.setdefault(event.item_id, event.previous)
    return versions


@fast_frozen
class Decision:
    """The commits in order, and for each command its outcome and the commit it depends on.

    A command that left no event depends on the last commit before it, -1 if there is none.
    """

    commits: tuple[Commit, ...]
    outcomes: tuple[Outcome, ...]
    waits_for: tuple[int, ...]

    def final_outcomes(self, made: int) -> tuple[Outcome, ...]:
        """The outcomes that are final when only the first commits were made."""
        return self.outcomes[: sum(1 for commit in self.waits_for if commit < made)]


@dataclass(slots=True)
class _Draft:
    """A commit that is still growing."""

    before: Head
    items: dict[str, Item] = field(default_factory=dict)
    # The changed items, and those that were refused as unknown: the store checks both.
    touched: set[str] = field(default_factory=set)
    events: list[Event] = field(default_factory=list)
    due_rows: list[DueRow] = field(default_factory=list)
    item_bytes: int = 0
    event_bytes: int = 0

    def has_room(
        self, item_id: str | None, item_bytes: int, event_bytes: int, due_rows: int
    ) -> bool:
        more_items = item_id is not None and item_id not in self.touched
        rows = len(self.touched) + more_items + len(self.due_rows) + due_rows
        return (
            rows <= ITEMS_PER_COMMIT
            and self.item_bytes + self.event_bytes + item_bytes + event_bytes <= COMMIT_BYTES
            and self.event_bytes + event_bytes <= JOURNAL_ROW_BYTES
        )

    def commit(self, head: Head) -> Commit:
        items, events = tuple(self.items.values()), tuple(self.events)
        due_rows = tuple(self.due_rows)
        return Commit(before=self.before, head=head, items=items, events=events, due_rows=due_rows)


def decide(
    head: Head,
    items: Mapping[str, Item],
    commands: Iterable[LaneCommand],
    now: int,
    phase: JobPhase = JobPhase.RUNNING,
    *,
    client_id: str | None = None,
) -> Decision:
    """Decide all commands in order, each on the state after the ones before it.

    With `client_id` all of them were asked for by this client.
    """
    known = dict(items)
    commits: list[Commit] = []
    outcomes: list[Outcome] = []
    waits_for: list[int] = []
    draft = _Draft(before=head)
    dispatched = head.rules.dispatched
    for command in commands:
        item_id = command.item_id if isinstance(command, (Command, Resume)) else None
        before = None if item_id is None else known.get(item_id)
        if before is not None:
            before = effective_item(head, before)
        ruling = _rule(head, before, command, now, phase)
        if ruling.events:
            item_bytes, event_bytes = _sizes(before, ruling.events)
            due_rows = sum(map(_is_due, ruling.events)) if dispatched else 0
            if draft.events and not draft.has_room(item_id, item_bytes, event_bytes, due_rows):
                commits.append(draft.commit(head))
                draft = _Draft(before=head)
            draft.item_bytes += item_bytes
            draft.event_bytes += event_bytes
            if item_id is not None:
                draft.touched.add(item_id)
        after = before
        for event in _by_client(ruling.events, client_id):
            changed = evolve_item(after, event, head.offset)
            if dispatched and changed is not None and _is_due(event):
                draft.due_rows.append(_due_row(event, changed))
            head = evolve_head(head, event, after, changed)
            after = changed
            draft.events.append(event)
        if ruling.events and after is not None:
            known[after.item_id] = draft.items[after.item_id] = after
        outcomes.append(Outcome(kind=ruling.kind, reason=ruling.reason, item=after))
        waits_for.append(len(commits) if draft.events else len(commits) - 1)
    if draft.events:
        commits.append(draft.commit(head))
    return Decision(commits=tuple(commits), outcomes=tuple(outcomes), waits_for=tuple(waits_for))


def _is_due(event: Event) -> bool:
    return event.due_at is not None


def _due_row(event: Event, item: Item) -> DueRow:
    assert event.due_at is not None
    return DueRow(
        due_at=event.due_at, offset=item.offset, item_id=item.item_id, attempt=item.attempt + 1
    )


def bytes_of_new(commit: Commit) -> int:
    """At most how many bytes the items and the journal row of a lane's first commit take."""
    return sum(sum(_sizes(None, (event,))) for event in commit.events)


def _rule(head: Head, item: Item | None, command: LaneCommand, now: int, phase: JobPhase) -> Ruling:
    if isinstance(command, Command):
        ruling = rule(head, item, command, now, phase)
        return _naming_ignored(ruling, command.ignored) if command.ignored else ruling
    if isinstance(command, Resume):
        return _resume(head, item, command, now)
    if isinstance(command, FollowGate):
        if command.gate <= head.gate:
            return Ruling(kind=OutcomeKind.DUPLICATE, events=())
        closes = command.mode is LaneMode.CLOSED
        event = Event(
            kind=EventKind.GATED,
            at=now,
            gate=command.gate,
            mode=command.mode,
            held=command.held or None,
            previous=_closing_before(head) if closes else None,
            # With the closing every item is finished.
            resolved=head.counts.total + head.sums.again
            if closes and head.rules.dispatched
            else None,
        )
    else:
        event = Event(kind=EventKind.RECOUNTED, at=now, recount=command)
    return Ruling(kind=OutcomeKind.APPLIED, events=(event,))


def _naming_ignored(ruling: Ruling, names: tuple[str, ...]) -> Ruling:
    """The command's own event is the last: before it, it may have registered its item."""
    if not ruling.events:
        return ruling
    *before, own = ruling.events
    return replace(ruling, events=(*before, replace(own, ignored=names)))


def _resume(head: Head, item: Item | None, command: Resume, now: int) -> Ruling:
    over = head.gate >= command.gate
    if over or item is None or item.state is not ItemState.CANCELED or item.dropped:
        return Ruling(kind=OutcomeKind.DUPLICATE, events=())
    # With another number, a message from before the closing passes no fence.
    event = Event(
        kind=EventKind.RESUMED,
        at=now,
        item_id=item.item_id,
        previous=item.offset,
        attempt=item.attempt + 1,
        due_at=now if head.rules.dispatched else None,
    )
    return Ruling(kind=OutcomeKind.APPLIED, events=(event,))


def _by_client(events: tuple[Event, ...], client_id: str | None) -> tuple[Event, ...]:
    if client_id is None:
        return events
    return tuple(replace(event, client_id=client_id) for event in events)


def _closing_before(head: Head) -> int | None:
    return head.canceled_below - 1 if head.canceled_below else None


def _sizes(item: Item | None, events: tuple[Event, ...]) -> tuple[int, int]:
    """At most how many bytes a command adds to the item rows and to the journal row."""
    carried = 0
    for event in events:
        carried += text_bytes(event.item_id) + text_bytes(event.worker_id)
        carried += texts_bytes(event.payload, event.result, event.failure)
        carried += text_bytes(event.item_kind) + text_bytes(event.group)
        if event.ignored:
            carried += names_bytes(event.ignored)
    stored = 0 if item is None else texts_bytes(item.payload, item.result, item.failure)
    return _ITEM_BYTES + stored + carried, _EVENT_BYTES * len(events) + carried
