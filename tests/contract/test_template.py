"""The template and the code agree on settings, handlers, event sources and limits."""

import ast
import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from forgeledger.bootstrap import settings
from forgeledger.clock.storage.due_index import JOBS_DUE
from forgeledger.jobs.model.delivery import redelivery_seconds
from forgeledger.jobs.model.limits import MESSAGE_BYTES
from forgeledger.jobs.storage.keys import JOBS_BY_STATUS, JOBS_OPEN
from forgeledger.local.filters import matches_any, parse_criteria
from forgeledger.local.function_process import LOCAL_SETTINGS
from forgeledger.local.template import package
from tests.support.deployed_template import (
    FUNCTIONS,
    ROOT,
    TEMPLATE,
    environment,
    properties,
    resources,
)

SETTINGS = {
    "IntakeFunction": settings.IntakeSettings,
    "ApiFunction": settings.ApiSettings,
    "RelayFunction": settings.RelaySettings,
}
SAM_CONFIG = tomllib.loads((ROOT / "samconfig.toml").read_text())
STAGES = ("local", "dev", "prod")


class RecordingEnvironment(Mapping[str, str]):
    """An environment that has every variable, and records which were read."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.names.add(name)
        return "value"

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)


def event_sources(function: str, kind: str) -> list[dict[str, Any]]:
    events = properties(function).get("Events", {}).values()
    return [event["Properties"] for event in events if event["Type"] == kind]


def record(event_name: str, sort_key: str) -> dict[str, Any]:
    keys = {"PK": {"S": "JOB#01KAJXPF80000APN59HKNHY2PJ-8"}, "SK": {"S": sort_key}}
    return {"eventName": event_name, "dynamodb": {"Keys": keys}}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_each_function_finds_exactly_the_settings_that_it_reads(function):
    recorded = RecordingEnvironment()

    SETTINGS[function].read(recorded)

    given = {name for name in environment(function) if name.startswith("FORGELEDGER_")}
    assert given == recorded.names - LOCAL_SETTINGS.keys()


@pytest.mark.parametrize("function", FUNCTIONS)
def test_each_function_has_a_service_name_of_its_own_and_the_common_namespace(function):
    variables = environment(function)

    assert variables["POWERTOOLS_SERVICE_NAME"]["Fn::Sub"].startswith("${AWS::StackName}-")
    assert variables["POWERTOOLS_METRICS_NAMESPACE"] == "ForgeLedger"
    assert variables["POWERTOOLS_LOG_LEVEL"] == {"Ref": "LogLevel"}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_each_handler_exists(function):
    module, name = TEMPLATE["Globals"]["Function"]["Handler"].split(".")
    source = ROOT / properties(function)["CodeUri"] / f"{module}.py"

    defined = {
        node.name
        for node in ast.parse(source.read_text()).body
        if isinstance(node, ast.FunctionDef)
    }

    assert name in defined


def test_botocore_changes_with_a_deployment_only():
    assert TEMPLATE["Globals"]["Function"]["RuntimeManagementConfig"] == {
        "UpdateRuntimeOn": "FunctionUpdate"
    }
    assert not [name for name in FUNCTIONS if "RuntimeManagementConfig" in properties(name)]


def test_queue_and_stream_report_the_failed_records_only():
    [commands] = event_sources("IntakeFunction", "SQS")
    [ledger] = event_sources("RelayFunction", "DynamoDB")

    assert commands["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert ledger["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_the_stream_bisects_retries_a_few_times_and_then_gives_up():
    [ledger] = event_sources("RelayFunction", "DynamoDB")

    assert ledger["BisectBatchOnFunctionError"] is True
    # The next round does what a dropped record left undone: no record need block its shard.
    assert 0 < ledger["MaximumRetryAttempts"] <= 5
    assert "MaximumRecordAgeInSeconds" not in ledger
    assert ledger["StartingPosition"] == "TRIM_HORIZON"
    assert ledger["DestinationConfig"]["OnFailure"]["Destination"] == {
        "Fn::GetAtt": ["RelayFailureQueue", "Arn"]
    }


@pytest.mark.parametrize(
    ("event_name", "sort_key", "wakes"),
    [
        ("INSERT", "LANE", True),
        ("MODIFY", "LANE", True),
        ("INSERT", "FACT#000000000001", True),
        ("REMOVE", "LANE", False),
        ("REMOVE", "FACT#000000000001", False),
        ("MODIFY", "FACT#000000000001", False),
        ("INSERT", "JOB", False),
        ("MODIFY", "JOB", False),
        ("INSERT", "ITEM#LANE", False),
        ("MODIFY", "ITEM#invoice-17", False),
        ("INSERT", "LOG#000000000001", False),
    ],
)
def test_only_heads_and_new_facts_wake_the_relay(event_name, sort_key, wakes):
    [ledger] = event_sources("RelayFunction", "DynamoDB")
    patterns = parse_criteria(ledger["FilterCriteria"])

    assert matches_any(patterns, record(event_name, sort_key)) is wakes


def test_the_stream_carries_keys_and_the_filters_name_nothing_else():
    [ledger] = event_sources("RelayFunction", "DynamoDB")

    patterns = [json.loads(entry["Pattern"]) for entry in ledger["FilterCriteria"]["Filters"]]

    assert properties("LedgerTable")["StreamSpecification"] == {"StreamViewType": "KEYS_ONLY"}
    assert all(set(pattern) == {"eventName", "dynamodb"} for pattern in patterns)
    assert all(set(pattern["dynamodb"]) == {"Keys"} for pattern in patterns)


def test_messages_stay_hidden_for_six_times_the_intakes_timeout():
    visibility_seconds = properties("CommandQueue")["VisibilityTimeout"]

    assert visibility_seconds >= 6 * properties("IntakeFunction")["Timeout"]


def test_an_outage_of_an_hour_moves_no_command_to_the_dead_letter_queue():
    queue = properties("CommandQueue")
    receives = range(1, queue["RedrivePolicy"]["maxReceiveCount"] + 1)

    assert sum(map(redelivery_seconds, receives)) >= 3_600
    # Where the intake cannot set a delay, the queue's own is no shorter than any of them.
    assert max(map(redelivery_seconds, receives)) <= queue["VisibilityTimeout"]


@pytest.mark.parametrize("queue", ["CommandQueue", "CommandDeadLetterQueue", "RejectQueue"])
def test_command_queues_are_fifo_in_high_throughput_without_content_deduplication(queue):
    queue_properties = properties(queue)

    assert queue_properties["FifoQueue"] is True
    assert queue_properties["DeduplicationScope"] == "messageGroup"
    assert queue_properties["FifoThroughputLimit"] == "perMessageGroupId"
    assert queue_properties["ContentBasedDeduplication"] is False
    assert queue_properties["MaximumMessageSize"] == {"Ref": "MaximumMessageBytes"}
    assert TEMPLATE["Parameters"]["MaximumMessageBytes"]["Default"] == MESSAGE_BYTES


def test_every_queue_is_encrypted_and_refuses_open_connections():
    refusing = {
        queue["Ref"]
        for policy in resources("AWS::SQS::QueuePolicy").values()
        for queue in policy["Queues"]
        if policy["PolicyDocument"]["Statement"][0]["Condition"]
        == {"Bool": {"aws:SecureTransport": "false"}}
    }

    queues = resources("AWS::SQS::Queue")

    assert refusing == set(queues)
    assert all(queue["SqsManagedSseEnabled"] is True for queue in queues.values())


def test_the_ledger_is_what_the_storage_expects():
    table = properties("LedgerTable")

    assert [key["AttributeName"] for key in table["KeySchema"]] == ["PK", "SK"]
    indexes = {index["IndexName"] for index in table["GlobalSecondaryIndexes"]}
    assert indexes == {JOBS_BY_STATUS, JOBS_OPEN, JOBS_DUE}
    assert table["TimeToLiveSpecification"] == {"AttributeName": "ttl", "Enabled": True}
    assert table["BillingMode"] == "PAY_PER_REQUEST"


def test_the_ledger_is_recoverable_and_rows_of_ten_minutes_are_not_backed_up():
    recovery = properties("LedgerTable")["PointInTimeRecoverySpecification"]

    assert recovery == {"PointInTimeRecoveryEnabled": True}
    assert "PointInTimeRecoverySpecification" not in properties("IdempotencyTable")


def test_the_api_lets_through_a_bounded_number_of_requests():
    settings = properties("HttpApi")["DefaultRouteSettings"]

    assert settings == {
        "ThrottlingRateLimit": {"Ref": "ApiRequestsPerSecond"},
        "ThrottlingBurstLimit": {"Ref": "ApiRequestsAtOnce"},
    }


def test_the_api_s_description_has_a_throttle_of_its_own_and_takes_no_other_route():
    throttles = properties("HttpApi")["RouteSettings"]
    sources = event_sources("ApiFunction", "HttpApi")

    routes = {f"{source['Method']} {source['Path']}" for source in sources}

    assert set(throttles) == routes - {"ANY /", "ANY /{proxy+}"}
    assert set(throttles) == {"GET /openapi.json", "GET /swagger", "GET /swagger/{name}"}
    for throttle in throttles.values():
        assert throttle["ThrottlingRateLimit"] == 1
        assert throttle["ThrottlingBurstLimit"] <= 15


def test_the_access_log_has_a_line_of_json_for_each_request_and_no_headers():
    settings = properties("HttpApi")["AccessLogSettings"]

    line = json.loads(settings["Format"])

    assert settings["DestinationArn"] == {"Fn::GetAtt": ["ApiAccessLogGroup", "Arn"]}
    assert {"requestId", "method", "status", "error"} <= set(line)
    # What a client writes, and nothing escapes, could end the text and add fields of its own.
    assert not re.search(r"path|query|userAgent|Host|domainName", settings["Format"])
    # An HTTP API logs a header only if the format names it; the API key is a header.
    assert not re.search(r"header|authorizer", settings["Format"])


def test_every_log_has_the_same_retention():
    groups = resources("AWS::Logs::LogGroup")

    assert len(groups) == len(FUNCTIONS) + len(["API Gateway", "reference worker"])
    assert all(group["RetentionInDays"] == {"Ref": "LogRetentionDays"} for group in groups.values())


def test_cloudformation_takes_the_template_as_it_is_sent():
    assert len(package(ROOT / "template.yaml").body.encode()) <= 1_000_000


@pytest.mark.parametrize("stage", STAGES)
def test_each_stage_gives_parameters_that_the_template_has(stage):
    overrides = SAM_CONFIG[stage]["deploy"]["parameters"]["parameter_overrides"]
    given = {override.partition("=")[0] for override in overrides}

    required = {
        name for name, parameter in TEMPLATE["Parameters"].items() if "Default" not in parameter
    }

    assert required <= given <= set(TEMPLATE["Parameters"])


@pytest.mark.parametrize("stage", STAGES)
def test_no_stage_that_is_deployed_logs_below_info(stage):
    overrides = SAM_CONFIG[stage]["deploy"]["parameters"]["parameter_overrides"]

    # DEBUG is for a while, by hand.
    assert "LogLevel=DEBUG" not in overrides
    assert TEMPLATE["Parameters"]["LogLevel"]["Default"] == "INFO"


@pytest.mark.parametrize("stage", STAGES)
def test_each_stage_tags_its_stack_and_no_resource_repeats_the_tags(stage):
    deploy = SAM_CONFIG[stage]["deploy"]["parameters"]

    tags = dict(tag.split("=") for tag in deploy["tags"])

    assert tags == {"Project": "forgeledger", "Stack": deploy["stack_name"], "stage": stage}
    assert "Tags" not in TEMPLATE["Globals"]["Function"]
    assert not [name for name in TEMPLATE["Resources"] if "Tags" in properties(name)]


def test_every_stage_that_is_deployed_is_tested_here():
    deployed = {name for name, part in SAM_CONFIG.items() if name != "version" and "deploy" in part}

    assert deployed == set(STAGES)
