"""Every kind of failure has an alarm, and every metric shown or watched is written."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from forgeledger.jobs.messages import intake_report
from forgeledger.jobs.messages.reconcile_requests import measurements
from forgeledger.jobs.model.reconciliation import MaintenanceReport
from tests.support.deployed_template import (
    FAILURE_QUEUES,
    FUNCTIONS,
    ROOT,
    properties,
    resources,
)


def alarms_on(metric: str, target: str) -> list[dict[str, Any]]:
    """Alarms on a metric of this resource, however they refer to it."""
    return [
        alarm
        for alarm in resources("AWS::CloudWatch::Alarm").values()
        if alarm["MetricName"] == metric and f'"{target}"' in json.dumps(alarm["Dimensions"])
    ]


@pytest.mark.parametrize("queue", FAILURE_QUEUES)
def test_each_failure_queue_has_an_alarm_on_its_depth(queue):
    assert alarms_on("ApproximateNumberOfMessagesVisible", queue)


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("metric", ["Errors", "Throttles"])
def test_each_function_has_alarms_on_errors_and_throttles(function, metric):
    assert alarms_on(metric, function)


def test_late_commands_and_late_completions_have_alarms():
    assert alarms_on("ApproximateAgeOfOldestMessage", "CommandQueue")
    assert alarms_on("IteratorAge", "RelayFunction")


@pytest.mark.parametrize(
    ("metric", "when_missing"),
    [
        ("Rounds", "breaching"),
        ("RetentionLate", "notBreaching"),
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


def test_every_alarm_notifies_the_topic_and_is_explained():
    explained = (ROOT / "docs" / "operations.md").read_text()
    actions = {"Fn::If": ["HasAlarmTopic", [{"Ref": "AlarmTopicArn"}], {"Ref": "AWS::NoValue"}]}

    for name, alarm in resources("AWS::CloudWatch::Alarm").items():
        assert alarm["AlarmActions"] == actions, name
        assert name in explained


def test_metrics_on_the_dashboard_and_in_alarms_are_written_by_the_functions():
    written = {
        name
        for source in [*(ROOT / "functions").glob("*/app.py"), Path(intake_report.__file__)]
        for name in re.findall(r'(?:add_metric\(|yield )f?"(\w+)', source.read_text())
    } | set(dict(measurements(MaintenanceReport(jobs=(), round_complete=True))))

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

    # The outcome is part of the name, as in CommandsApplied.
    unknown = {name for name in shown | watched if name not in written}
    assert {re.sub(r"(Applied|Duplicate|Rejected)$", "", name) for name in unknown} <= {"Commands"}
    assert "Commands" in written
