"""Creates or updates the stack on the engine, and keeps the engine from running functions."""

import json
import time
from collections.abc import Mapping
from typing import Any, Final

from botocore.exceptions import ClientError

from forgeledger.errors import ForgeLedgerError
from forgeledger.local.clients import Clients
from forgeledger.local.template import PackagedTemplate

DEPLOY_SECONDS: Final = 120.0
NO_CHANGE: Final = "No updates are to be performed"
_CAPABILITIES: Final = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]


class DeploymentFailed(ForgeLedgerError):
    """CloudFormation did not finish; the message names what failed and why."""


def deploy(
    clients: Clients,
    stack_name: str,
    template: PackagedTemplate,
    parameters: Mapping[str, str],
) -> None:
    """Bring the stack to this template; a stack that already has it is left alone."""
    client = clients.of("cloudformation")
    request = {
        "StackName": stack_name,
        "TemplateBody": template.body,
        "Parameters": [
            {"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()
        ],
        "Capabilities": _CAPABILITIES,
    }
    present = describe(clients, stack_name)
    try:
        if present is None:
            client.create_stack(**request)
        elif _is_current(clients, stack_name, present, template, parameters):
            return
        else:
            client.update_stack(**request)
    except ClientError as error:
        if NO_CHANGE not in str(error):
            raise DeploymentFailed(str(error)) from error
    _wait(clients, stack_name)
    silence(clients)


def describe(clients: Clients, stack_name: str) -> dict[str, Any] | None:
    try:
        response = clients.of("cloudformation").describe_stacks(StackName=stack_name)
    except ClientError as error:
        if error.response["Error"]["Code"] == "ValidationError":
            return None
        raise
    stack: dict[str, Any] = response["Stacks"][0]
    return stack


def silence(clients: Clients) -> None:
    """Turn off the engine's own mappings and schedules: it would lose what they carry."""
    functions = clients.of("lambda")
    for page in functions.get_paginator("list_event_source_mappings").paginate():
        for mapping in page["EventSourceMappings"]:
            functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    events = clients.of("events")
    for page in events.get_paginator("list_rules").paginate():
        for rule in page["Rules"]:
            if rule.get("ScheduleExpression"):
                events.disable_rule(Name=rule["Name"], EventBusName=rule["EventBusName"])


def _is_current(
    clients: Clients,
    stack_name: str,
    present: Mapping[str, Any],
    template: PackagedTemplate,
    parameters: Mapping[str, str],
) -> bool:
    if not present["StackStatus"].endswith("_COMPLETE") or "ROLLBACK" in present["StackStatus"]:
        return False
    given = {
        parameter["ParameterKey"]: parameter["ParameterValue"]
        for parameter in present.get("Parameters", [])
    }
    if any(given.get(key) != value for key, value in parameters.items()):
        return False
    body = template_of(clients, stack_name, "Original")
    return bool(body == json.loads(template.body))


def template_of(clients: Clients, stack_name: str, stage: str) -> Any:
    """The stack's template as given (`Original`) or after the SAM transform (`Processed`)."""
    response = clients.of("cloudformation").get_template(StackName=stack_name, TemplateStage=stage)
    body = response["TemplateBody"]
    return json.loads(body) if isinstance(body, str) else body


def _wait(clients: Clients, stack_name: str) -> None:
    deadline = time.monotonic() + DEPLOY_SECONDS
    while time.monotonic() < deadline:
        stack = describe(clients, stack_name)
        status = stack["StackStatus"] if stack else "GONE"
        if status in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}:
            return
        if not status.endswith("_IN_PROGRESS"):
            raise DeploymentFailed(
                f"stack {stack_name} is {status}: {_reasons(clients, stack_name)}"
            )
        time.sleep(0.05)
    raise DeploymentFailed(f"stack {stack_name} did not finish in {DEPLOY_SECONDS:.0f} s")


def _reasons(clients: Clients, stack_name: str) -> str:
    events = clients.of("cloudformation").describe_stack_events(StackName=stack_name)["StackEvents"]
    failed = [
        f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', 'no reason given')}"
        for event in events
        if "FAILED" in event.get("ResourceStatus", "")
    ]
    return "; ".join(failed) or "no reason given"
