"""The template and the code: what one names, the other has."""

import ast
import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from forgeledger import settings
from forgeledger.adapters.dynamodb.keys import JOBS_BY_STATUS, JOBS_OPEN
from forgeledger.contracts.reconcile_requests import measured
from forgeledger.domain.limits import MESSAGE_BYTES
from forgeledger.local.filters import matches_any, parse_criteria
from forgeledger.local.packaging import package
from tests.deployed_template import (
    FAILURE_QUEUES,
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


class Asked(Mapping[str, str]):
    """An environment that has every variable, and remembers which were read."""

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


def alarms_on(metric: str, target: str) -> list[dict[str, Any]]:
    """Alarms on a metric of this resource, whichever way they refer to it."""
    return [
        alarm
        for alarm in resources("AWS::CloudWatch::Alarm").values()
        if alarm["MetricName"] == metric and f'"{target}"' in json.dumps(alarm["Dimensions"])
    ]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_each_function_finds_exactly_the_settings_that_it_reads(function):
    asked = Asked()

    SETTINGS[function].read(asked)

    given = {name for name in environment(function) if name.startswith("FORGELEDGER_")}
    assert given == asked.names


@pytest.mark.parametrize("function", FUNCTIONS)
def test_each_function_has_a_service_name_of_its_own_and_the_common_namespace(function):
    found = environment(function)

    assert found["POWERTOOLS_SERVICE_NAME"]["Fn::Sub"].startswith("${AWS::StackName}-")
    assert found["POWERTOOLS_METRICS_NAMESPACE"] == "ForgeLedger"
    assert found["POWERTOOLS_LOG_LEVEL"] == {"Ref": "LogLevel"}


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


def test_queue_and_stream_report_the_failed_records_only():
    [commands] = event_sources("IntakeFunction", "SQS")
    [ledger] = event_sources("RelayFunction", "DynamoDB")

    assert commands["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert ledger["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_the_stream_bisects_retries_a_few_times_and_then_sets_aside():
    [ledger] = event_sources("RelayFunction", "DynamoDB")

    assert ledger["BisectBatchOnFunctionError"] is True
    # What is given up is made good by the next round, so that a poison record blocks no shard.
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


def test_messages_stay_hidden_for_six_times_the_intakes_timeout():
    visibility_seconds = properties("CommandQueue")["VisibilityTimeout"]

    assert visibility_seconds >= 6 * properties("IntakeFunction")["Timeout"]


def test_an_outage_of_an_hour_takes_no_command_aside():
    queue = properties("CommandQueue")

    tried_seconds = queue["VisibilityTimeout"] * queue["RedrivePolicy"]["maxReceiveCount"]

    assert tried_seconds >= 3_600


@pytest.mark.parametrize("queue", ["CommandQueue", "CommandDeadLetterQueue", "RejectQueue"])
def test_command_queues_are_fifo_in_high_throughput_without_content_deduplication(queue):
    found = properties(queue)

    assert found["FifoQueue"] is True
    assert found["DeduplicationScope"] == "messageGroup"
    assert found["FifoThroughputLimit"] == "perMessageGroupId"
    assert found["ContentBasedDeduplication"] is False
    assert found["MaximumMessageSize"] == MESSAGE_BYTES


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
    assert {index["IndexName"] for index in table["GlobalSecondaryIndexes"]} == {
        JOBS_BY_STATUS,
        JOBS_OPEN,
    }
    assert table["TimeToLiveSpecification"] == {"AttributeName": "ttl", "Enabled": True}
    assert table["StreamSpecification"] == {"StreamViewType": "NEW_AND_OLD_IMAGES"}
    assert table["BillingMode"] == "PAY_PER_REQUEST"


@pytest.mark.parametrize("table", ["LedgerTable", "IdempotencyTable"])
def test_tables_are_encrypted_and_recoverable(table):
    found = properties(table)

    assert found["SSESpecification"] == {"SSEEnabled": True}
    assert found["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}


@pytest.mark.parametrize("queue", FAILURE_QUEUES)
def test_each_failure_queue_has_an_alarm_on_its_depth(queue):
    assert alarms_on("ApproximateNumberOfMessagesVisible", queue)


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("metric", ["Errors", "Throttles"])
def test_each_function_has_alarms_on_errors_and_throttles(function, metric):
    assert alarms_on(metric, function)


def test_the_api_lets_through_a_bounded_number_of_requests():
    settings = properties("HttpApi")["DefaultRouteSettings"]

    assert settings == {
        "ThrottlingRateLimit": {"Ref": "ApiRequestsPerSecond"},
        "ThrottlingBurstLimit": {"Ref": "ApiRequestsAtOnce"},
    }


def test_the_access_log_has_a_line_of_json_for_each_request_and_no_headers():
    settings = properties("HttpApi")["AccessLogSettings"]

    line = json.loads(settings["Format"])

    assert settings["DestinationArn"] == {"Fn::GetAtt": ["ApiAccessLogGroup", "Arn"]}
    assert {"requestId", "path", "status", "error"} <= set(line)
    # An HTTP API knows a header only by its name; the key is one.
    assert not re.search(r"header|authorizer", settings["Format"])


def test_every_log_is_kept_for_the_same_time():
    groups = resources("AWS::Logs::LogGroup")

    assert len(groups) == len(FUNCTIONS) + 1
    assert all(each["RetentionInDays"] == {"Ref": "LogRetentionDays"} for each in groups.values())


def test_cloudformation_takes_the_template_as_it_is_sent():
    body = package(ROOT / "template.yaml").body

    assert len(body.encode()) <= 51_200


def test_late_commands_and_late_completions_have_alarms():
    assert alarms_on("ApproximateAgeOfOldestMessage", "CommandQueue")
    assert alarms_on("IteratorAge", "RelayFunction")


@pytest.mark.parametrize(
    ("metric", "when_missing"),
    [
        ("Rounds", "breaching"),
        ("KeptLate", "notBreaching"),
        ("HeadDrift", "notBreaching"),
        ("ReconcileFailures", "notBreaching"),
    ],
)
def test_what_only_the_relay_can_notice_has_an_alarm(metric, when_missing):
    (alarm,) = [
        alarm
        for alarm in resources("AWS::CloudWatch::Alarm").values()
        if alarm["MetricName"] == metric
    ]

    assert alarm["Namespace"] == "ForgeLedger"
    assert alarm["Dimensions"] == [
        {"Name": "service", "Value": {"Fn::Sub": "${AWS::StackName}-relay"}}
    ]
    assert alarm["TreatMissingData"] == when_missing


def test_every_alarm_tells_the_topic_and_is_explained():
    explained = (ROOT / "docs" / "operations.md").read_text()
    told = {"Fn::If": ["HasAlarmTopic", [{"Ref": "AlarmTopicArn"}], {"Ref": "AWS::NoValue"}]}

    for name, alarm in resources("AWS::CloudWatch::Alarm").items():
        assert alarm["AlarmActions"] == told, name
        assert name in explained


def test_metrics_on_the_dashboard_and_in_alarms_are_written_by_the_functions():
    written = {
        name
        for source in (ROOT / "functions").glob("*/app.py")
        for name in re.findall(r'add_metric\(f?"(\w+)', source.read_text())
    } | set(measured([]))

    body = json.loads(properties("Dashboard")["DashboardBody"]["Fn::Sub"])
    shown = {
        metric[1]
        for widget in body["widgets"]
        for metric in widget["properties"]["metrics"]
        if metric[0] == "ForgeLedger"
    }
    watched = {
        alarm["MetricName"]
        for alarm in resources("AWS::CloudWatch::Alarm").values()
        if alarm["Namespace"] == "ForgeLedger"
    }

    # The verdict is part of the name: CommandsApplied and its like.
    unknown = {name for name in shown | watched if name not in written}
    assert {re.sub(r"(Applied|Duplicate|Rejected)$", "", name) for name in unknown} <= {"Commands"}
    assert "Commands" in written


@pytest.mark.parametrize("stage", ["local", "dev", "prod"])
def test_each_stage_gives_parameters_that_the_template_has(stage):
    config = tomllib.loads((ROOT / "samconfig.toml").read_text())
    overrides = config[stage]["deploy"]["parameters"]["parameter_overrides"]
    given = {override.partition("=")[0] for override in overrides}

    required = {
        name for name, parameter in TEMPLATE["Parameters"].items() if "Default" not in parameter
    }

    assert required <= given <= set(TEMPLATE["Parameters"])
