"""Every kind of failure has an alarm, and every metric shown or watched is written."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from forgeledger.bootstrap import api as bootstrap_api
from forgeledger.jobs.messages import intake_report
from forgeledger.jobs.messages.reconcile_requests import measurements
from forgeledger.jobs.model.reconciliation import MaintenanceReport
from forgeledger.local.intrinsics import Resolver
from forgeledger.web import api_keys
from tests.support.deployed_template import (
    FAILURE_QUEUES,
    FUNCTIONS,
    ROOT,
    TEMPLATE,
    properties,
    resources,
)


def alarms_on(metric: str, target: str) -> list[dict[str, Any]]:
    """Alarms on a metric of this resource, however they refer to it."""
    return [
        alarm
        for alarm in resources("AWS::CloudWatch::Alarm").values()
        if alarm.get("MetricName") == metric and f'"{target}"' in json.dumps(alarm["Dimensions"])
    ]


def service(function: str) -> dict[str, Any]:
    """The dimension of a function's own metrics."""
    return {"Name": "service", "Value": {"Fn::Sub": f"${{AWS::StackName}}-{function}"}}


@pytest.mark.parametrize("queue", FAILURE_QUEUES)
def test_each_failure_queue_has_an_alarm_on_its_depth(queue):
    assert alarms_on("ApproximateNumberOfMessagesVisible", queue)


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("metric", ["Errors", "Throttles"])
def test_each_function_has_alarms_on_errors_and_throttles(function, metric):
    assert alarms_on(metric, function)


def test_late_commands_and_late_completions_have_alarms():
    assert alarms_on("ApproximateAgeOfOldestMessage", "CommandQueue")
    assert alarms_on("ApproximateAgeOfOldestMessage", "WakeQueue")
    assert alarms_on("IteratorAge", "RelayFunction")


@pytest.mark.parametrize(
    ("function", "metric"),
    [
        ("intake", "MessagesFailed"),
        ("intake", "FailingFor"),
        ("api", "ApiKeysStale"),
        ("relay", "DueLate"),
        ("relay", "RetentionLate"),
        ("relay", "HeadDrift"),
        ("relay", "ReconcileFailures"),
    ],
)
def test_what_only_a_function_can_notice_has_an_alarm(function, metric):
    (alarm,) = [
        alarm
        for alarm in resources("AWS::CloudWatch::Alarm").values()
        if alarm.get("MetricName") == metric
    ]

    assert alarm["Namespace"] == "ForgeLedger"
    assert alarm["Dimensions"] == [service(function)]
    assert alarm["TreatMissingData"] == "notBreaching"


def test_a_lane_whose_commands_fail_for_ten_minutes_has_an_alarm_as_long_as_they_fail():
    alarm = properties("LaneFailingAlarm")

    assert (alarm["Statistic"], alarm["Threshold"]) == ("Maximum", 600)
    # One value is enough, and a message that fails comes again before that one is too old.
    assert alarm["DatapointsToAlarm"] == 1
    watched_seconds = alarm["Period"] * alarm["EvaluationPeriods"]
    assert watched_seconds >= 2 * properties("CommandQueue")["VisibilityTimeout"]


def test_messages_that_fail_whenever_they_come_have_an_alarm_within_ten_minutes():
    alarm = properties("MessagesFailedAlarm")

    assert alarm["Period"] * alarm["DatapointsToAlarm"] <= 600
    # What fails comes again after the visibility timeout at the latest, so in each period.
    queue, intake = properties("CommandQueue"), properties("IntakeFunction")
    assert alarm["Period"] >= queue["VisibilityTimeout"] + intake["Timeout"]


def test_keys_that_stay_unread_have_an_alarm_well_before_they_are_forgotten():
    alarm = properties("ApiKeysStaleAlarm")

    assert (alarm["Threshold"], alarm["DatapointsToAlarm"]) == (0, 2)
    assert alarm["Period"] * alarm["EvaluationPeriods"] <= api_keys.KNOWN_MS / 2_000


def test_missing_rounds_have_an_alarm_and_a_stack_that_is_new_misses_none():
    alarm = properties("RoundMissingAlarm")
    queries = {query["Id"]: query for query in alarm["Metrics"]}
    rounds, polled = (queries[name]["MetricStat"] for name in ("rounds", "polled"))

    # Where one of two metrics has no data, their sum has none: before the queue was polled there
    # are no rounds to be missed, and afterwards none is a zero.
    assert queries["missing"]["Expression"] == "FILL(rounds, 0) + 0 * polled"
    assert rounds["Metric"]["MetricName"] == "Rounds"
    assert rounds["Metric"]["Dimensions"] == [service("relay")]
    assert polled["Metric"]["Dimensions"] == [
        {"Name": "QueueName", "Value": {"Fn::GetAtt": ["CommandQueue", "QueueName"]}}
    ]
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("LessThanThreshold", 1)
    # No data is no reason to change the state, neither on the first day nor in an outage.
    assert alarm["TreatMissingData"] == "ignore"
    # test_round_alarm.py evaluates it.
    assert rounds["Period"] == polled["Period"]


