"""One command on one item: the case to decide, and the rulings that can end it."""

from typing import Any

from forgeledger.fast_dataclass import fast_frozen
from forgeledger.jobs.model.commands import Command
from forgeledger.jobs.model.events import Event, EventKind
from forgeledger.jobs.model.items import Failure, Item, ItemState
from forgeledger.jobs.model.jobs import JobPhase
from forgeledger.jobs.model.lanes import Head
from forgeledger.jobs.model.limits import ATTEMPTS_AHEAD
from forgeledger.jobs.model.outcomes import OutcomeKind, Reason


@fast_frozen
class Ruling:
    """The outcome of a command, its reason, and its events for the journal."""

    kind: OutcomeKind
    events: tuple[Event, ...]
    reason: Reason | None = None


@fast_frozen
class ItemCase:
    """A command, its item, and what else the rules need."""

    head: Head
    item: Item
    command: Command
    mark: str
    now: int
    phase: JobPhase

    @property
    def stale(self) -> bool:
        return self.command.attempt is not None and self.command.attempt < self.item.attempt

    @property
    def current(self) -> bool:
        return self.command.attempt is None or self.command.attempt == self.item.attempt

    @property
    def too_far_ahead(self) -> bool:
        """Whether the attempt must be a mistake: accepted, it would fence off all real ones."""
        attempt = self.command.attempt
        return attempt is not None and attempt > self.item.attempt + ATTEMPTS_AHEAD

    @property
    def lease_over(self) -> bool:
        return self.item.lease_until is not None and self.item.lease_until <= self.now

    @property
    def not_due(self) -> bool:
        return self.item.due_at is not None and self.item.due_at > self.now

    @property
    def lease_held(self) -> bool:
        return self.item.lease_until is not None and not self.lease_over

    @property
    def awaited_dispatch(self) -> int:
        """Which dispatch of the item commands are expected to be for."""
        item = self.item
        return item.dispatch if item.state is ItemState.IN_PROGRESS else item.attempt + 1

    @property
    def of_other_dispatch(self) -> bool:
        """Whether the command says that it is for another one: a message from before."""
        dispatch = self.command.dispatch
        return (
            dispatch is not None
            and self.head.rules.dispatched
            and dispatch != self.awaited_dispatch
        )

    @property
    def due_now(self) -> int | None:
        """The due time of an item that is pending again, where the ledger dispatches."""
        return self.now if self.head.rules.dispatched else None

    def apply(self, kind: EventKind, **fields: Any) -> Ruling:
        return Ruling(kind=OutcomeKind.APPLIED, events=(self._event(kind, **fields),))

    def duplicate(self) -> Ruling:
        return Ruling(kind=OutcomeKind.DUPLICATE, events=(self._unchanged(EventKind.DUPLICATE),))

    def reject(self, reason: Reason) -> Ruling:
        """Reject, but record what the worker reported: a result may have cost hours."""
        command = self.command
        event = self._unchanged(
            EventKind.REJECTED, reason=reason, result=command.result, failure=command.failure
        )
        return Ruling(kind=OutcomeKind.REJECTED, events=(event,), reason=reason)

    def reject_attempt(self) -> Ruling:
        return self.reject(
            Reason.STALE_ATTEMPT if self.stale or self.of_other_dispatch else Reason.UNKNOWN_ATTEMPT
        )

    @property
    def lease_seconds(self) -> int:
        """The lease that the command asks for; 0: none."""
        seconds = self.command.lease_seconds
        return self.head.rules.lease_seconds if seconds is None else seconds

    def lease_until(self, claimed_at: int) -> int | None:
        """The end of a lease that begins now, of an attempt that began then."""
        seconds = self.lease_seconds
        until = self.now + seconds * 1000 if seconds else None
        last = self.head.rules.run_ends_at(claimed_at)
        if until is None or last is None:
            return last if until is None else until
        return min(until, last)

    def fail(self, kind: EventKind, attempt: int, failure: Failure, worker: str | None) -> Ruling:
        """Record a failure: with a due time while attempts are left, otherwise for good."""
        due_at = None
        rules = self.head.rules
        if failure.retryable and not rules.is_permanent(failure.type):
            failures = attempt - self.item.forgiven
            wait_ms = rules.retry_wait_ms(failures, self.command.jitter)
            after = self.command.retry_after_seconds
            if wait_ms is not None and after is not None and kind is EventKind.FAILED:
                wait_ms = after * 1000
            due_at = None if wait_ms is None else self.now + wait_ms
        return self.apply(kind, attempt=attempt, worker_id=worker, failure=failure, due_at=due_at)

    def _unchanged(self, kind: EventKind, **more: Any) -> Event:
        """The event of a command that changed nothing."""
        command = self.command
        return self._event(
            kind, command=command.kind, attempt=command.attempt, worker_id=command.worker_id, **more
        )

    def _event(self, kind: EventKind, **fields: Any) -> Event:
        item = self.item
        return Event(
            kind=kind,
            at=self.now,
            item_id=item.item_id,
            previous=item.offset,
            mark=self.mark,
            **fields,
        )
