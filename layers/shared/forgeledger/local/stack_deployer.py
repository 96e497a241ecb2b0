"""Creates or updates the stack on the engine, and turns off the engine's event sources."""

import json
import time
from collections.abc import Mapping
from typing import Any, Final

from botocore.exceptions import ClientError

from forgeledger.aws.errors import code_of
from forgeledger.errors import ForgeLedgerError
from forgeledger.local.clients import Clients
from forgeledger.local.template import CODE_BUCKET, PackagedTemplate

_TEMPLATE_KEY: Final = "template.json"
DEPLOY_SECONDS: Final = 120.0
NO_CHANGE: Final = "No updates are to be performed"
_FINISHED: Final = {"CREATE_COMPLETE", "UPDATE_COMPLETE"}
_CAPABILITIES: Final = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]


class DeploymentFailed(ForgeLedgerError):
    """CloudFormation failed; the message names the resources and reasons."""


def deploy(
    clients: Clients,
    stack_name: str,
    template: PackagedTemplate,
    parameters: Mapping[str, str],
) -> None:
    """Create or update the stack, unless it has this template and these parameters."""
    client = clients.of("cloudformation")
    deployed = describe(clients, stack_name)
    if deployed and _is_current(clients, stack_name, deployed, template, parameters):
        return
    request = {
        "StackName": stack_name,
        "TemplateURL": _upload(clients, template),
        "Parameters": [
            {"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()
        ],
        "Capabilities": _CAPABILITIES,
    }
    try:
        if deployed is None:
            client.create_stack(**request)
        else:
            client.update_stack(**request)
    except ClientError as error:
        if NO_CHANGE not in str(error):
            raise DeploymentFailed(str(error)) from error
    _wait(clients, stack_name)
    disable_event_sources(clients)


def _upload(clients: Clients, template: PackagedTemplate) -> str:
    """By S3, as `sam deploy` does: a request itself may hold 51,200 bytes of a template."""
    s3 = clients.of("s3")
    s3.create_bucket(Bucket=CODE_BUCKET)
    s3.put_object(Bucket=CODE_BUCKET, Key=_TEMPLATE_KEY, Body=template.body.encode())
    return f"{clients.endpoint_url}/{CODE_BUCKET}/{_TEMPLATE_KEY}"


def describe(clients: Clients, stack_name: str) -> dict[str, Any] | None:
    try:
        response = clients.of("cloudformation").describe_stacks(StackName=stack_name)
    except ClientError as error:
        if code_of(error) == "ValidationError":
            return None
        raise
    stack: dict[str, Any] = response["Stacks"][0]
    return stack


def disable_event_sources(clients: Clients) -> None:
    """Turn off the engine's own mappings and schedules, which would lose events."""
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
    deployed: Mapping[str, Any],
    template: PackagedTemplate,
    parameters: Mapping[str, str],
) -> bool:
    if deployed["StackStatus"] not in _FINISHED:
        return False
    current = {
        parameter["ParameterKey"]: parameter["ParameterValue"]
        for parameter in deployed.get("Parameters", [])
    }
    if any(current.get(key) != value for key, value in parameters.items()):
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
        if status in _FINISHED:
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
