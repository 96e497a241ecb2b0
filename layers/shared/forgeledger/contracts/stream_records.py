"""The records of a DynamoDB stream event, reduced to where the relay has to look."""

from collections.abc import Mapping
from typing import Any

from forgeledger.usecases.relaying import Wake, WakeKind


class UnknownRecord(ValueError):
    """A record that the filter criteria should have kept away."""


def read_wake(record: Mapping[str, Any]) -> Wake:
    change = record["dynamodb"]
    partition, sort = change["Keys"]["PK"]["S"], change["Keys"]["SK"]["S"]
    job_id = partition.removeprefix("JOB#").partition("#")[0]
    if sort == "LANE":
        kind = WakeKind.HEAD
    elif sort.startswith("FACT#"):
        kind = WakeKind.FACT
    else:
        raise UnknownRecord(f"{partition} {sort}")
    return Wake(change["SequenceNumber"], kind, job_id)
