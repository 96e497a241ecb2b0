"""The errors of the demo's queues and rule; the integration tests run them on an engine."""

import json

import pytest

from forgeledger.demo.setup import DemoResources


class FakeAws:
    """SQS and EventBridge, which refuse some entries."""

    def __init__(self, refuse_batches=0, refuse_target=False):
        self.refuse_batches = refuse_batches
        self.refuse_target = refuse_target
        self.sent = []
        self.removed = []

    def create_queue(self, QueueName):  # noqa: N803 - AWS names it so.
        return {"QueueUrl": QueueName.rsplit("-", 1)[1]}

    def delete_queue(self, **asked):
        self.removed.append(asked["QueueUrl"])

    def get_queue_attributes(self, **asked):
        return {"Attributes": {"QueueArn": "arn:queue"}}

    def set_queue_attributes(self, **asked):
        policy = json.loads(asked["Attributes"]["Policy"])
        assert policy["Statement"][0]["Condition"]["ArnEquals"] == {"aws:SourceArn": "arn:rule"}

    def put_rule(self, **asked):
        return {"RuleArn": "arn:rule"}

    def delete_rule(self, **asked):
        self.removed.append("rule")

    def put_targets(self, **asked):
        return {"FailedEntryCount": 1 if self.refuse_target else 0, "FailedEntries": ["why"]}

    def remove_targets(self, **asked):
        self.removed.append("targets")

    def send_message_batch(self, **asked):
        accepted = asked["Entries"]
        if self.refuse_batches:
            self.refuse_batches -= 1
            accepted = accepted[1:]
        self.sent += [entry["MessageBody"] for entry in accepted]
        return {"Successful": [{"Id": entry["Id"]} for entry in accepted]}


def test_what_sqs_refuses_is_sent_again():
    aws = FakeAws(refuse_batches=2)
    with DemoResources(lambda service: aws, "bus") as resources:
        count = resources.send_work(str(number) for number in range(25))

    assert count == 25
    assert sorted(aws.sent, key=int) == [str(number) for number in range(25)]


def test_what_sqs_refuses_forever_ends_the_demo():
    aws = FakeAws(refuse_batches=100)
    with (
        DemoResources(lambda service: aws, "bus") as resources,
        pytest.raises(RuntimeError, match="refused 1"),
    ):
        resources.send_work(["a"])


def test_a_target_that_is_refused_ends_the_demo_and_leaves_nothing():
    aws = FakeAws(refuse_target=True)
    with (
        DemoResources(lambda service: aws, "bus") as resources,
        pytest.raises(RuntimeError, match="target"),
    ):
        resources.listen("j-1")

    assert aws.removed == ["rule", "events", "work"]


def test_rule_and_queues_are_taken_away_in_the_reverse_order():
    aws = FakeAws()
    with DemoResources(lambda service: aws, "bus") as resources:
        resources.listen("j-1")

    assert aws.removed == ["targets", "rule", "events", "work"]
