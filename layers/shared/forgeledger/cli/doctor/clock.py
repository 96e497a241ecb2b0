"""Checks what looks at jobs when their time comes: the wake queue, its mapping, and the tick."""

import json
from typing import Final

from forgeledger.cli.doctor.findings import Findings, Section, Target
from forgeledger.cli.doctor.functions import (
    VISIBILITY_FACTOR,
    mapping_of,
    mapping_state,
    takes_partial_failures,
)
from forgeledger.cli.doctor.queues import queue_attributes

_DEPLOY: Final = "deploy the template again"


def check_clock(target: Target) -> Findings:
    section = Section("clock")
    name = target.resource("RelayFunction")
    if name is None:
        return
    function = target.client("lambda").get_function_configuration(FunctionName=name)
    variables = function.get("Environment", {}).get("Variables", {})
    if variables.get("FORGELEDGER_EXECUTION") != "on":
        yield section.ok("off: scheduled rounds notice deadlines")
        return
    url = variables.get("FORGELEDGER_WAKE_QUEUE_URL") or ""
    mapping = mapping_of(target, name, url.rsplit("/", 1)[-1]) if url else None
    if mapping is None:
        yield section.wrong("no mapping feeds the wake queue to the relay", _DEPLOY)
        return
    yield from mapping_state(target, section, mapping)
    attributes = queue_attributes(target, url)
    longest = VISIBILITY_FACTOR * int(function["Timeout"])
    yield from section.rules(
        takes_partial_failures(mapping),
        (
            int(attributes["VisibilityTimeout"]) >= longest,
            f"wakes become visible again before {longest} s, while the relay may still run",
            _DEPLOY,
        ),
        (
            bool(json.loads(attributes.get("RedrivePolicy") or "{}")),
            "it has no dead-letter queue, so a wake that always fails comes for 14 days",
            _DEPLOY,
        ),
        (_ticks(target), "no enabled rule sends the tick, so times are found in rounds", _DEPLOY),
    )


def _ticks(target: Target) -> bool:
    """In the local cloud the engine's own rule is off, since schedules run outside of it."""
    rule = target.resource("RelayTick")
    if rule is None:
        return False
    described = target.client("events").describe_rule(Name=rule.rsplit("/", 1)[-1])
    return target.is_local or described.get("State") == "ENABLED"
