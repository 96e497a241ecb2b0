"""The commands of docs/events.md on the local cloud: the rules, and what their target receives."""

import json
import re
import shutil
import time
from pathlib import Path

import pytest

from forgeledger.sdk import Ledger

pytestmark = pytest.mark.integration
PAGE = (Path(__file__).parents[2] / "docs" / "events.md").read_text()
TIMEOUT_SECONDS = 60
RULES = ("job-ends", "job-succeeded", "job-troubled")


@pytest.fixture
def output(run, ledger_cloud):
    """The output of all commands of the page; what they created is deleted afterwards."""
    if not all(map(shutil.which, ("aws", "jq"))):
        pytest.skip("the aws command line, or jq, is not installed")
    script = "".join(re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL))
    script, told = re.subn(r"(STACK=)\S+ # On the local cloud: (\S+)", r"\1\2", script)
    assert told == 1
    yield run("bash", "-euo", "pipefail", "-s", script=script)
    bus, events = ledger_cloud.description.event_bus_name, ledger_cloud.client("events")
    events.remove_targets(EventBusName=bus, Rule="job-ends", Ids=["queue"])
    for name in RULES:
        events.delete_rule(EventBusName=bus, Name=name)
    sqs = ledger_cloud.client("sqs")
    sqs.delete_queue(QueueUrl=sqs.get_queue_url(QueueName="job-ends")["QueueUrl"])


def received(ledger_cloud, number):
    """The type of each event in the queue, by its id, once so many have come."""
    sqs = ledger_cloud.client("sqs")
    url = sqs.get_queue_url(QueueName="job-ends")["QueueUrl"]
    event_types = {}
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while len(event_types) < number and time.monotonic() < deadline:
        answer = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1, MaxNumberOfMessages=10)
        for message in answer.get("Messages", ()):
            event = json.loads(message["Body"])
            event_types[event["detail"]["eventId"]] = event["detail-type"]
    return event_types


def patterns(ledger_cloud):
    bus = ledger_cloud.description.event_bus_name
    rules = ledger_cloud.client("events").list_rules(EventBusName=bus)["Rules"]
    return {rule["Name"]: json.loads(rule["EventPattern"]) for rule in rules}


def test_the_bus_has_the_rules_and_the_target_receives_every_end_and_nothing_else(
    output, ledger_cloud, endpoints
):
    ledger = Ledger(endpoints=endpoints)
    empty = ledger.create_job("empty", seal=True, allow_empty=True)
    canceled = ledger.create_job("canceled", items=["a"])
    ledger.cancel(canceled.job_id)

    events = received(ledger_cloud, 2)

    assert set(RULES) <= patterns(ledger_cloud).keys()
    assert patterns(ledger_cloud)["job-succeeded"]["detail"] == {"status": ["COMPLETED"]}
    assert '"FailedEntryCount": 0' in output
    assert events == {
        f"{empty.job_id}:1:job.completed": "job.completed",
        f"{canceled.job_id}:1:job.canceled": "job.canceled",
    }
