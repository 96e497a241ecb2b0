"""What a worker does after the ledger's answer to a claim."""

from dataclasses import dataclass
from typing import Final, Literal

from forgeledger.sdk.records import CommandAnswer, Item

# Nothing is left to do for the item, now or later.
_OVER: Final = frozenset(
    {"already_completed", "already_failed", "already_canceled", "job_closed", "job_canceled"}
)
# How long nobody asks again for an item of a held job: each time costs a delivery of its message.
_HELD_SECONDS: Final = 60
# So that what is left of a lease does not lead to a flood of heartbeats.
_LEAST_SECONDS: Final = 3.0


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


def admission_of(answer: CommandAnswer) -> Admission:
    """A granted claim is one that is not rejected and whose item is in progress."""
    reason, item = answer.reason or answer.outcome, answer.item
    if not answer.is_rejected and item is not None and item.state == "IN_PROGRESS":
        lease_seconds = _lease_seconds(item, answer.outcome)
        return Admission(
            action="run", attempt=item.attempt, lease_seconds=lease_seconds, reason=reason
        )
    if reason in _OVER:
        return Admission(action="drop", reason=reason)
    return Admission(action="hand_back", wait_seconds=_wait_seconds(answer), reason=reason)


def _lease_seconds(item: Item, outcome: str) -> float | None:
    """What is left of it: all of a new one, of that of a repeated claim perhaps nothing."""
    if item.lease_until is None or item.updated_at is None:
        return None
    left = (item.lease_until - item.updated_at).total_seconds()
    return left if outcome == "applied" else max(left, _LEAST_SECONDS)


def _wait_seconds(answer: CommandAnswer) -> int:
    """Until the lease is over or the item is due, by the ledger's own clock, rounded up.

    How long a job is held its lanes do not know.
    """
    if answer.reason == "job_held":
        return _HELD_SECONDS
    item = answer.item
    if item is None or item.updated_at is None:
        return 0
    until = {"lease_held": item.lease_until, "not_due": item.due_at}.get(answer.reason or "")
    # The ledger has just recorded the refusal.
    return 0 if until is None else max(0, int((until - item.updated_at).total_seconds()) + 1)
