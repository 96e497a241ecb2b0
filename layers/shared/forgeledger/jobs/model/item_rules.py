"""What one command does to one item: the state table, row by row, as pure functions."""

from collections.abc import Callable

from forgeledger.fast_dataclass import replace
from forgeledger.jobs.model.claim_rules import FINISHED_REASONS, claim
from forgeledger.jobs.model.commands import REGISTERS_ON_THE_WAY, Command, CommandKind
from forgeledger.jobs.model.events import Event, EventKind
from forgeledger.jobs.model.item_case import ItemCase, Ruling
from forgeledger.jobs.model.items import Failure, Item, ItemState
from forgeledger.jobs.model.jobs import JobPhase
from forgeledger.jobs.model.lanes import Head, LaneMode
from forgeledger.jobs.model.outcomes import OutcomeKind, Reason

LEASE_EXPIRED = Failure(type="LeaseExpired", message="no heartbeat within the lease")
# What the reader of dead work messages says of their items.
WORKER_LOST = Failure(
    type="WorkerLost",
    message="its work message was delivered again and again, and no worker ended it",
    retryable=False,
)
TIMED_OUT = Failure(type="TimedOut", message="the attempt took longer than runSeconds")


def rule(head: Head, item: Item | None, command: Command, now: int, phase: JobPhase) -> Ruling:
    """Decide one command on the item; the events are not yet applied."""
    if item is None:
        return _rule_on_unknown(head, command, now, phase)
    if command.kind is CommandKind.REGISTER:
        # A redelivery could not change anything either, so it leaves no mark.
        return Ruling(kind=OutcomeKind.DUPLICATE, events=())
    mark = command.mark
    return _answer_before(item, command, mark) or _RULES[command.kind](
        ItemCase(head=head, item=item, command=command, mark=mark, now=now, phase=phase)
    )


def _answer_before(item: Item, command: Command, mark: str) -> Ruling | None:
    """The answer to a redelivered command: the same as before.

    Except that a granted claim is rejected if another worker has the item by now: its sender would
    take any other answer as permission to start.
    """
    for entry in reversed(item.seen):
        if entry.startswith(mark):
            refused = entry[len(mark) :]
            if refused:
                return Ruling(kind=OutcomeKind.REJECTED, events=(), reason=Reason(refused))
            if command.kind is CommandKind.CLAIM and _taken_over(item, command):
                return Ruling(kind=OutcomeKind.REJECTED, events=(), reason=Reason.STALE_ATTEMPT)
            return Ruling(kind=OutcomeKind.DUPLICATE, events=())
    return None


def _taken_over(item: Item, claim: Command) -> bool:
    if item.state is not ItemState.IN_PROGRESS:
        return False
    former = claim.attempt is not None and claim.attempt < item.attempt
    return former or claim.worker_id != item.worker_id


def _rule_on_unknown(head: Head, command: Command, now: int, phase: JobPhase) -> Ruling:
    on_the_way = head.rules.registers_on_the_way and command.kind in REGISTERS_ON_THE_WAY
    if command.kind is not CommandKind.REGISTER and not on_the_way:
        return _refuse_unknown(command, now, Reason.UNKNOWN_ITEM)
    mark = command.mark
    if head.mode is LaneMode.SEALED:
        return _refuse_unknown(command, now, Reason.JOB_SEALED)
    if head.mode is LaneMode.CLOSED:
        return _refuse_unknown(command, now, Reason.JOB_CLOSED)
    registered = Event(
        kind=EventKind.REGISTERED,
        at=now,
        item_id=command.item_id,
        mark=mark,
        payload=command.payload,
        item_kind=command.item_kind,
        group=command.group,
    )
    if command.kind is CommandKind.REGISTER:
        if command.not_before is not None and command.not_before > now:
            registered = replace(registered, due_at=command.not_before)
        return Ruling(kind=OutcomeKind.APPLIED, events=(registered,))
    fresh = Item(item_id=command.item_id, state=ItemState.PENDING, offset=head.offset)
    case = ItemCase(head=head, item=fresh, command=command, mark=mark, now=now, phase=phase)
    then = _RULES[command.kind](case)
    if then.reason is not None:
        # A rejected command must not create an item.
        return _refuse_unknown(command, now, then.reason)
    return Ruling(kind=then.kind, events=(registered, *then.events))


def _refuse_unknown(command: Command, now: int, reason: Reason) -> Ruling:
    event = Event(
        kind=EventKind.REJECTED,
        at=now,
        item_id=command.item_id,
        mark=command.mark,
        command=command.kind,
        reason=reason,
        attempt=command.attempt,
        worker_id=command.worker_id,
        payload=command.payload,
        result=command.result,
        failure=command.failure,
    )
    return Ruling(kind=OutcomeKind.REJECTED, events=(event,), reason=reason)


