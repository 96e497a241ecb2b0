"""What a worker does after the ledger's answer to a claim."""

from dataclasses import dataclass
from typing import Final, Literal

from forgeledger.sdk.records import CommandAnswer, Item
from forgeledger.sdk.work.work_message import WorkMessage

# Nothing is left to do for the item, now or later.
_OVER: Final = frozenset(
    {"already_completed", "already_failed", "already_canceled", "job_closed", "job_canceled"}
)
# So that what is left of a lease does not lead to a flood of heartbeats.
_LEAST_SECONDS: Final = 3.0
# While a job is paused each refusal uses up a delivery of the message, so they come more rarely.
_FIRST_HELD_SECONDS: Final = 30
_MOST_HELD_SECONDS: Final = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """Whether a message's handler runs, with the granted attempt; or what becomes of the message.

    `drop` deletes the message; `hand_back` makes it visible again, not before `wait_seconds`.
    `lease_seconds` is the lease that was granted, if there is one.
    """

    action: Literal["run", "drop", "hand_back"]
    attempt: int | None = None
    lease_seconds: float | None = None
    wait_seconds: int = 0
    reason: str = ""


def admission_of(answer: CommandAnswer, work: WorkMessage) -> Admission:
    """A granted claim is one that is not rejected and whose item is in progress."""
    reason, item = answer.reason or answer.outcome, answer.item
    if not answer.is_rejected and item is not None and item.state == "IN_PROGRESS":
        lease_seconds = _lease_seconds(item, answer.outcome)
        return Admission(
            action="run", attempt=item.attempt, lease_seconds=lease_seconds, reason=reason
        )
    if reason in _OVER or _is_of_former_dispatch(answer, work):
        return Admission(action="drop", reason=reason)
    return Admission(action="hand_back", wait_seconds=_wait_seconds(answer, work), reason=reason)


def _lease_seconds(item: Item, outcome: str) -> float | None:
    """What is left of it: all of a new one, of that of a repeated claim perhaps nothing."""
    if item.lease_until is None or item.updated_at is None:
        return None
    left = (item.lease_until - item.updated_at).total_seconds()
    return left if outcome == "applied" else max(left, _LEAST_SECONDS)


def _is_of_former_dispatch(answer: CommandAnswer, work: WorkMessage) -> bool:
    """Whether the ledger has dispatched the item anew: then no claim by this message is granted.

    Another message of the same dispatch may have a former attempt, and still be needed.
    """
    item = answer.item
    if work.dispatch is None or item is None or answer.reason != "stale_attempt":
        return False
    awaited = item.dispatch if item.state == "IN_PROGRESS" else item.attempt + 1
    return awaited is not None and work.dispatch < awaited


def _wait_seconds(answer: CommandAnswer, work: WorkMessage) -> int:
    """Until the lease is over or the item is due, by the ledger's own clock, rounded up.

    How long a job is held its lanes do not know.
    """
    if answer.reason == "job_held":
        return min(_FIRST_HELD_SECONDS << min(work.deliveries - 1, 8), _MOST_HELD_SECONDS)
    item = answer.item
    if item is None or item.updated_at is None:
        return 0
    until = {"lease_held": item.lease_until, "not_due": item.due_at}.get(answer.reason or "")
    # The ledger has just recorded the refusal.
    return 0 if until is None else max(0, int((until - item.updated_at).total_seconds()) + 1)
