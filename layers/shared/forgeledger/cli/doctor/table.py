"""The table: keys, indexes, stream, expiry."""

from typing import Any, Final

from forgeledger.cli.doctor.findings import Findings, Section, Target

_INDEXES: Final = {
    "jobs-by-status": ["jobStatus", "jobId"],
    "jobs-open": ["open", "jobId"],
}


def check_table(patient: Target) -> Findings:
    part = Section("table")
    name = patient.resource("LedgerTable")
    if name is None:
        yield part.unknown("its name is not known", "name the stack with --stack")
        return
    client = patient.client("dynamodb")
    table = client.describe_table(TableName=name)["Table"]
    indexes = {index["IndexName"]: index for index in table.get("GlobalSecondaryIndexes", [])}
    stream = table.get("StreamSpecification", {})
    expiry = client.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    yield from part.rules(
        (table["TableStatus"] == "ACTIVE", f"it is {table['TableStatus']}", "wait, then ask again"),
        (_keys(table) == ["PK", "SK"], f"its keys are {_keys(table)}", "deploy the template anew"),
        *(
            (
                index in indexes and _keys(indexes[index]) == keys,
                f"the index {index} is missing or has other keys than {', '.join(keys)}",
                "deploy the template; jobs are not listed and not reconciled without it",
            )
            for index, keys in _INDEXES.items()
        ),
        (
            bool(stream.get("StreamEnabled")),
            "it has no stream, so no job is ever completed",
            "enable the stream and its mapping to the relay, then forgeledger reconcile --running"
            + patient.where.repeated(),
        ),
        (
            # The local engine leaves it out when it makes a table from a template.
            patient.deployment.is_local
            or (
                expiry.get("TimeToLiveStatus") in {"ENABLED", "ENABLING"}
                and expiry.get("AttributeName") == "ttl"
            ),
            "expiry by the attribute ttl is off, so rows are kept for ever",
            "enable time to live on the attribute ttl",
        ),
    )


def _keys(described: dict[str, Any]) -> list[str]:
    by_type = {each["KeyType"]: each["AttributeName"] for each in described["KeySchema"]}
    return [by_type[kind] for kind in ("HASH", "RANGE") if kind in by_type]