def _heartbeat(case: ItemCase) -> Ruling:
    item = case.item
    if item.state is not ItemState.IN_PROGRESS:
        return case.reject(FINISHED_REASONS.get(item.state, Reason.NOT_IN_PROGRESS))
    if not case.current or case.of_other_dispatch:
        return case.reject_attempt()
    lease_until = case.lease_until(item.claimed_at or case.now)
    if not case.lease_seconds or lease_until is None:
        # There is nothing by which it could be extended.
        lease_until = item.lease_until
    elif item.lease_until is not None:
        lease_until = max(lease_until, item.lease_until)
    return case.apply(EventKind.HEARTBEAT, lease_until=lease_until)


def _complete(case: ItemCase) -> Ruling:
    item, command = case.item, case.command
    if item.state is ItemState.COMPLETED:
        return case.duplicate()
    if item.finished:
        return case.reject(FINISHED_REASONS[item.state])
    if case.stale or case.too_far_ahead or case.of_other_dispatch:
        return case.reject_attempt()
    return case.apply(
        EventKind.COMPLETED,
        attempt=max(item.attempt, command.attempt or 0),
        worker_id=command.worker_id,
        result=command.result,
    )


def _fail(case: ItemCase) -> Ruling:
    item, command = case.item, case.command
    if command.attempt is not None and command.attempt == item.failed_attempt:
        return case.duplicate()
    if item.finished:
        return case.reject(FINISHED_REASONS[item.state])
    if case.stale or case.too_far_ahead or case.of_other_dispatch:
        return case.reject_attempt()
    if _is_lost_message(case):
        if case.lease_held:
            return case.reject(Reason.LEASE_HELD)
        if case.head.held and item.state is ItemState.PENDING and _is_worker_lost(command):
            # The lane itself refused the claims: its item waits for another dispatch.
            return case.apply(EventKind.RESUMED, attempt=item.attempt + 1, due_at=case.due_now)
    attempt = max(item.attempt, command.attempt or 0)
    if item.state is ItemState.PENDING and command.attempt is None:
        # The item was not claimed, so this failure counts as an attempt.
        attempt += 1
    failure = command.failure or Failure(type="Error")
    return case.fail(EventKind.FAILED, attempt, failure, command.worker_id)


def _is_lost_message(case: ItemCase) -> bool:
    """Whether the failure is told of a dispatch as a whole, as by the reader of dead messages.

    It names no attempt, since each delivery has raised it. A worker that holds the item is known by
    its name, and may report without an attempt as anywhere.
    """
    item, command = case.item, case.command
    of_dispatch = command.dispatch is not None and command.attempt is None
    by_holder = command.worker_id is not None and command.worker_id == item.worker_id
    return case.head.rules.dispatched and of_dispatch and not by_holder


def _is_worker_lost(command: Command) -> bool:
    return command.failure is not None and command.failure.type == WORKER_LOST.type


def _release(case: ItemCase) -> Ruling:
    item = case.item
    if item.finished:
        return case.reject(FINISHED_REASONS[item.state])
    if not case.current or case.of_other_dispatch:
        return case.reject_attempt()
    if item.state is ItemState.PENDING:
        return case.duplicate()
    return case.apply(EventKind.RELEASED, due_at=case.due_now)


def _retry(case: ItemCase) -> Ruling:
    item = case.item
    if case.phase is JobPhase.KEY_MOVED:
        return case.reject(Reason.JOB_KEY_REUSED)
    if case.phase is JobPhase.CANCELED:
        return case.reject(Reason.JOB_CANCELED)
    if item.state is ItemState.PENDING:
        return case.duplicate()
    if item.state is not ItemState.FAILED:
        return case.reject(Reason.NOT_FAILED)
    if not case.current:
        return case.reject_attempt()
    if case.phase is JobPhase.ENDING:
        return case.reject(Reason.JOB_CLOSED)
    if case.phase is JobPhase.PAST:
        return case.reject(Reason.RETENTION_OVER)
    return case.apply(EventKind.RETRIED, due_at=case.due_now)


def _expire(case: ItemCase) -> Ruling:
    item = case.item
    if item.state is not ItemState.IN_PROGRESS or not case.current or not case.lease_over:
        return case.duplicate()
    ends_at = case.head.rules.run_ends_at(item.claimed_at or 0)
    ran_out = ends_at is not None and ends_at <= (item.lease_until or 0)
    failure = TIMED_OUT if ran_out else LEASE_EXPIRED
    return case.fail(EventKind.EXPIRED, item.attempt, failure, None)


def _cancel(case: ItemCase) -> Ruling:
    item = case.item
    if item.state is ItemState.CANCELED:
        return case.duplicate()
    if item.finished:
        return case.reject(FINISHED_REASONS[item.state])
    if not case.current:
        return case.reject_attempt()
    return case.apply(EventKind.CANCELED, worker_id=case.command.worker_id)


_RULES: dict[CommandKind, Callable[[ItemCase], Ruling]] = {
    CommandKind.CLAIM: claim,
    CommandKind.HEARTBEAT: _heartbeat,
    CommandKind.COMPLETE: _complete,
    CommandKind.FAIL: _fail,
    CommandKind.RELEASE: _release,
    CommandKind.RETRY: _retry,
    CommandKind.EXPIRE: _expire,
    CommandKind.CANCEL: _cancel,
}
