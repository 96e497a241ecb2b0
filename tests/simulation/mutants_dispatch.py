"""Mutants of what a lane does for dispatch: its fence, due rows, closings and lost messages."""

from collections.abc import Callable, Iterator
from typing import Any
from unittest.mock import patch

from forgeledger.fast_dataclass import replace
from forgeledger.jobs.model import claim_rules, events, item_rules, lane_decision
from forgeledger.jobs.model.commands import Command, FollowGate, LaneCommand
from forgeledger.jobs.model.due_rows import DueRow
from forgeledger.jobs.model.events import Event, EventKind
from forgeledger.jobs.model.item_case import ItemCase, Ruling
from forgeledger.jobs.model.items import Failure, Item
from forgeledger.jobs.model.lanes import Head, LaneRules
from forgeledger.jobs.storage import item_rows, lane_writes
from forgeledger.jobs.usecases import apply_commands
from tests.simulation.mutant import Mutants

DISPATCH = Mutants()


def _claiming(name: str, change: Callable[[ItemCase], ItemCase]) -> None:
    """A mutant that decides claims of lanes that dispatch on another case."""

    @DISPATCH.named(name)
    def other_claims() -> Iterator[None]:
        original = claim_rules._claim_dispatched
        with patch.object(claim_rules, "_claim_dispatched", lambda case: original(change(case))):
            yield


def _with_command(case: ItemCase, **fields: Any) -> ItemCase:
    return replace(case, command=replace(case.command, **fields))


_claiming(
    "unfenced: a claim is granted whatever dispatch its message is for",
    lambda case: _with_command(case, dispatch=case.awaited_dispatch),
)
_claiming(
    "a claim is taken as one of the dispatch that its attempt names",
    lambda case: _with_command(case, dispatch=None),
)
_claiming(
    "a standing lease is not looked at by claims of the right dispatch",
    lambda case: replace(case, item=replace(case.item, lease_until=case.now)),
)


@DISPATCH.named("fenced by the attempt, which counts deliveries, alone")
def fenced_by_attempt() -> Iterator[None]:
    original = item_rules.claim

    def claim(case: ItemCase) -> Ruling:
        rules = replace(case.head.rules, dispatched=False)
        return original(replace(case, head=replace(case.head, rules=rules)))

    with patch.dict(item_rules._RULES, {item_rules.CommandKind.CLAIM: claim}):
        yield


@DISPATCH.named("a report for another dispatch is taken")
def reports_unfenced() -> Iterator[None]:
    with patch.object(ItemCase, "of_other_dispatch", property(lambda _: False)):
        yield


@DISPATCH.named("a report is fenced in jobs that do not dispatch, too")
def reports_always_fenced() -> Iterator[None]:
    def of_other_dispatch(case: ItemCase) -> bool:
        dispatch = case.command.dispatch
        return dispatch is not None and dispatch != case.awaited_dispatch

    with patch.object(ItemCase, "of_other_dispatch", property(of_other_dispatch)):
        yield


@DISPATCH.named("an item does not keep the dispatch of its claim")
def dispatch_not_stored() -> Iterator[None]:
    original = item_rows.encode_item

    def encode_item(pk: str, item: Item, ttl: int | None) -> Any:
        return original(pk, replace(item, dispatch=0), ttl)

    with patch.object(lane_writes, "encode_item", encode_item):
        yield


@DISPATCH.named("a lost message ends an item although a lease stands")
def lost_ignores_lease() -> Iterator[None]:
    with patch.object(item_rules, "_is_lost_message", lambda _: False):
        yield


@DISPATCH.named("a worker that names itself cannot fail its item without an attempt")
def holder_counts_as_lost() -> Iterator[None]:
    original = item_rules._is_lost_message

    def is_lost(case: ItemCase) -> bool:
        return original(_with_command(case, worker_id=None))

    with patch.object(item_rules, "_is_lost_message", is_lost):
        yield


def _writing(name: str, change: Callable[[list[DueRow]], list[DueRow]]) -> None:
    """A mutant that writes other due rows with a commit."""

    @DISPATCH.named(name)
    def other_rows() -> Iterator[None]:
        original = lane_decision._Draft.commit

        def commit(self: Any, head: Head) -> Any:
            made = original(self, head)
            return replace(made, due_rows=tuple(change(list(made.due_rows))))

        with patch.object(lane_decision._Draft, "commit", commit):
            yield


_writing(
    "one due row an item in a commit, not one an event",
    lambda rows: list({row.item_id: row for row in rows}.values()),
)
_writing("no due rows", lambda _: [])
_writing(
    "a due row is for the attempt that the item has",
    lambda rows: [replace(row, attempt=row.attempt - 1) for row in rows],
)
_writing(
    "the key of a due row is that of its commit's first",
    lambda rows: [replace(row, offset=rows[0].offset) for row in rows],
)


