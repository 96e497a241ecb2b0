"""The project's template for tests: short forms expanded, resources by type."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from forgeledger.local.template import load_template

ROOT = Path(__file__).parents[2]
TEMPLATE = load_template((ROOT / "template.yaml").read_text(encoding="utf-8"))

FUNCTIONS = ("IntakeFunction", "ApiFunction", "RelayFunction")
FAILURE_QUEUES = ("CommandDeadLetterQueue", "RejectQueue", "RelayFailureQueue")


def properties(logical_id: str) -> dict[str, Any]:
    result: dict[str, Any] = TEMPLATE["Resources"][logical_id]["Properties"]
    return result


def resources(kind: str) -> dict[str, dict[str, Any]]:
    return {
        logical_id: resource["Properties"]
        for logical_id, resource in TEMPLATE["Resources"].items()
        if resource["Type"] == kind
    }


def environment(function: str) -> dict[str, Any]:
    """The function's environment variables, global ones included."""
    shared = TEMPLATE["Globals"]["Function"]["Environment"]["Variables"]
    return {**shared, **properties(function)["Environment"]["Variables"]}


def statements(role: str) -> Iterator[Mapping[str, Any]]:
    """The statements of a role, conditional ones included."""
    for policy in properties(role)["Policies"]:
        for statement in policy["PolicyDocument"]["Statement"]:
            match statement:
                case {"Fn::If": [_, granted, {"Ref": "AWS::NoValue"}]}:
                    yield granted
                case _:
                    yield statement


def resource_name(resource: Any) -> str:
    """`CommandQueue.Arn` for a GetAtt, a Ref's name, the text for a Sub, `str` for all else."""
    match resource:
        case {"Ref": str(name)}:
            return name
        case {"Fn::GetAtt": [logical_id, attribute]}:
            return f"{logical_id}.{attribute}"
        case {"Fn::Sub": str(text)}:
            return re.sub(r"\$\{(\w+\.\w+)\}", r"\1", text)
        case _:
            return str(resource)
