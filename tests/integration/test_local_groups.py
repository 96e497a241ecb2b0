"""Message groups in the local cloud's queue poller: locked while in flight, others in parallel."""

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from forgeledger.local.clients import Clients
from forgeledger.local.engine_calls import EngineCalls
from forgeledger.local.queue_poller import QueuePoller
from forgeledger.local.stack import QueueMapping

pytestmark = pytest.mark.integration
RECEIVERS = 3


class Function:
    """Records the start and end of each message; the message `holds` ends when released."""

    def __init__(self, *, holds: str) -> None:
        self.seen: list[str] = []
        self.released = threading.Event()
        self._holds = holds
        self._changed = threading.Condition()

    def __call__(self, event: Any) -> None:
        for record in event["Records"]:
            self._record(f"{record['body']} starts")
            if record["body"] == self._holds:
                assert self.released.wait(60)
            self._record(f"{record['body']} ends")

    def _record(self, text: str) -> None:
        with self._changed:
            self.seen.append(text)
            self._changed.notify_all()

    def wait_for(self, *texts: str) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: set(texts) <= set(self.seen), 60), self.seen


class Queue:
    def __init__(self, clients: Clients, name: str) -> None:
        self._sqs = clients.of("sqs")
        attributes = {"FifoQueue": "true", "VisibilityTimeout": "300"}
        self.url = self._sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]

    def send(self, *bodies: str) -> None:
        """A message's group is the first letter of its body."""
        for body in bodies:
            self._sqs.send_message(
                QueueUrl=self.url,
                MessageBody=body,
                MessageGroupId=body[0],
                MessageDeduplicationId=body,
            )


@pytest.fixture
def queue(engine_url: str) -> Queue:
    return Queue(Clients(engine_url), "groups.fifo")


@pytest.fixture
def function(engine_url: str, queue: Queue) -> Iterator[Function]:
    held = Function(holds="a1")
    mapping = QueueMapping(
        mapping_id="m",
        function="IntakeFunction",
        queue_arn="arn:aws:sqs:us-east-1:000000000000:groups.fifo",
        queue_url=queue.url,
        batch_size=1,
    )
    poller = QueuePoller(mapping, held, EngineCalls(engine_url), concurrency=RECEIVERS)
    poller.start()
    yield held
    held.released.set()
    poller.halt()
    poller.join(time.monotonic() + 60)


def test_a_group_waits_for_its_batch_in_flight_and_other_groups_do_not(queue, function):
    queue.send("a1")
    function.wait_for("a1 starts")

    queue.send("a2", "b1", "c1", "b2")
    function.wait_for("b2 ends", "c1 ends")
    while_held = list(function.seen)
    function.released.set()
    function.wait_for("a2 ends")

    assert "a2 starts" not in while_held
    assert "a1 ends" not in while_held
    assert function.seen.index("b1 ends") < function.seen.index("b2 starts")
    assert function.seen.index("a1 ends") < function.seen.index("a2 starts")
