"""What the template deploys where ReferenceWorker is on: a worker as users would write one."""

import json

import pytest

from forgeledger.local.intrinsics import Resolver
from tests.support.deployed_template import (
    ROOT,
    TEMPLATE,
    environment,
    properties,
    resource_name,
    resources,
    statements,
)

OWN = {
    name: resource
    for name, resource in TEMPLATE["Resources"].items()
    if resource.get("Condition") == "WorkerOn"
}


@pytest.mark.parametrize(
    ("execution", "reference_worker", "is_deployed"),
    [("on", "on", True), ("on", "off", False), ("off", "on", False), ("off", "off", False)],
)
def test_it_is_deployed_where_it_is_asked_for_and_there_is_a_work_queue(
    execution, reference_worker, is_deployed
):
    parameters = {"Execution": execution, "ReferenceWorker": reference_worker}
    resolver = Resolver(parameters=parameters, conditions=TEMPLATE["Conditions"])

    assert resolver.holds("WorkerOn") is is_deployed
    assert TEMPLATE["Parameters"]["ReferenceWorker"]["Default"] == "off"


def test_all_of_it_is_left_out_otherwise():
    assert set(OWN) == {"WorkerFunction", "WorkerRole", "WorkerLogGroup", "WorkerErrorsAlarm"}
    for name, output in TEMPLATE["Outputs"].items():
        if any(f'"{mine}"' in json.dumps(output["Value"]) for mine in OWN):
            assert output["Condition"] == "WorkerOn", name


def test_its_role_allows_it_to_receive_work_and_to_send_commands_and_nothing_else():
    granted = {resource_name(s["Resource"]): s["Action"] for s in statements("WorkerRole")}

    assert granted == {
        "WorkerLogGroup.Arn": ["logs:CreateLogStream", "logs:PutLogEvents"],
        "WorkQueue.Arn": ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"],
        "CommandQueue.Arn": "sqs:SendMessage",
    }


def test_it_reads_the_work_queue_and_returns_only_the_records_that_need_it():
    (work,) = properties("WorkerFunction")["Events"].values()

    assert work["Type"] == "SQS"
    assert work["Properties"]["Queue"] == {"Fn::GetAtt": ["WorkQueue", "Arn"]}
    assert work["Properties"]["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_its_handlers_are_a_module_beside_it_and_its_environment_is_what_it_reads():
    variables = environment("WorkerFunction")
    folder = ROOT / properties("WorkerFunction")["CodeUri"]

    assert variables["FORGELEDGER_COMMAND_QUEUE_URL"] == {"Ref": "CommandQueue"}
    assert (folder / f"{variables['FORGELEDGER_HANDLERS']}.py").is_file()
    assert (folder / "app.py").is_file()


def test_its_failures_have_an_alarm():
    (alarm,) = [
        alarm
        for alarm in resources("AWS::CloudWatch::Alarm").values()
        if {"Name": "FunctionName", "Value": {"Ref": "WorkerFunction"}}
        in alarm.get("Dimensions", ())
    ]

    assert (alarm["MetricName"], alarm["Threshold"]) == ("Errors", 0)


def test_its_longest_simulated_work_has_time_and_the_queue_hides_its_message_so_long():
    timeout = properties("WorkerFunction")["Timeout"]
    hidden = properties("WorkQueue")["VisibilityTimeout"]
    if isinstance(hidden, dict):
        hidden = TEMPLATE["Parameters"][hidden["Ref"]]["Default"]

    # Lambda refuses a queue that hides messages for a shorter time.
    assert 110 < timeout < int(hidden)
