"""Checks the table: keys, indexes, stream and TTL."""

from typing import Any, Final

from forgeledger.cli.doctor.findings import Findings, Section, Target

_INDEXES: Final = {
    "jobs-by-status": ["jobStatus", "jobId"],
    "jobs-open": ["open", "jobId"],
    "jobs-due": ["due", "wakeAt"],
}


def check_table(target: Target) -> Findings:
    section = Section("table")
    name = target.resource("LedgerTable")
    if name is None:
        yield section.unknown("its name is not known", "name the stack with --stack")
        return
    client = target.client("dynamodb")
    table = client.describe_table(TableName=name)["Table"]
    indexes = {index["IndexName"]: index for index in table.get("GlobalSecondaryIndexes", [])}
    stream = table.get("StreamSpecification", {})
    expiry = client.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    yield from section.rules(
        (
            table["TableStatus"] == "ACTIVE",
            f"it is {table['TableStatus']}",
            "wait, then check again",
        ),
        (_keys(table) == ["PK", "SK"], f"its keys are {_keys(table)}", "deploy the template again"),
        *(
            (
                index in indexes and _keys(indexes[index]) == keys,
                f"the index {index} is missing or has other keys than {', '.join(keys)}",
                "deploy the template; without it jobs are not listed, reconciled or found in time",
            )
            for index, keys in _INDEXES.items()
        ),
        (
            bool(stream.get("StreamEnabled")),
            "it has no stream, so no job is ever completed",
            "enable the stream and its mapping to the relay, then forgeledger reconcile --running"
            + target.where.as_options(),
        ),
        (
            # The local engine ignores it in a template.
            target.is_local
            or (
                expiry.get("TimeToLiveStatus") in {"ENABLED", "ENABLING"}
                and expiry.get("AttributeName") == "ttl"
            ),
            "TTL on the attribute ttl is off, so rows never expire",
            "enable TTL on the attribute ttl",
        ),
    )


def _keys(described: dict[str, Any]) -> list[str]:
    by_type = {key["KeyType"]: key["AttributeName"] for key in described["KeySchema"]}
    return [by_type[kind] for kind in ("HASH", "RANGE") if kind in by_type]
