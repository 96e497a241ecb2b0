"""What the stage refuses to go on with; that it works shows the demo on a real engine."""

import json

import pytest

from forgeledger.demo.setup import Stage


class FakeAws:
    """SQS and EventBridge, of which some entries are refused."""

    def __init__(self, refuse_batches=0, refuse_target=False):
        self.refuse_batches = refuse_batches
        self.refuse_target = refuse_target
        self.sent = []
        self.taken_away = []

    def create_queue(self, QueueName):  # noqa: N803 - AWS names it so.
        return {"QueueUrl": QueueName.rsplit("-", 1)[1]}

    def delete_queue(self, **asked):
        self.taken_away.append(asked["QueueUrl"])

    def get_queue_attributes(self, **asked):
        return {"Attributes": {"QueueArn": "arn:queue"}}

    def set_queue_attributes(self, **asked):
        policy = json.loads(asked["Attributes"]["Policy"])
        assert policy["Statement"][0]["Condition"]["ArnEquals"] == {"aws:SourceArn": "arn:rule"}

    def put_rule(self, **asked):
        return {"RuleArn": "arn:rule"}

    def delete_rule(self, **asked):
        self.taken_away.append("rule")

    def put_targets(self, **asked):
        return {"FailedEntryCount": 1 if self.refuse_target else 0, "FailedEntries": ["why"]}

    def remove_targets(self, **asked):
        self.taken_away.append("targets")

    def send_message_batch(self, **asked):
        taken = asked["Entries"]
        if self.refuse_batches:
            self.refuse_batches -= 1
            taken = taken[1:]
        self.sent += [entry["MessageBody"] for entry in taken]
        return {"Successful": [{"Id": entry["Id"]} for entry in taken]}


def test_what_sqs_refuses_is_sent_again():
    aws = FakeAws(refuse_batches=2)
    with Stage(lambda service: aws, "bus") as stage:
        count = stage.send_work(str(number) for number in range(25))

    assert count == 25
    assert sorted(aws.sent, key=int) == [str(number) for number in range(25)]


def test_what_sqs_refuses_for_ever_ends_the_demo():
    aws = FakeAws(refuse_batches=100)
    with Stage(lambda service: aws, "bus") as stage, pytest.raises(RuntimeError, match="refused 1"):
        stage.send_work(["a"])


def test_a_target_that_is_refused_ends_the_demo_and_leaves_nothing():
    aws = FakeAws(refuse_target=True)
    with Stage(lambda service: aws, "bus") as stage, pytest.raises(RuntimeError, match="target"):
        stage.listen("j-1")

    assert aws.taken_away == ["rule", "events", "work"]


def test_rule_and_queues_are_taken_away_in_the_reverse_order():
    aws = FakeAws()
    with Stage(lambda service: aws, "bus") as stage:
        stage.listen("j-1")

    assert aws.taken_away == ["targets", "rule", "events", "work"]
