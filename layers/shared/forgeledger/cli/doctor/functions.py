"""The functions: what feeds them, how failures are handled, and what they know of the rest."""

import json
from collections.abc import Mapping
from typing import Any, Final

from forgeledger.cli.doctor.findings import Finding, Findings, Section, Target

_FUNCTIONS: Final = {
    "IntakeFunction": ("FORGELEDGER_TABLE", "FORGELEDGER_REJECT_QUEUE_URL"),
    "ApiFunction": ("FORGELEDGER_TABLE", "FORGELEDGER_IDEMPOTENCY_TABLE"),
    "RelayFunction": ("FORGELEDGER_TABLE", "FORGELEDGER_EVENT_BUS"),
}
# What AWS asks for between a queue's visibility timeout and its function's time limit.
_VISIBILITY_FACTOR: Final = 6
_HEALTHY: Final = ("", "OK", "No records processed", "PROBLEM: No records processed")


def check_functions(patient: Target) -> Findings:
    for logical_id, variables in _FUNCTIONS.items():
        name = patient.resource(logical_id)
        part = Section(_words(logical_id))
        if name is None:
            yield part.unknown("its name is not known", "name the stack with --stack")
            continue
        told = patient.client("lambda").get_function_configuration(FunctionName=name)
        known = told.get("Environment", {}).get("Variables", {})
        missing = [variable for variable in variables if not known.get(variable)]
        yield from part.rules(
            (
                told.get("State", "Active") in {"Active", "Inactive"},
                f"it is {told.get('State')}: {told.get('StateReason', '')}",
                "deploy it again",
            ),
            (
                told.get("LastUpdateStatus", "Successful") != "Failed",
                f"its last update failed: {told.get('LastUpdateStatusReason', '')}",
                "deploy it again",
            ),
            (not missing, f"it lacks {', '.join(missing)}", "deploy the template again"),
        )


def check_queue_mapping(patient: Target) -> Findings:
    part = Section("queue mapping")
    function = patient.resource("IntakeFunction")
    queue = patient.deployment.command_queue_url
    if function is None or queue is None:
        return
    mapping = _mapping(patient, function, queue.rsplit("/", 1)[-1])
    if mapping is None:
        yield part.wrong("nothing feeds the command queue to the intake", "deploy the template")
        return
    yield from _state(patient, part, mapping)
    limit = patient.client("lambda").get_function_configuration(FunctionName=function)["Timeout"]
    visibility = int(
        patient.client("sqs").get_queue_attributes(
            QueueUrl=queue, AttributeNames=["VisibilityTimeout"]
        )["Attributes"]["VisibilityTimeout"]
    )
    yield from part.rules(
        _reports(mapping),
        (
            visibility >= _VISIBILITY_FACTOR * limit,
            f"messages are visible again after {visibility} s, and the intake may take {limit} s",
            f"set the queue's VisibilityTimeout to {_VISIBILITY_FACTOR * limit}",
        ),
    )


def check_stream_mapping(patient: Target) -> Findings:
    part = Section("stream mapping")
    function, table = patient.resource("RelayFunction"), patient.resource("LedgerTable")
    if function is None or table is None:
        return
    mapping = _mapping(patient, function, f"table/{table}/")
    if mapping is None:
        yield part.wrong(
            "nothing feeds the table's stream to the relay, so no job is ever completed",
            f"deploy the template, then forgeledger reconcile --running{patient.where.repeated()}",
        )
        return
    yield from _state(patient, part, mapping)
    yield from part.rules(
        _reports(mapping),
        (
            bool(mapping.get("BisectBatchOnFunctionError")),
            "a batch that fails is not halved, so one bad record holds up a hundred",
            "set BisectBatchOnFunctionError",
        ),
        (
            int(mapping.get("MaximumRetryAttempts", -1)) >= 0,
            "a bad record is tried until it expires, and holds up all behind it",
            "set MaximumRetryAttempts",
        ),
        (
            bool((mapping.get("DestinationConfig") or {}).get("OnFailure", {}).get("Destination")),
            "records that are given up leave no trace",
            "set an on-failure destination",
        ),
        (
            "FACT#" in _filters(mapping) and "LANE" in _filters(mapping),
            "its filters do not let heads (LANE) and facts (FACT#) through",
            "deploy the template again",
        ),
    )


def _mapping(patient: Target, function: str, source: str) -> Mapping[str, Any] | None:
    pages = patient.client("lambda").get_paginator("list_event_source_mappings")
    for page in pages.paginate(FunctionName=function):
        for mapping in page["EventSourceMappings"]:
            arn = mapping.get("EventSourceArn", "")
            if source in arn:
                found: Mapping[str, Any] = mapping
                return found
    return None


def _state(patient: Target, part: Section, mapping: Mapping[str, Any]) -> Findings:
    if patient.deployment.is_local:
        yield part.ok("fed by the local cloud, so the engine's own mapping is off")
        return
    state, last = mapping.get("State"), mapping.get("LastProcessingResult", "")
    if state not in {"Enabled", "Enabling", "Updating"}:
        yield part.wrong(f"it is {state}", "enable it")
    elif last not in _HEALTHY:
        yield part.warning(f"its last batch: {last}", "look into the function's log")


def _reports(mapping: Mapping[str, Any]) -> tuple[bool, str, str]:
    return (
        "ReportBatchItemFailures" in (mapping.get("FunctionResponseTypes") or []),
        "it takes no partial answers, so whatever fails in a batch is lost or done again",
        "set FunctionResponseTypes ReportBatchItemFailures",
    )


def _filters(mapping: Mapping[str, Any]) -> str:
    return json.dumps(mapping.get("FilterCriteria") or {})


def _words(logical_id: str) -> str:
    return logical_id.removesuffix("Function").lower() + " function"


def check_bus(patient: Target) -> Findings:
    part = Section("event bus")
    name = patient.resource("EventBus")
    if name is None:
        return
    client = patient.client("events")
    client.describe_event_bus(Name=name)
    rules = client.list_rules(EventBusName=name)["Rules"]
    listening = [rule["Name"] for rule in rules if rule.get("State") == "ENABLED"]
    yield _listeners(part, listening)


def _listeners(part: Section, names: list[str]) -> Finding:
    if names:
        return part.ok(f"rules on it: {', '.join(sorted(names))}")
    return part.warning("no rule listens, so nobody is told", "make a rule on job.completed")
