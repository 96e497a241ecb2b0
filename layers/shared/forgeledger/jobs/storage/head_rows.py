"""A lane's head as a row: created once, then updated with each commit."""

from base64 import b64decode, b64encode
from functools import lru_cache
from typing import Final

from forgeledger.aws.dynamodb.attributes import (
    Row,
    compact_json,
    decoder,
    number,
    optional_text,
    parse_json,
    text,
)
from forgeledger.batched import batched
from forgeledger.jobs.model.lanes import Head, LaneMode, LaneRules
from forgeledger.jobs.model.sums import Sums
from forgeledger.jobs.storage.counts_rows import counts_attributes, decode_attributes
from forgeledger.jobs.storage.keys import head_key

_REGISTERS, _DISPATCHED = 1, 2
# Of the number of an error type.
_ERROR_BYTES: Final = 3
_MODES: Final = {mode.value: mode for mode in LaneMode}
_DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
# What each commit changes; the rules never change.
HEAD_NAMES: Final = {"#offset": "offset"}
HEAD_SET: Final = (
    "SET #offset = :offset, commitId = :commit, pending = :pending, inProgress = :inProgress, "
    "completed = :completed, failed = :failed, canceled = :canceled, failings = :failings, "
    "sums = :sums"
)
# Whether a lane still has the gate and the counts that a verdict was decided on.
HEAD_UNCHANGED: Final = (
    "gate = :gate AND pending = :pending AND inProgress = :inProgress AND completed = :completed "
    "AND failed = :failed AND canceled = :canceled AND failings = :failings"
)


def encode_head(head: Head) -> Row:
    """The row of a new lane, which has no TTL until its job is finished."""
    return {
        **head_key(head.job_id, head.lane),
        "rules": text(encode_rules(head.rules)),
        "offset": number(head.offset),
        "gate": number(head.gate),
        "mode": text(head.mode.value),
        "failures": text(compact_json(dict(head.failures))),
        "sums": text(encode_sums(head.sums)),
        **held_attribute(held=head.held),
        **closing_attributes(head),
        **counts_attributes(head.counts),
    }


def held_attribute(*, held: bool) -> Row:
    return {"held": number(1)} if held else {}


def closing_attributes(head: Head) -> Row:
    """Below which offset the latest closings canceled, and when; none if the lane never closed.

    Packed, since a head with the longest names has just room for it in its one write unit.
    """
    if head.closed_at is None:
        return {}
    closings = (head.canceled_below, head.closed_at, *(head.earlier_closing or ()))
    return {"closings": text(" ".join(map(_base_36, closings)))}


def _base_36(value: int) -> str:
    digits = ""
    while value:
        value, digit = divmod(value, len(_DIGITS))
        digits = _DIGITS[digit] + digits
    return digits or "0"


@decoder
def decode_head(row: Row) -> Head:
    job_id, _, lane = row["PK"]["S"].removeprefix("JOB#").rpartition("#")
    failures = row["failures"]["S"]
    below, closed_at, earlier = _decode_closings(optional_text(row, "closings"))
    return Head(
        job_id=job_id,
        lane=int(lane),
        rules=decode_rules(row["rules"]["S"]),
        counts=decode_attributes(row),
        failures=() if failures == "{}" else tuple(parse_json(failures).items()),
        sums=_decode_sums(row["sums"]["S"]),
        mode=_MODES[row["mode"]["S"]],
        held="held" in row,
        gate=int(row["gate"]["N"]),
        offset=int(row["offset"]["N"]),
        canceled_below=below,
        closed_at=closed_at,
        earlier_closing=earlier,
    )


def encode_sums(sums: Sums) -> str:
    """Eight numbers as one text, which takes half the bytes of attributes with names."""
    return (
        f"{sums.claims} {sums.failures} {sums.expired} {sums.released} "
        f"{sums.run_ms} {sums.queue_ms} {sums.again} {sums.retrying}"
    )


def _decode_sums(written: str) -> Sums:
    claims, failures, expired, released, run_ms, queue_ms, again, retrying = written.split(" ")
    return Sums(
        claims=int(claims),
        failures=int(failures),
        expired=int(expired),
        released=int(released),
        run_ms=int(run_ms),
        queue_ms=int(queue_ms),
        again=int(again),
        retrying=int(retrying),
    )


def _decode_closings(written: str | None) -> tuple[int, int | None, tuple[int, int] | None]:
    if written is None:
        return 0, None, None
    below, at, *earlier = (int(part, len(_DIGITS)) for part in written.split(" "))
    return below, at, (earlier[0], earlier[1]) if earlier else None


def commit_id_of(row: Row) -> str | None:
    return optional_text(row, "commitId")


@lru_cache(maxsize=256)
def encode_rules(rules: LaneRules) -> str:
    """Packed, and seconds of the backoff as milliseconds: names would take a tenth of the row."""
    values = (
        rules.max_attempts,
        rules.lease_seconds,
        round(rules.backoff_base_seconds * 1000),
        round(rules.backoff_cap_seconds * 1000),
        _REGISTERS * rules.registers_on_the_way | _DISPATCHED * rules.dispatched,
        rules.ttl_days,
        rules.run_seconds,
    )
    errors = b"".join(number.to_bytes(_ERROR_BYTES) for number in rules.permanent_errors)
    return " ".join((*map(_base_36, values), b64encode(errors).decode()))


@lru_cache(maxsize=256)
def decode_rules(written: str) -> LaneRules:
    *values, errors = written.split(" ")
    attempts, lease, base, cap, flags, days, run = (int(value, len(_DIGITS)) for value in values)
    return LaneRules(
        max_attempts=attempts,
        lease_seconds=lease,
        backoff_base_seconds=base / 1000,
        backoff_cap_seconds=cap / 1000,
        registers_on_the_way=bool(flags & _REGISTERS),
        ttl_days=days,
        dispatched=bool(flags & _DISPATCHED),
        run_seconds=run,
        permanent_errors=tuple(map(int.from_bytes, batched(b64decode(errors), _ERROR_BYTES))),
    )
