"""A healthy deployment as AWS would describe it; a test breaks one part of it."""

import copy
import json
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

FIFO = {
    "FifoQueue": "true",
    "FifoThroughputLimit": "perMessageGroupId",
    "DeduplicationScope": "messageGroup",
    "MaximumMessageSize": "1048576",
    "ApproximateNumberOfMessages": "0",
    "VisibilityTimeout": "180",
}
NAMES = {
    "CommandQueue": "https://sqs.test/1/commands.fifo",
    "RejectQueue": "https://sqs.test/1/rejects.fifo",
    "RelayFailureQueue": "https://sqs.test/1/failures",
    "WakeQueue": "https://sqs.test/1/wakes",
    "WorkQueue": "https://sqs.test/1/work",
    "RelayTick": "stack|tick",
    "LedgerTable": "ledger",
    "EventBus": "bus",
    "IntakeFunction": "intake",
    "ApiFunction": "api",
    "RelayFunction": "relay",
}
LETTERS = "https://sqs.test/1/letters.fifo"
MAPPING = {"State": "Enabled", "FunctionResponseTypes": ["ReportBatchItemFailures"]}
HEALTHY: dict[str, Any] = {
    "stack": {"StackStatus": "UPDATE_COMPLETE"},
    "queues": {
        NAMES["CommandQueue"]: {
            **FIFO,
            "QueueArn": "arn:aws:sqs:eu-west-1:1:commands.fifo",
            "RedrivePolicy": json.dumps(
                {
                    "deadLetterTargetArn": "arn:aws:sqs:eu-west-1:1:letters.fifo",
                    "maxReceiveCount": 30,
                }
            ),
        },
        NAMES["RejectQueue"]: {**FIFO, "QueueArn": "arn:aws:sqs:eu-west-1:1:rejects.fifo"},
        NAMES["RelayFailureQueue"]: {"ApproximateNumberOfMessages": "0"},
        NAMES["WakeQueue"]: {
            "QueueArn": "arn:aws:sqs:eu-west-1:1:wakes",
            "VisibilityTimeout": "180",
            "RedrivePolicy": '{"maxReceiveCount": 5}',
        },
        LETTERS: dict(FIFO),
    },
    "table": {
        "TableStatus": "ACTIVE",
        "TableArn": "arn:aws:dynamodb:eu-west-1:1:table/ledger",
        "KeySchema": [
            {"KeyType": "HASH", "AttributeName": "PK"},
            {"KeyType": "RANGE", "AttributeName": "SK"},
        ],
        "GlobalSecondaryIndexes": [
            {
                "IndexName": name,
                "KeySchema": [
                    {"KeyType": "HASH", "AttributeName": key},
                    {"KeyType": "RANGE", "AttributeName": range_key},
                ],
            }
            for name, key, range_key in (
                ("jobs-by-status", "jobStatus", "jobId"),
                ("jobs-due", "due", "wakeAt"),
                ("jobs-open", "open", "jobId"),
            )
        ],
        "StreamSpecification": {"StreamEnabled": True},
    },
    "expiry": {"TimeToLiveStatus": "ENABLED", "AttributeName": "ttl"},
    "functions": {
        name: {
            "Timeout": 30,
            "Role": f"arn:aws:iam::1:role/{name}",
            "Environment": {
                "Variables": dict.fromkeys(
                    (
                        "FORGELEDGER_TABLE",
                        "FORGELEDGER_COMMAND_QUEUE_URL",
                        "FORGELEDGER_REJECT_QUEUE_URL",
                        "FORGELEDGER_IDEMPOTENCY_TABLE",
                        "FORGELEDGER_EVENT_BUS",
                    ),
                    "x",
                )
                | {
                    "FORGELEDGER_EXECUTION": "on",
                    "FORGELEDGER_WAKE_QUEUE_URL": NAMES["WakeQueue"],
                    "FORGELEDGER_WORK_QUEUE_URL": NAMES["WorkQueue"],
                }
            },
        }
        for name in ("intake", "api", "relay")
    },
    "mappings": {
        "intake": [{**MAPPING, "EventSourceArn": "arn:aws:sqs:eu-west-1:1:commands.fifo"}],
        "relay": [
            {
                **MAPPING,
                "EventSourceArn": "arn:aws:dynamodb:eu-west-1:1:table/ledger/stream/1",
                "BisectBatchOnFunctionError": True,
                "MaximumRetryAttempts": 5,
                "DestinationConfig": {"OnFailure": {"Destination": "arn:aws:sqs:1:failures"}},
                "FilterCriteria": {"Filters": [{"Pattern": "LANE"}, {"Pattern": "FACT#"}]},
            },
            {**MAPPING, "EventSourceArn": "arn:aws:sqs:eu-west-1:1:wakes"},
        ],
    },
    "tick": {"State": "ENABLED"},
    "rules": [{"Name": "job-ends", "State": "ENABLED"}],
    "targets": {"job-ends": [{"Id": "queue", "Arn": "arn:aws:sqs:eu-west-1:1:job-ends"}]},
    "forbidden": [],
    "send_error": "MissingParameter",
}


