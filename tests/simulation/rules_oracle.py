"""The state table, written a second time from the contract: which event follows a command.

It shares no code with the product, so that a defect of one shows as a difference.
"""

import zlib
from dataclasses import dataclass
from functools import cache
from operator import attrgetter

from forgeledger.jobs.model.commands import Command
from forgeledger.jobs.model.events import Event
from forgeledger.jobs.model.items import Failure, Item
from forgeledger.jobs.model.lanes import Head
from tests.simulation.dispatch_oracle import (
    answer_to_claim,
    expected_dispatch,
    is_foreign,
    is_given_back,
    is_held,
)

_FINISHED = {
    "COMPLETED": "already_completed",
    "FAILED": "already_failed",
    "CANCELED": "already_canceled",
}
_APPLIED = {
    "claim": "claimed",
    "heartbeat": "heartbeat",
    "complete": "completed",
    "fail": "failed",
    "release": "released",
    "retry": "retried",
    "expire": "expired",
    "cancel": "canceled",
}


@dataclass(frozen=True, slots=True)
class ExpectedEvent:
    # The event's kind; a rejection may have any of these reasons.
    kind: str
    reasons: frozenset[str] = frozenset()


# A retry is refused for its job before its item is looked at.
_OF_THE_JOB = frozenset({"job_canceled", "job_key_reused"})


def expected(  # noqa: C901, PLR0912, PLR0915 - The table of the contract, row by row.
    head: Head, item: Item | None, command: Command, at: int
) -> ExpectedEvent:
    """The event that a new command must leave in the journal."""
    kind = str(command.kind)
    if item is None:
        on_the_way = head.rules.registers_on_the_way and kind in ("claim", "complete", "fail")
        if kind != "register" and not on_the_way:
            return _rejected("unknown_item")
        if head.mode == "open":
            if kind != "register" and (command.attempt or 0) > 1_000:
                return _rejected("unknown_attempt")
            held = kind == "claim" and head.held
            return _rejected("job_held") if held else _event("registered")
        return _rejected("job_sealed" if head.mode == "sealed" else "job_closed")
    state, attempt = str(item.state), command.attempt
    stale = attempt is not None and attempt < item.attempt
    current = attempt is None or attempt == item.attempt
    # Further ahead than redelivery can explain.
    unknown = attempt is not None and attempt > item.attempt + 1_000
    foreign = is_foreign(head, item, command)
    other = _rejected("stale_attempt" if stale or foreign else "unknown_attempt")
    lease_over = item.lease_until is not None and item.lease_until <= at
    applied = _event(_APPLIED.get(kind, "?"))
    duplicate = _event("duplicate")
    finished = state in _FINISHED
    if kind == "claim":
        granted = _rejected("job_held") if head.held else applied
        former = attempt is not None and attempt <= item.attempt
        if finished:
            return _rejected(_FINISHED[state])
        if unknown:
            return other
        if head.rules.dispatched:
            answer = answer_to_claim(item, command, at)
            return {"granted": granted, "duplicate": duplicate}.get(answer) or _rejected(answer)
        if state == "PENDING":
            if former:
                return _rejected("stale_attempt")
            return granted if (item.due_at or 0) <= at else _rejected("not_due")
        named = command.worker_id is not None or command.attempt is not None
        same = named and command.worker_id == item.worker_id
        if same and current and not lease_over:
            return duplicate
        if former:
            return _rejected("stale_attempt")
        held = item.lease_until is not None and not lease_over and not same
        return _rejected("lease_held") if held else granted
    if kind == "heartbeat":
        if state != "IN_PROGRESS":
            return _rejected(_FINISHED.get(state, "not_in_progress"))
        return applied if current and not foreign else other
    if kind == "complete":
        if state == "COMPLETED":
            return duplicate
        if finished:
            return _rejected(_FINISHED[state])
        return other if stale or unknown or foreign else applied
    if kind == "fail":
        if attempt is not None and attempt == item.failed_attempt:
            return duplicate
        if finished:
            return _rejected(_FINISHED[state])
        if stale or unknown or foreign:
            return other
        if is_held(head, item, command, at):
            return _rejected("lease_held")
        return _event("resumed") if is_given_back(head, item, command) else applied
    if kind == "release":
        if finished:
            return _rejected(_FINISHED[state])
        if not current or foreign:
            return other
        return applied if state == "IN_PROGRESS" else duplicate
    if kind == "retry":
        if state == "PENDING":
            return ExpectedEvent("duplicate", _OF_THE_JOB)
        if state != "FAILED":
            return ExpectedEvent("rejected", frozenset({"not_failed", *_OF_THE_JOB}))
        if not current:
            return ExpectedEvent("rejected", other.reasons | _OF_THE_JOB)
        # JobChecks.check_retry checks them against the state of the job.
        forbidden = {*_OF_THE_JOB, "job_closed", "retention_over"}
        return ExpectedEvent("retried", frozenset(forbidden))
    if kind == "cancel":
        if state == "CANCELED":
            return duplicate
        if finished:
            return _rejected(_FINISHED[state])
        return applied if current else other
    assert kind == "expire", kind
    due = state == "IN_PROGRESS" and current and lease_over
    return applied if due else duplicate


