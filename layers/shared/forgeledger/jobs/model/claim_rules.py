"""Which claims are granted: by attempts and leases, and by dispatches where there are any."""

from typing import Final

from forgeledger.jobs.model.commands import Command
from forgeledger.jobs.model.events import EventKind
from forgeledger.jobs.model.item_case import ItemCase, Ruling
from forgeledger.jobs.model.items import Item, ItemState
from forgeledger.jobs.model.outcomes import Reason

FINISHED_REASONS: Final = {
    ItemState.COMPLETED: Reason.ALREADY_COMPLETED,
    ItemState.FAILED: Reason.ALREADY_FAILED,
    ItemState.CANCELED: Reason.ALREADY_CANCELED,
}


def claim(case: ItemCase) -> Ruling:
    item, command = case.item, case.command
    if item.finished:
        return case.reject(FINISHED_REASONS[item.state])
    if case.too_far_ahead:
        return case.reject_attempt()
    if case.head.rules.dispatched:
        return _claim_dispatched(case)
    former_owner = command.attempt is not None and command.attempt <= item.attempt
    if item.state is ItemState.IN_PROGRESS:
        same_worker = _same_worker(item, command)
        if same_worker and case.current and not case.lease_over:
            return case.duplicate()
        if former_owner:
            return case.reject(Reason.STALE_ATTEMPT)
        if not same_worker and case.lease_held:
            return case.reject(Reason.LEASE_HELD)
    elif former_owner:
        return case.reject(Reason.STALE_ATTEMPT)
    elif case.not_due:
        return case.reject(Reason.NOT_DUE)
    return _grant(case)


def _claim_dispatched(case: ItemCase) -> Ruling:
    """The claim of an unfinished item by a work message, which is for one dispatch of it.

    Attempts count the message's deliveries. By them alone an old message that is delivered once
    more could pass for the next one, and its item would be handed out twice.
    """
    item, command = case.item, case.command
    awaited = case.awaited_dispatch
    # A message that was sent without the ledger counts its deliveries from the first attempt on.
    dispatch = command.dispatch or command.attempt or awaited
    if item.state is ItemState.IN_PROGRESS:
        same_worker = _same_worker(item, command)
        if same_worker and dispatch == awaited and case.current and not case.lease_over:
            return case.duplicate()
        former_owner = command.attempt is not None and command.attempt <= item.attempt
        if dispatch != awaited or former_owner:
            return case.reject(Reason.STALE_ATTEMPT)
        if not same_worker and case.lease_held:
            return case.reject(Reason.LEASE_HELD)
    elif dispatch != awaited:
        return case.reject(Reason.STALE_ATTEMPT if dispatch < awaited else Reason.UNKNOWN_ATTEMPT)
    elif case.not_due:
        return case.reject(Reason.NOT_DUE)
    return _grant(case, dispatch)


def _same_worker(item: Item, claim: Command) -> bool:
    """Without a worker id or an attempt, two claims cannot be recognised as the same."""
    named = claim.worker_id is not None or claim.attempt is not None
    return named and claim.worker_id == item.worker_id


def _grant(case: ItemCase, dispatch: int | None = None) -> Ruling:
    if case.head.held:
        return case.reject(Reason.JOB_HELD)
    return case.apply(
        EventKind.CLAIMED,
        attempt=max(case.item.attempt + 1, case.command.attempt or 0),
        worker_id=case.command.worker_id,
        lease_until=case.lease_until(case.now),
        dispatch=dispatch,
    )
