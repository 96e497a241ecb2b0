"""The template makes what the clock needs, and only where the parameter says so."""

import json

from tests.support.deployed_template import TEMPLATE, properties


def test_what_only_the_clock_needs_is_made_only_with_execution_on():
    conditional = {
        name
        for name, resource in TEMPLATE["Resources"].items()
        if resource.get("Condition") == "ExecutionOn"
    }

    assert conditional == {
        "WakeQueue",
        "WakeQueuePolicy",
        "WorkQueue",
        "WorkQueuePolicy",
        "RelayWakes",
        "RelayTick",
        "RelayTickPermission",
        "WakeAgeAlarm",
        "DueLateAlarm",
        "JobsDueThrottlesAlarm",
    }
    assert TEMPLATE["Parameters"]["Execution"]["Default"] == "off"
    mapping, [target] = properties("RelayWakes"), properties("RelayTick")["Targets"]
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert json.loads(target["Input"]) == {"tick": True}


def test_wakes_stay_hidden_for_six_times_the_relays_timeout():
    queue = properties("WakeQueue")

    assert queue["VisibilityTimeout"] >= 6 * properties("RelayFunction")["Timeout"]
    assert queue["SqsManagedSseEnabled"] is True
    assert queue["RedrivePolicy"]["deadLetterTargetArn"] == {
        "Fn::GetAtt": ["RelayFailureQueue", "Arn"]
    }
