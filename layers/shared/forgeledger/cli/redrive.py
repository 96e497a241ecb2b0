"""Redrives rejected messages to the command queue: in order in each group, no loss, no repeat."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from forgeledger.cli.queue_peek import ENTRIES_PER_REQUEST, FifoQueue, ReceivedMessage
from forgeledger.cli.redriven_body import with_ids
from forgeledger.json_text import iso_of

_ROUNDS_WITHOUT_PROGRESS: Final = 2
_TYPE: Final = "String"


@dataclass(slots=True, kw_only=True)
class RedriveResult:
    sent: list[ReceivedMessage] = field(default_factory=list)
    # Sent by this run and rejected again while it ran.
    rejected_again: list[ReceivedMessage] = field(default_factory=list)
    refused: list[tuple[ReceivedMessage, str]] = field(default_factory=list)
    # Sent, but still in this queue; SQS discards a second send within five minutes.
    not_deleted: list[ReceivedMessage] = field(default_factory=list)

    @property
    def not_known_yet(self) -> int:
        """How many were sent and may still be rejected again."""
        return len(self.sent) - len(self.rejected_again)


class Redriver:
    """Deletes a message only after the command queue has accepted it.

    A request has at most one message of a group: SQS may refuse any single entry, and the next
    message of its group would overtake it. A group with a refused message is left as it is.
    """

    def __init__(
        self, rejects: FifoQueue, client: Any, command_queue_url: str, message_bytes: int
    ) -> None:
        """Neither a message nor a request has more than `message_bytes`."""
        self._rejects = rejects
        self._client = client
        self._command_queue_url = command_queue_url
        self._message_bytes = message_bytes
        self._result = RedriveResult()
        self._sent_ids: set[str] = set()
        self._stopped_groups: set[str] = set()

    def redrive_all(self) -> RedriveResult:
        """All messages of the queue; those that are rejected again meanwhile are not sent again."""
        unsent: list[ReceivedMessage] = []
        rounds_left = _ROUNDS_WITHOUT_PROGRESS
        try:
            while rounds_left:
                batch = self._rejects.receive()
                to_send, again = self._split(batch)
                self._result.rejected_again += again
                sent_before = len(self._result.sent)
                unsent += self._send_in_order(to_send)
                self._stopped_groups.update(message.group for message in again)
                unsent += [message for message in batch if message not in to_send]
                progress = len(self._result.sent) > sent_before
                rounds_left = _ROUNDS_WITHOUT_PROGRESS if progress else rounds_left - 1
        finally:
            self._rejects.release(unsent)
        return self._result

    def redrive_one(self, message: ReceivedMessage, body: str | None = None) -> RedriveResult:
        """One message, with its own or a corrected body."""
        self._send_round([message], body)
        return self._result

    def _split(
        self, batch: Iterable[ReceivedMessage]
    ) -> tuple[list[ReceivedMessage], list[ReceivedMessage]]:
        """What is to be sent, and what was rejected again.

        Groups are in order, so after a message that was rejected again there are only newer ones.
        """
        to_send: list[ReceivedMessage] = []
        again: list[ReceivedMessage] = []
        done_groups: set[str] = set()
        for message in batch:
            # A reject's deduplication id is the id of the message that was rejected.
            if message.deduplication_id in self._sent_ids:
                again.append(message)
                done_groups.add(message.group)
            elif message.group not in done_groups:
                to_send.append(message)
        return to_send, again

    def _send_in_order(self, messages: list[ReceivedMessage]) -> list[ReceivedMessage]:
        """In each round the first message of each group; returns those that cannot be sent."""
        left = list(messages)
        while True:
            heads: dict[str, ReceivedMessage] = {}
            size = 0
            for message in left:
                if message.group in self._stopped_groups or message.group in heads:
                    continue
                entry_bytes = _bytes(*_content(message, None, self._message_bytes))
                if len(heads) == ENTRIES_PER_REQUEST or (
                    heads and size + entry_bytes > self._message_bytes
                ):
                    break
                heads[message.group] = message
                size += entry_bytes
            if not heads:
                return left
            sent = self._send_round(list(heads.values()))
            left = [message for message in left if message.message_id not in sent]

    def _send_round(self, messages: list[ReceivedMessage], body: str | None = None) -> set[str]:
        entries: list[dict[str, Any]] = []
        for index, message in enumerate(messages):
            content, attributes = _content(message, body, self._message_bytes)
            if _bytes(content, attributes) <= self._message_bytes:
                entries.append(_entry(str(index), message, content, attributes))
            else:
                most = f"the {self._message_bytes:,} bytes that the command queue takes"
                self._refuse(message, f"with the ids of its commands it is larger than {most}")
        if not entries:
            return set()
        answer = self._client.send_message_batch(QueueUrl=self._command_queue_url, Entries=entries)
        accepted = [messages[int(entry["Id"])] for entry in answer.get("Successful", ())]
        self._sent_ids.update(entry["MessageId"] for entry in answer.get("Successful", ()))
        for entry in answer.get("Failed", ()):
            why = f"{entry.get('Code')}: {entry.get('Message', '')}"
            self._refuse(messages[int(entry["Id"])], why)
        self._result.sent += accepted
        self._result.not_deleted += self._rejects.delete(accepted)
        # Also those that could not be deleted: they are sent, and must not be sent twice.
        return {message.message_id for message in accepted}

    def _refuse(self, message: ReceivedMessage, why: str) -> None:
        self._stopped_groups.add(message.group)
        self._result.refused.append((message, why))


def _entry(
    entry_id: str, message: ReceivedMessage, body: str, attributes: Mapping[str, str]
) -> dict[str, Any]:
    """Its deduplication id differs from the first send's, and is the same if this is repeated."""
    digest = hashlib.sha256(f"{message.message_id}\n{body}".encode()).hexdigest()
    return {
        "Id": entry_id,
        "MessageBody": body,
        "MessageGroupId": message.source_group,
        "MessageDeduplicationId": digest,
        "MessageAttributes": {
            name: {"DataType": _TYPE, "StringValue": text} for name, text in attributes.items()
        },
    }


def _content(
    message: ReceivedMessage, corrected: str | None, most_bytes: int
) -> tuple[str, dict[str, str]]:
    """Body and attributes: the commands that are still to be applied, each with its first id."""
    attributes = {
        "sourceMessageId": message.source_id,
        "movedAt": message.attributes.get("movedAt") or iso_of(message.sent_at),
    }
    if corrected is not None:
        # Other commands than those that were rejected, so they have other ids.
        return with_ids(corrected, message.message_id), attributes
    body = with_ids(message.body, message.source_id, message.indexes)
    if _bytes(body, attributes) <= most_bytes or message.indexes:
        return body, attributes
    # As large as the queue takes. The intake reads the first ids from the attribute as well.
    del attributes["movedAt"]
    return message.body, attributes if body != message.body else {}


def _bytes(body: str, attributes: Mapping[str, str]) -> int:
    """As SQS counts."""
    texts = (f"{name}{_TYPE}{text}" for name, text in attributes.items())
    return sum(len(text.encode()) for text in (body, *texts))