def refused(operation: str, code: str = "AccessDeniedException") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, operation)


@dataclass
class FakeDeployment:
    """All services in one: their calls have names of their own."""

    answers: dict[str, Any] = field(default_factory=lambda: copy.deepcopy(HEALTHY))
    # Calls that these credentials may not make.
    denied: set[str] = field(default_factory=set)

    def __getattribute__(self, name: str) -> Any:
        if not name.startswith("_") and name in object.__getattribute__(self, "denied"):
            raise refused(name)
        return object.__getattribute__(self, name)

    def get_caller_identity(self) -> dict[str, Any]:
        return {"Arn": "arn:aws:iam::1:user/someone"}

    def describe_stacks(self, **request: Any) -> dict[str, Any]:
        outputs = [{"OutputKey": "ApiUrl", "OutputValue": "https://api.test"}]
        return {"Stacks": [{"Outputs": outputs, **self.answers["stack"]}]}

    def describe_stack_resources(self, **request: Any) -> dict[str, Any]:
        return {
            "StackResources": [
                {"LogicalResourceId": name, "PhysicalResourceId": value}
                for name, value in NAMES.items()
            ]
        }

    def get_queue_attributes(self, **request: Any) -> dict[str, Any]:
        return {"Attributes": self.answers["queues"][request["QueueUrl"]]}

    def get_queue_url(self, **request: Any) -> dict[str, Any]:
        return {"QueueUrl": f"https://sqs.test/1/{request['QueueName']}"}

    def send_message(self, **request: Any) -> dict[str, Any]:
        assert "MessageGroupId" not in request  # Or it would be taken.
        if self.answers["send_error"]:
            raise refused("SendMessage", self.answers["send_error"])
        return {}

    def describe_table(self, **request: Any) -> dict[str, Any]:
        return {"Table": self.answers["table"]}

    def describe_time_to_live(self, **request: Any) -> dict[str, Any]:
        return {"TimeToLiveDescription": self.answers["expiry"]}

    def get_function_configuration(self, **request: Any) -> dict[str, Any]:
        function: dict[str, Any] = self.answers["functions"][request["FunctionName"]]
        return function

    def get_paginator(self, call: str) -> Any:
        return self

    def paginate(self, **request: Any) -> list[dict[str, Any]]:
        return [{"EventSourceMappings": self.answers["mappings"][request["FunctionName"]]}]

    def simulate_principal_policy(self, **request: Any) -> dict[str, Any]:
        return {
            "EvaluationResults": [
                {
                    "EvalActionName": action,
                    "EvalDecision": "implicitDeny"
                    if (request["PolicySourceArn"].rsplit("/", 1)[1], action)
                    in self.answers["forbidden"]
                    else "allowed",
                }
                for action in request["ActionNames"]
            ]
        }

    def describe_event_bus(self, **request: Any) -> dict[str, Any]:
        return {"Arn": "arn:aws:events:eu-west-1:1:event-bus/bus"}

    def list_rules(self, **request: Any) -> dict[str, Any]:
        return {"Rules": self.answers["rules"]}

    def describe_rule(self, **request: Any) -> dict[str, Any]:
        assert request == {"Name": NAMES["RelayTick"]}
        tick: dict[str, Any] = self.answers["tick"]
        return tick

    def list_targets_by_rule(self, **request: Any) -> dict[str, Any]:
        assert request["EventBusName"] == NAMES["EventBus"]
        return {"Targets": self.answers["targets"].get(request["Rule"], [])}
