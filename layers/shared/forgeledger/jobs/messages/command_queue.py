"""The command queue, to which the intake returns messages."""

from collections.abc import Callable, Sequence
from typing import Any, Final

from forgeledger.batched import batched
from forgeledger.jobs.model.message import Message

_ENTRIES_PER_REQUEST: Final = 10


class SqsCommandQueue:
    def __init__(self, client: Callable[[], Any], queue_url: str) -> None:
        # A function: most batches return nothing.
        self._client = client
        self._queue_url = queue_url

    def delay(self, messages: Sequence[tuple[Message, int]]) -> None:
        for part in batched(messages, _ENTRIES_PER_REQUEST):
            # What SQS does not change becomes visible after the queue's own timeout.
            self._client().change_message_visibility_batch(
                QueueUrl=self._queue_url,
                Entries=[
                    {
                        "Id": str(index),
                        "ReceiptHandle": message.receipt,
                        "VisibilityTimeout": seconds,
                    }
                    for index, (message, seconds) in enumerate(part)
                ],
            )
