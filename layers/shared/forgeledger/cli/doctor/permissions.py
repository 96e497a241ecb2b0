"""What the functions' roles allow, asked of IAM's simulator: nothing is called to find out."""

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


def check_permissions(patient: Target) -> Findings:
    """On AWS, and only of what the stack told the names."""
    part = Section("permissions")
    if patient.deployment.is_local:
        return
    table, bus = patient.resource("LedgerTable"), patient.resource("EventBus")
    rejects, commands = patient.resource("RejectQueue"), patient.resource("CommandQueue")
    if not (table and bus and rejects and commands):
        yield part.unknown("the resources are not known", "name the stack with --stack")
        return
    refused: list[str] = []
    for need in _needs(patient, table=table, bus=bus, rejects=rejects, commands=commands):
        role = patient.client("lambda").get_function_configuration(
            FunctionName=patient.resource(need.function) or need.function
        )["Role"]
        answer = patient.client("iam").simulate_principal_policy(
            PolicySourceArn=role,
            ActionNames=list(need.actions),
            ResourceArns=[need.resource_arn],
        )
        refused += [
            f"{need.function} may not {evaluation['EvalActionName']}"
            for evaluation in answer["EvaluationResults"]
            if evaluation["EvalDecision"] != "allowed"
        ]
    for told in refused:
        yield part.wrong(told, "deploy the template again, or look for a permissions boundary")
    if not refused:
        yield part.ok("the functions' roles allow what the functions do")


def _needs(
    patient: Target, *, table: str, bus: str, rejects: str, commands: str
) -> Iterator[_Need]:
    described = patient.client("dynamodb").describe_table(TableName=table)["Table"]
    table_arn = described["TableArn"]
    for function in ("IntakeFunction", "ApiFunction", "RelayFunction"):
        yield _Need(function=function, actions=_TABLE_ACTIONS, resource_arn=table_arn)
    for function, index in (("ApiFunction", "jobs-by-status"), ("RelayFunction", "jobs-open")):
        for arn in (table_arn, f"{table_arn}/index/{index}"):
            yield _Need(function=function, actions=("dynamodb:Query",), resource_arn=arn)
    yield _Need(
        function="IntakeFunction",
        actions=("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"),
        resource_arn=_queue_arn(patient, commands),
    )
    yield _Need(
        function="IntakeFunction",
        actions=("sqs:SendMessage",),
        resource_arn=_queue_arn(patient, rejects),
    )
    bus_arn = patient.client("events").describe_event_bus(Name=bus)["Arn"]
    yield _Need(function="RelayFunction", actions=("events:PutEvents",), resource_arn=bus_arn)


def _queue_arn(patient: Target, url: str) -> str:
    attributes = patient.client("sqs").get_queue_attributes(
        QueueUrl=url, AttributeNames=["QueueArn"]
    )["Attributes"]
    return str(attributes["QueueArn"])