def _without_due_row(name: str, kind: EventKind) -> None:
    """A mutant in which events of this kind make an item pending without a due row."""

    @DISPATCH.named(name)
    def not_due() -> Iterator[None]:
        original = lane_decision._is_due

        def is_due(event: Event) -> bool:
            return event.kind is not kind and original(event)

        with patch.object(lane_decision, "_is_due", is_due):
            yield


_without_due_row("a released item has no due row", EventKind.RELEASED)
_without_due_row("a retried item has no due row", EventKind.RETRIED)
_without_due_row("a resumed item has no due row", EventKind.RESUMED)
_without_due_row("an expired item has no due row", EventKind.EXPIRED)
_without_due_row("an item with a time of its own has no due row", EventKind.REGISTERED)


@DISPATCH.named("due rows in jobs that do not dispatch, too")
def due_rows_everywhere() -> Iterator[None]:
    original = lane_decision.decide

    def decide(head: Head, *arguments: Any, **options: Any) -> Any:
        rules = replace(head.rules, dispatched=True)
        return original(replace(head, rules=rules), *arguments, **options)

    with patch.object(apply_commands, "decide", decide):
        yield


@DISPATCH.named("an item that is pending again has no due time")
def due_row_without_due_time() -> Iterator[None]:
    original = events._changes

    def changes(item: Item, event: Event) -> dict[str, Any]:
        again = event.kind in (EventKind.RELEASED, EventKind.RETRIED, EventKind.RESUMED)
        return original(item, event) | ({"due_at": None} if again else {})

    with patch.object(events, "_changes", changes):
        yield


@DISPATCH.named("a closing does not carry what is resolved")
def closing_without_resolved() -> Iterator[None]:
    original = lane_decision._rule

    def rule(head: Head, item: Item | None, command: LaneCommand, *more: Any) -> Ruling:
        ruling = original(head, item, command, *more)
        if not isinstance(command, FollowGate):
            return ruling
        gated = tuple(replace(event, resolved=None) for event in ruling.events)
        return replace(ruling, events=gated)

    with patch.object(lane_decision, "_rule", rule):
        yield


@DISPATCH.named("a closing carries what was resolved before it")
def closing_with_earlier_resolved() -> Iterator[None]:
    original = lane_decision._rule

    def rule(head: Head, item: Item | None, command: LaneCommand, *more: Any) -> Ruling:
        ruling = original(head, item, command, *more)
        before = head.counts.finished + head.sums.again
        gated = tuple(
            event if event.resolved is None else replace(event, resolved=before)
            for event in ruling.events
        )
        return replace(ruling, events=gated)

    with patch.object(lane_decision, "_rule", rule):
        yield


@DISPATCH.named("the wait that a worker names is ignored")
def retry_after_ignored() -> Iterator[None]:
    original = ItemCase.fail

    def fail(self: ItemCase, *arguments: Any) -> Ruling:
        return original(_with_command(self, retry_after_seconds=None), *arguments)

    with patch.object(ItemCase, "fail", fail):
        yield


@DISPATCH.named("a permanent error is retried")
def permanent_retried() -> Iterator[None]:
    with patch.object(LaneRules, "is_permanent", lambda *_: False):
        yield


@DISPATCH.named("where some errors are permanent, all are")
def everything_permanent() -> Iterator[None]:
    with patch.object(LaneRules, "is_permanent", lambda rules, _: bool(rules.permanent_errors)):
        yield


@DISPATCH.named("a heartbeat extends an attempt beyond its longest")
def heartbeat_beyond_run() -> Iterator[None]:
    original = ItemCase.lease_until

    def lease_until(self: ItemCase, claimed_at: int) -> int | None:
        # As if the attempt began now.
        return original(self, max(claimed_at, self.now))

    with patch.object(ItemCase, "lease_until", lease_until):
        yield


@DISPATCH.named("an attempt that used up its time has an expired lease")
def timed_out_as_expired() -> Iterator[None]:
    with patch.object(item_rules, "TIMED_OUT", item_rules.LEASE_EXPIRED):
        yield


@DISPATCH.named("every expiry counts as a time-out")
def expired_as_timed_out() -> Iterator[None]:
    with patch.object(item_rules, "LEASE_EXPIRED", Failure(type="TimedOut")):
        yield


@DISPATCH.named("an item may be claimed before its own time")
def claimed_before_its_time() -> Iterator[None]:
    def not_due(case: ItemCase) -> bool:
        waits = case.item.due_at is not None and case.item.due_at > case.now
        return waits and case.item.failure is not None

    with patch.object(ItemCase, "not_due", property(not_due)):
        yield


@DISPATCH.named("an item loses the kind and group that it was registered with")
def details_lost() -> Iterator[None]:
    original = item_rules.rule

    def rule(head: Head, item: Item | None, command: Command, *more: Any) -> Ruling:
        return original(head, item, replace(command, item_kind=None, group=None), *more)

    with patch.object(lane_decision, "rule", rule):
        yield
