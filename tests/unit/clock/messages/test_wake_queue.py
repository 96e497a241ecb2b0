"""Wakes as messages: what they say, when they come, and what happens to refused ones."""

from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from forgeledger.clock.messages.wake_queue import SqsWakeQueue, wake_body, woken_row
from forgeledger.clock.model.due import Due
from forgeledger.errors import QueueRefused
from forgeledger.runtime import Runtime
from tests.support.builders import NOW

THROTTLED = ClientError({"Error": {"Code": "RequestThrottled"}}, "SendMessageBatch")
DENIED = ClientError({"Error": {"Code": "AccessDenied"}}, "SendMessageBatch")
UNREACHABLE = EndpointConnectionError(endpoint_url="https://sqs")


class Queue:
    """Answers each request with the next of these: an error, or the ids of refused entries."""

    def __init__(self, *answers: Exception | list[str]) -> None:
        self.answers = list(answers)
        self.requests: list[list[tuple[str, int]]] = []

    def send_message_batch(self, *, QueueUrl: str, Entries: list[dict[str, Any]]) -> Any:  # noqa: N803 - boto3's spelling.
        assert QueueUrl == "https://wakes"
        entries = [(woken_row(entry["MessageBody"]), entry["DelaySeconds"]) for entry in Entries]
        self.requests.append(entries)
        answer = self.answers.pop(0) if self.answers else []
        if isinstance(answer, Exception):
            raise answer
        return {"Failed": [{"Id": name, "Code": "InternalError"} for name in answer]}


def queue_on(queue: Queue) -> SqsWakeQueue:
    runtime = Runtime(clock=lambda: NOW, sleep=lambda _: None)
    return SqsWakeQueue(lambda: queue, "https://wakes", runtime)


def dues(number: int) -> list[Due]:
    return [Due(pk=f"JOB#{n}", at=NOW + n * 1_000) for n in range(number)]


def test_each_wake_names_its_row_and_is_held_back_until_its_second() -> None:
    queue = Queue()

    queue_on(queue).send(dues(12))

    assert [len(entries) for entries in queue.requests] == [10, 2]
    assert [entry for entries in queue.requests for entry in entries] == [
        (f"JOB#{n}", n) for n in range(12)
    ]


def test_only_refused_wakes_are_sent_again() -> None:
    queue = Queue(["1", "2"], THROTTLED, ["0"])

    with pytest.raises(QueueRefused, match="InternalError"):
        queue_on(queue).send(dues(3))

    assert [[pk for pk, _ in entries] for entries in queue.requests] == [
        ["JOB#0", "JOB#1", "JOB#2"],
        ["JOB#1", "JOB#2"],
        ["JOB#1", "JOB#2"],
    ]


@pytest.mark.parametrize("error", [DENIED, UNREACHABLE])
def test_what_lasts_and_what_may_have_been_sent_is_not_sent_again(error: Exception) -> None:
    queue = Queue(error)

    with pytest.raises(type(error)):
        queue_on(queue).send(dues(1))

    assert len(queue.requests) == 1


@pytest.mark.parametrize("body", ["", "[]", "{}", '{"wake": 7}', '{"jobId": "x"}', "null"])
def test_another_message_is_no_wake(body: str) -> None:
    with pytest.raises((LookupError, TypeError, ValueError)):
        woken_row(body)


def test_a_wake_is_what_the_contract_says() -> None:
    assert wake_body("JOB#x") == '{"wake": "JOB#x"}'