@pytest.mark.parametrize(
    ("parameters", "watches"),
    [
        ({"ReconcileState": "ENABLED", "MetricMathAlarms": "true"}, True),
        ({"ReconcileState": "DISABLED", "MetricMathAlarms": "true"}, False),
        ({"ReconcileState": "ENABLED", "MetricMathAlarms": "false"}, False),
    ],
)
def test_rounds_are_watched_where_they_run_and_alarms_can_calculate(parameters, watches):
    resolver = Resolver(parameters=parameters, conditions=TEMPLATE["Conditions"])

    assert TEMPLATE["Resources"]["RoundMissingAlarm"]["Condition"] == "WatchesRounds"
    assert resolver.holds("WatchesRounds") is watches


@pytest.mark.parametrize(
    ("table", "metric"),
    [
        ("LedgerTable", "WriteThrottleEvents"),
        ("LedgerTable", "ReadThrottleEvents"),
        ("IdempotencyTable", "WriteThrottleEvents"),
    ],
)
def test_a_table_that_is_throttled_for_long_has_an_alarm(table, metric):
    found = alarms_on(metric, table)

    assert [alarm for alarm in found if len(alarm["Dimensions"]) == 1] != []
    # Otherwise such an alarm would never end: DynamoDB writes the metric only while it throttles.
    assert {alarm["TreatMissingData"] for alarm in found} == {"notBreaching"}


def test_each_index_that_can_throttle_the_table_has_an_alarm():
    watched = {
        dimension["Value"]
        for alarm in alarms_on("WriteThrottleEvents", "LedgerTable")
        for dimension in alarm["Dimensions"]
        if dimension["Name"] == "GlobalSecondaryIndexName"
    }

    indexes = properties("LedgerTable")["GlobalSecondaryIndexes"]
    assert watched == {index["IndexName"] for index in indexes}


def test_a_flood_of_requests_without_a_key_or_with_other_mistakes_has_an_alarm():
    counted = properties("UnauthorizedRequests")
    (transformation,) = counted["MetricTransformations"]
    unauthorized, mistakes = (
        properties(name) for name in ("UnauthorizedRequestsAlarm", "ClientErrorsAlarm")
    )

    line = json.loads(properties("HttpApi")["AccessLogSettings"]["Format"])
    assert counted["LogGroupName"] == {"Ref": "ApiAccessLogGroup"}
    assert counted["FilterPattern"] == '{ $.status = "401" }'
    assert line["status"] == "$context.status"
    assert unauthorized["Namespace"] == transformation["MetricNamespace"]
    assert unauthorized["MetricName"] == transformation["MetricName"]
    assert unauthorized["Threshold"] == {"Ref": "UnauthorizedAlarmRequests"}
    assert alarms_on("4xx", "HttpApi") == [mistakes]
    assert mistakes["Threshold"] == {"Ref": "ClientErrorAlarmRequests"}


def test_every_alarm_notifies_the_topic_and_is_explained():
    explained = (ROOT / "docs" / "operations.md").read_text()
    actions = {"Fn::If": ["HasAlarmTopic", [{"Ref": "AlarmTopicArn"}], {"Ref": "AWS::NoValue"}]}

    for name, alarm in resources("AWS::CloudWatch::Alarm").items():
        assert alarm["AlarmActions"] == actions, name
        assert name in explained


def metrics_of(alarm: dict[str, Any]) -> list[dict[str, Any]]:
    """The metrics of an alarm that calculates with several."""
    queries = [query for query in alarm.get("Metrics", ()) if "MetricStat" in query]
    return [query["MetricStat"]["Metric"] for query in queries]


def test_metrics_on_the_dashboard_and_in_alarms_are_written_by_the_functions():
    written = {
        name
        for source in [
            *(ROOT / "functions").glob("*/app.py"),
            Path(intake_report.__file__),
            Path(bootstrap_api.__file__),
        ]
        for name in re.findall(
            r'(?:add_metric\(|single_metric\(name=|yield )f?"(\w+)', source.read_text()
        )
    } | set(dict(measurements(MaintenanceReport(jobs=(), round_complete=True))))

    body = json.loads(properties("Dashboard")["DashboardBody"]["Fn::Sub"])
    shown = {
        metric[1]
        for widget in body["widgets"]
        for metric in widget["properties"]["metrics"]
        if metric[0] == "ForgeLedger"
    }
    watched = {
        metric["MetricName"]
        for alarm in resources("AWS::CloudWatch::Alarm").values()
        for metric in [alarm, *metrics_of(alarm)]
        if metric.get("Namespace") == "ForgeLedger"
    }

    # The outcome is part of the name, as in CommandsApplied.
    unknown = {name for name in shown | watched if name not in written}
    assert {re.sub(r"(Applied|Duplicate|Rejected)$", "", name) for name in unknown} <= {"Commands"}
    assert "Commands" in written


def test_the_dashboard_shows_the_events_of_each_function_that_publishes_some():
    body = json.loads(properties("Dashboard")["DashboardBody"]["Fn::Sub"])
    publishing = {
        name.removesuffix("Role").lower()
        for name, role in resources("AWS::IAM::Role").items()
        if "events:PutEvents" in json.dumps(role)
    }

    shown = {
        metric[3]
        for widget in body["widgets"]
        for metric in widget["properties"]["metrics"]
        if "EventsPublished" in metric
    }

    assert shown == {f"${{AWS::StackName}}-{name}" for name in publishing}
