"""Checks the functions, their event source mappings and the event bus."""

import json
from collections.abc import Mapping
from typing import Any, Final, cast

from forgeledger.bootstrap.settings import (
    ApiSettings,
    IntakeSettings,
    RelaySettings,
    Settings,
)
from forgeledger.cli.doctor.findings import Findings, Section, Target

_FUNCTIONS: Final[Mapping[str, type[Settings]]] = {
    "IntakeFunction": IntakeSettings,
    "ApiFunction": ApiSettings,
    "RelayFunction": RelaySettings,
}
# AWS asks for a visibility timeout of six times the function's timeout.
VISIBILITY_FACTOR: Final = 6
_HEALTHY: Final = ("", "OK", "No records processed", "PROBLEM: No records processed")
# EventBridge itself makes this rule for the stack's archive.
_ARCHIVE_RULE: Final = "Events-Archive-"
_MAKE_A_RULE: Final = "make a rule on job.completed, job.failed and job.canceled (docs/events.md)"


def check_functions(target: Target) -> Findings:
    for logical_id, settings in _FUNCTIONS.items():
        name = target.resource(logical_id)
        section = Section(logical_id.removesuffix("Function").lower() + " function")
        if name is None:
            yield section.unknown("its name is not known", "name the stack with --stack")
            continue
        function = target.client("lambda").get_function_configuration(FunctionName=name)
        values = function.get("Environment", {}).get("Variables", {})
        missing = settings.missing(values)
        yield from section.rules(
            (
                function.get("State", "Active") in {"Active", "Inactive"},
                f"it is {function.get('State')}: {function.get('StateReason', '')}",
                "deploy it again",
            ),
            (
                function.get("LastUpdateStatus", "Successful") != "Failed",
                f"its last update failed: {function.get('LastUpdateStatusReason', '')}",
                "deploy it again",
            ),
            (
                not missing,
                f"it lacks the variables {', '.join(missing)}",
                "deploy the template again",
            ),
        )


def check_queue_mapping(target: Target) -> Findings:
    section = Section("queue mapping")
    function = target.resource("IntakeFunction")
    queue = target.deployment.endpoints.command_queue_url
    if function is None or queue is None:
        return
    mapping = mapping_of(target, function, queue.rsplit("/", 1)[-1])
    if mapping is None:
        yield section.wrong(
            "no mapping feeds the command queue to the intake", "deploy the template"
        )
        return
    yield from mapping_state(target, section, mapping)
    limit = target.client("lambda").get_function_configuration(FunctionName=function)["Timeout"]
    visibility = int(
        target.client("sqs").get_queue_attributes(
            QueueUrl=queue, AttributeNames=["VisibilityTimeout"]
        )["Attributes"]["VisibilityTimeout"]
    )
    yield from section.rules(
        takes_partial_failures(mapping),
        (
            visibility >= VISIBILITY_FACTOR * limit,
            f"the visibility timeout is {visibility} s, and the intake may take {limit} s",
            f"set the queue's VisibilityTimeout to {VISIBILITY_FACTOR * limit}",
        ),
    )


def check_stream_mapping(target: Target) -> Findings:
    section = Section("stream mapping")
    function, table = target.resource("RelayFunction"), target.resource("LedgerTable")
    if function is None or table is None:
        return
    mapping = mapping_of(target, function, f"table/{table}/")
    if mapping is None:
        yield section.wrong(
            "no mapping feeds the table's stream to the relay, so no job is ever completed",
            f"deploy the template, then forgeledger reconcile --running{target.where.as_options()}",
        )
        return
    yield from mapping_state(target, section, mapping)
    yield from section.rules(
        takes_partial_failures(mapping),
        (
            bool(mapping.get("BisectBatchOnFunctionError")),
            "a failed batch is not bisected, so one bad record blocks a hundred",
            "set BisectBatchOnFunctionError",
        ),
        (
            int(mapping.get("MaximumRetryAttempts", -1)) >= 0,
            "a bad record is retried until it expires, and blocks all that follow it",
            "set MaximumRetryAttempts",
        ),
        (
            bool((mapping.get("DestinationConfig") or {}).get("OnFailure", {}).get("Destination")),
            "records whose retries are exhausted are discarded without a trace",
            "set an on-failure destination",
        ),
        (
            "FACT#" in _filters(mapping) and "LANE" in _filters(mapping),
            "its filters do not pass lane heads (LANE) and facts (FACT#)",
            "deploy the template again",
        ),
    )


def mapping_of(target: Target, function: str, source: str) -> Mapping[str, Any] | None:
    pages = target.client("lambda").get_paginator("list_event_source_mappings")
    for page in pages.paginate(FunctionName=function):
        for mapping in page["EventSourceMappings"]:
            if source in mapping.get("EventSourceArn", ""):
                return cast("Mapping[str, Any]", mapping)
    return None


def mapping_state(target: Target, section: Section, mapping: Mapping[str, Any]) -> Findings:
    if target.is_local:
        yield section.ok("polled by the local cloud, so the engine's own mapping is off")
        return
    state, last = mapping.get("State"), mapping.get("LastProcessingResult", "")
    if state not in {"Enabled", "Enabling", "Updating"}:
        yield section.wrong(f"it is {state}", "enable it")
    elif last not in _HEALTHY:
        yield section.warning(f"its last batch: {last}", "look at the function's log")


def takes_partial_failures(mapping: Mapping[str, Any]) -> tuple[bool, str, str]:
    return (
        "ReportBatchItemFailures" in (mapping.get("FunctionResponseTypes") or []),
        "it does not take partial failures, so a failed record is lost or its whole batch repeated",
        "set FunctionResponseTypes ReportBatchItemFailures",
    )


def _filters(mapping: Mapping[str, Any]) -> str:
    return json.dumps(mapping.get("FilterCriteria") or {})


def check_bus(target: Target) -> Findings:
    section = Section("event bus")
    name = target.resource("EventBus")
    if name is None:
        return
    client = target.client("events")
    client.describe_event_bus(Name=name)
    rules = client.list_rules(EventBusName=name)["Rules"]
    enabled = sorted(
        rule["Name"]
        for rule in rules
        if rule.get("State") == "ENABLED" and not rule["Name"].startswith(_ARCHIVE_RULE)
    )
    if not enabled:
        yield section.warning("no rule on it is enabled, so its events go nowhere", _MAKE_A_RULE)
        return
    with_target = {
        rule
        for rule in enabled
        if client.list_targets_by_rule(Rule=rule, EventBusName=name)["Targets"]
    }
    if with_target:
        yield section.ok(f"rules on it: {', '.join(sorted(with_target))}")
    if without := [rule for rule in enabled if rule not in with_target]:
        yield section.warning(
            f"without a target, so that nothing gets its events: {', '.join(without)}",
            "give the rule a target (docs/events.md), or delete it",
        )
