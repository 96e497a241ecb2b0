"""From DynamoDB stream records to the jobs that the relay has to look at."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from forgeledger.jobs.model.ids import lanes_of
from forgeledger.jobs.model.wakes import Wake, WakeKind

# Reported for a record without a sequence number: Lambda then retries the whole batch.
_NO_NUMBER = ""


class UnknownRecord(ValueError):
    """A record that the event source's filter should have excluded."""


def read_wakes(records: Sequence[Any]) -> tuple[list[Wake], dict[str, Exception]]:
    """The wakes in order, and the errors of unreadable records by sequence number."""
    wakes: list[Wake] = []
    unreadable: dict[str, Exception] = {}
    for record in records:
        try:
            wakes.append(read_wake(record))
        except (LookupError, TypeError, AttributeError, ValueError) as error:
            unreadable[_sequence_number(record)] = error
    return wakes, unreadable


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
    return Wake(sequence_number=change["SequenceNumber"], kind=kind, job_id=job_id)


def batch_response(records: Sequence[Any], failed: Collection[str]) -> dict[str, Any]:
    """Report the first failed record: Lambda retries it and all records after it.

    Retrying those that did not fail is harmless: looking at a job twice changes nothing.
    """
    numbers = (_sequence_number(record) for record in records)
    first = next((number for number in numbers if number in failed), None)
    return {"batchItemFailures": [] if first is None else [{"itemIdentifier": first}]}


def _sequence_number(record: Any) -> str:
    try:
        return str(record["dynamodb"]["SequenceNumber"])
    except (LookupError, TypeError):
        return _NO_NUMBER
