"""The records of a DynamoDB stream event, reduced to where the relay has to look."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from forgeledger.jobs.model.ids import lanes_of
from forgeledger.jobs.model.wakes import Wake, WakeKind

# What a record without a sequence number is called: Lambda takes it for the whole batch.
_NAMELESS = ""


class UnknownRecord(ValueError):
    """A record that the filter criteria should have kept away."""


def read_wakes(records: Sequence[Any]) -> tuple[list[Wake], dict[str, Exception]]:
    """What can be read, in order; and of the rest, by sequence number, why it cannot."""
    wakes: list[Wake] = []
    unread: dict[str, Exception] = {}
    for record in records:
        try:
            wakes.append(read_wake(record))
        except (LookupError, TypeError, AttributeError, ValueError) as error:
            unread[_sequence_number(record)] = error
    return wakes, unread


def read_wake(record: Mapping[str, Any]) -> Wake:
    change = record["dynamodb"]
    partition, sort = change["Keys"]["PK"]["S"], change["Keys"]["SK"]["S"]
    prefix, _, name = partition.partition("#")
    job_id = name.partition("#")[0]
    if prefix != "JOB" or lanes_of(job_id) is None:
        raise UnknownRecord(f"{partition} {sort}")
    if sort == "LANE":
        kind = WakeKind.HEAD
    elif sort.startswith("FACT#"):
        kind = WakeKind.FACT
    else:
        raise UnknownRecord(f"{partition} {sort}")
    return Wake(change["SequenceNumber"], kind, job_id)


def answer(records: Sequence[Any], failed: Collection[str]) -> dict[str, Any]:
    """What Lambda is told: the first record that failed, where it goes on.

    It would take the lowest of several all the same. The records behind come again with it, whether
    they failed or not; looking at a job twice is harmless.
    """
    numbers = (_sequence_number(record) for record in records)
    first = next((number for number in numbers if number in failed), None)
    return {"batchItemFailures": [] if first is None else [{"itemIdentifier": first}]}


def _sequence_number(record: Any) -> str:
    try:
        return str(record["dynamodb"]["SequenceNumber"])
    except (LookupError, TypeError):
        return _NAMELESS
