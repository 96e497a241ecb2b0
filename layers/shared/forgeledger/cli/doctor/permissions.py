"""Checks the functions' roles with IAM's policy simulator, without calling any of their actions."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from forgeledger.cli.doctor.findings import Findings, Section, Target

_TABLE_ACTIONS: Final = (
    "dynamodb:GetItem",
    "dynamodb:BatchGetItem",
    "dynamodb:PutItem",
    "dynamodb:UpdateItem",
    "dynamodb:ConditionCheckItem",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Need:
    function: str
    actions: tuple[str, ...]
    resource_arn: str


def check_permissions(target: Target) -> Findings:
    """Only on AWS, and only if the stack's resources are known."""
    section = Section("permissions")
    if target.is_local:
        return
    table, bus = target.resource("LedgerTable"), target.resource("EventBus")
    rejects, commands = target.resource("RejectQueue"), target.resource("CommandQueue")
    if not (table and bus and rejects and commands):
        yield section.unknown("the resources are not known", "name the stack with --stack")
        return
    refused: list[str] = []
    for need in _needs(target, table=table, bus=bus, rejects=rejects, commands=commands):
        role = target.client("lambda").get_function_configuration(
            FunctionName=target.resource(need.function) or need.function
        )["Role"]
        answer = target.client("iam").simulate_principal_policy(
            PolicySourceArn=role,
            ActionNames=list(need.actions),
            ResourceArns=[need.resource_arn],
        )
        refused += [
            f"{need.function} may not {evaluation['EvalActionName']}"
            for evaluation in answer["EvaluationResults"]
            if evaluation["EvalDecision"] != "allowed"
        ]
    for message in refused:
        yield section.wrong(
            message, "deploy the template again, or look for a permissions boundary"
        )
    if not refused:
        yield section.ok("the functions' roles have the permissions that they need")


def _needs(target: Target, *, table: str, bus: str, rejects: str, commands: str) -> Iterator[_Need]:
    described = target.client("dynamodb").describe_table(TableName=table)["Table"]
    table_arn = described["TableArn"]
    for function in ("IntakeFunction", "ApiFunction", "RelayFunction"):
        yield _Need(function=function, actions=_TABLE_ACTIONS, resource_arn=table_arn)
        yield _Need(function=function, actions=("dynamodb:Query",), resource_arn=table_arn)
    for function, index in (("ApiFunction", "jobs-by-status"), ("RelayFunction", "jobs-open")):
        yield _Need(
            function=function,
            actions=("dynamodb:Query",),
            resource_arn=f"{table_arn}/index/{index}",
        )
    yield _Need(
        function="IntakeFunction",
        actions=(
            "sqs:ReceiveMessage",
            "sqs:DeleteMessage",
            "sqs:GetQueueAttributes",
            "sqs:ChangeMessageVisibility",
        ),
        resource_arn=_queue_arn(target, commands),
    )
    yield _Need(
        function="IntakeFunction",
        actions=("sqs:SendMessage",),
        resource_arn=_queue_arn(target, rejects),
    )
    yield from _needs_of_clock(target, table_arn)
    bus_arn = target.client("events").describe_event_bus(Name=bus)["Arn"]
    for function in ("IntakeFunction", "RelayFunction"):
        yield _Need(function=function, actions=("events:PutEvents",), resource_arn=bus_arn)


def _needs_of_clock(target: Target, table_arn: str) -> Iterator[_Need]:
    wakes = target.resource("WakeQueue")
    if wakes is None:
        return
    wakes_arn = _queue_arn(target, wakes)
    yield _Need(function="ApiFunction", actions=("sqs:SendMessage",), resource_arn=wakes_arn)
    yield _Need(
        function="RelayFunction",
        actions=(
            "sqs:SendMessage",
            "sqs:ReceiveMessage",
            "sqs:DeleteMessage",
            "sqs:GetQueueAttributes",
        ),
        resource_arn=wakes_arn,
    )
    yield _Need(
        function="RelayFunction",
        actions=("dynamodb:Query",),
        resource_arn=f"{table_arn}/index/jobs-due",
    )


def _queue_arn(target: Target, url: str) -> str:
    attributes = target.client("sqs").get_queue_attributes(
        QueueUrl=url, AttributeNames=["QueueArn"]
    )["Attributes"]
    return str(attributes["QueueArn"])
