"""Operators redrive dead letters and rejects, with the code of the command line."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from forgeledger.cli.queue_peek import FifoQueue
from forgeledger.cli.redrive import Redriver
from forgeledger.jobs.model.limits import MESSAGE_BYTES
from tests.simulation.clients import SqsClient
from tests.simulation.coverage import CoveragePoint
from tests.simulation.fifo_queue import QueuedMessage, SimulatedFifoQueue
from tests.simulation.lambdas import PlannedFaults
from tests.simulation.lane_checks import Violation
from tests.simulation.request_checks import RequestLog, source_id
from tests.simulation.world import Invocation, SimulatedWorld
from tests.support.sqs_limits import MEBIBYTE, message_bytes

_TIMEOUT_MS: Final = 60_000
_VISIBILITY_MS: Final = 60_000


def redrive_rejects(world: SimulatedWorld, faults: PlannedFaults) -> None:
    """Redrive all rejects as they are; most are rejected again."""
    world.rejects.visibility_ms = _VISIBILITY_MS
    if world.rejects.waiting:
        world.log("an operator redrives rejects")
        _redrive(world, world.rejects, faults)


def redrive_dead_letters(
    world: SimulatedWorld, request_log: RequestLog, faults: PlannedFaults, *, by_attribute: bool
) -> None:
    """Redrive all dead letters that were not redriven before.

    With `by_attribute` as another tool does it, which leaves the body as it is.
    """
    letters = _dead_letters(world)
    if not letters.waiting:
        return
    world.coverage[CoveragePoint.REDRIVEN] += 1
    world.log("an operator redrives dead letters")
    numbers = set(letters.waiting_numbers())
    if by_attribute:
        sent = _send_with_attributes(world, letters)
    else:
        sent = _redrive(world, letters, faults)
    world.commands.redriven |= numbers - set(letters.waiting_numbers())
    redriven = [message for message in world.commands.accepted if message.message_id in sent]
    _check_ids(world, request_log, redriven)


def _redrive(world: SimulatedWorld, queue: SimulatedFifoQueue, faults: PlannedFaults) -> set[str]:
    """The ids of the messages that it sent."""
    client = RedriveClient(world, queue)
    redriver = Redriver(FifoQueue(client, "from"), client, "to", MESSAGE_BYTES)

    def work() -> None:
        # After an error of AWS the operator tries again, some time later.
        with suppress(BotoCoreError, ClientError):
            redriver.redrive_all()

    world.invoke(Invocation("operator", faults, world.now + _TIMEOUT_MS), work)
    queue.make_visible(queue.waiting)
    return client.sent_ids


def _send_with_attributes(world: SimulatedWorld, letters: SimulatedFifoQueue) -> set[str]:
    """The ids of the messages that it sent; one that is too large with its attribute stays."""
    sent = set()
    for letter in list(letters.waiting):
        source = {"sourceMessageId": {"DataType": "String", "StringValue": source_id(letter)}}
        if message_bytes(letter.body, source) <= MEBIBYTE:
            number = f"moved {letter.number}"
            sent.add(world.commands.send(letter.body, letter.group, number, source)[0])
            letters.waiting.remove(letter)
    return sent


def _dead_letters(world: SimulatedWorld) -> SimulatedFifoQueue:
    """Their queue: SQS makes the first id of a dead letter its deduplication id."""
    queue = SimulatedFifoQueue("dead letters", lambda: world.now, _VISIBILITY_MS)
    for message in world.commands.dead:
        if message.number not in world.commands.redriven:
            letter = QueuedMessage(
                number=message.number,
                group=message.group,
                deduplication_id=message.message_id,
                body=message.body,
                sent_at=world.now,
                attributes=message.attributes,
            )
            queue.waiting.append(letter)
    return queue


def _check_ids(
    world: SimulatedWorld, request_log: RequestLog, redriven: Sequence[QueuedMessage]
) -> None:
    """A redriven dead letter has the commands that it had, with the same ids."""
    before = [
        [(sent.job_id, sent.mark) for sent in request_log.content_of(message).commands]
        for message in world.commands.dead
    ]
    for message in redriven:
        marks = [(sent.job_id, sent.mark) for sent in request_log.content_of(message).commands]
        if marks and marks not in before:
            raise Violation(f"{message.message_id} was redriven with other ids of its commands")


class RedriveClient(SqsClient):
    """Receives from one queue and sends to the command queue; only sending meets faults."""

    def __init__(self, world: SimulatedWorld, source: SimulatedFifoQueue) -> None:
        super().__init__(world, world.commands)
        self._source = source
        self.sent_ids: set[str] = set()

    def _send(self, request: dict[str, Any]) -> str:
        message_id = super()._send(request)
        self.sent_ids.add(message_id)
        return message_id

    def receive_message(self, **request: Any) -> dict[str, Any]:
        messages = self._source.receive(request["MaxNumberOfMessages"])
        return {"Messages": [_as_received(message) for message in messages]}

    def change_message_visibility_batch(self, **request: Any) -> dict[str, Any]:
        self._source.make_visible(self._with_handles(request))
        return {}

    def delete_message_batch(self, **request: Any) -> dict[str, Any]:
        for message in self._with_handles(request):
            self._source.delete(message, message.receive_count)
        return {}

    def _with_handles(self, request: dict[str, Any]) -> list[QueuedMessage]:
        handles = {entry["ReceiptHandle"] for entry in request["Entries"]}
        return [message for message in self._source.waiting if message.receipt in handles]


def _as_received(message: QueuedMessage) -> dict[str, Any]:
    return {
        "MessageId": message.message_id,
        "ReceiptHandle": message.receipt,
        "Body": message.body,
        "Attributes": {
            "MessageGroupId": message.group,
            "MessageDeduplicationId": message.deduplication_id,
            "SentTimestamp": str(message.sent_at),
            "ApproximateReceiveCount": str(message.receive_count),
        },
        "MessageAttributes": message.attributes,
    }