@cache
def _rejected(reason: str) -> ExpectedEvent:
    return ExpectedEvent("rejected", frozenset({reason}))


@cache
def _event(kind: str) -> ExpectedEvent:
    return ExpectedEvent(kind)


def wrong_event(head: Head, item: Item | None, command: Command, event: Event) -> str | None:
    """Why this event must not be in the journal for this command; None if it may."""
    kind = str(event.kind)
    # Before its own event, a command may have registered its item.
    own = kind != "registered" or command.kind == "register"
    if event.ignored != (command.ignored if own else ()):
        return f"names {event.ignored} as ignored of {command.ignored}"
    allowed = expected(head, item, command, event.at)
    if kind == "rejected":
        if event.reason is None or event.reason not in allowed.reasons:
            return f"rejected as {event.reason}, expected {allowed}"
        recorded, reported = _reported(event), _reported(command)
        return _wrong_details(command, event) or (
            None if recorded == reported else f"recorded {recorded} of {reported}"
        )
    if kind != allowed.kind:
        return f"{kind}, expected {allowed}"
    if kind == "duplicate":
        return _wrong_details(command, event)
    if kind == "claimed":
        return _wrong_claim(head, item, command, event)
    if kind == "completed" and event.result != command.result:
        return "the result is not the worker's"
    if kind in ("failed", "expired"):
        return _wrong_failure(head, item, command, event)
    return _wrong_registration(command, event) if kind == "registered" else None


def _wrong_registration(command: Command, event: Event) -> str | None:
    registered = (event.payload, event.item_kind, event.group)
    if registered == (command.payload, command.item_kind, command.group):
        return None
    return f"registered with {registered}, not as the producer asked"


# Recorded of rejected commands too: the work for a rejected result may have taken hours.
_reported = attrgetter("payload", "result", "failure")


def _wrong_details(command: Command, event: Event) -> str | None:
    """Events that change nothing still record the command, attempt and worker."""
    sent = (command.kind, command.attempt, command.worker_id)
    recorded = (event.command, event.attempt, event.worker_id)
    return None if recorded == sent else f"recorded {recorded} of {sent}"


def _wrong_claim(head: Head, item: Item | None, command: Command, event: Event) -> str | None:
    before = item.attempt if item is not None else 0
    if event.attempt is None or event.attempt != max(before + 1, command.attempt or 0):
        return f"claimed as attempt {event.attempt} after {before}"
    if event.dispatch != expected_dispatch(head, item, command):
        return f"claimed for dispatch {event.dispatch} of {item}"
    seconds = command.lease_seconds or head.rules.lease_seconds
    longest = head.rules.run_seconds
    if longest:
        seconds = min(seconds or longest, longest)
    until = event.at + seconds * 1000 if seconds else None
    if event.lease_until != until:
        return f"leased until {event.lease_until}, not {until}"
    return None


def _wrong_failure(head: Head, item: Item | None, command: Command, event: Event) -> str | None:
    assert item is not None
    rules = head.rules
    attempt = item.attempt
    if command.kind == "fail":
        unclaimed = item.state == "PENDING" and command.attempt is None
        attempt = max(attempt + 1 if unclaimed else attempt, command.attempt or 0)
    if event.attempt != attempt:
        return f"failed as attempt {event.attempt}, not {attempt}"
    used = attempt - item.forgiven
    failure = command.failure or Failure(type="Error")
    if command.kind == "expire":
        failure = event.failure or failure
        allotted = (item.claimed_at or 0) + rules.run_seconds * 1000
        late = bool(rules.run_seconds) and (item.lease_until or 0) >= allotted
        if failure.type != ("TimedOut" if late else "LeaseExpired"):
            return f"expired as {failure.type}, with a lease until {item.lease_until}"
    # The numbers that the head has are the upper 24 bits of a CRC-32.
    permanent = zlib.crc32(failure.type.encode()) // 256 in rules.permanent_errors
    retryable = failure.retryable and not permanent
    if not retryable or used >= rules.max_attempts:
        return None if event.due_at is None else "retried with no attempt left"
    if event.due_at is None:
        return "failed for good with attempts left"
    if command.kind == "fail" and command.retry_after_seconds is not None:
        exactly = command.retry_after_seconds * 1000
        waits = event.due_at - event.at
        return None if waits == exactly else f"waits {waits} ms, not {exactly} as it was told"
    bound = min(rules.backoff_cap_seconds, rules.backoff_base_seconds * 2.0 ** (used - 1))
    # Full jitter, derived from the command's id.
    share = zlib.crc32(command.command_id.encode()) / 2**32
    wait = int(bound * 1000 * share)
    if event.due_at - event.at != wait:
        return f"waits {event.due_at - event.at} ms, not {wait} of at most {bound} s"
    return None
