"""Sends rejected messages to the command queue again: in order per group, none lost, none twice."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from forgeledger.cli.queue_peek import ENTRIES_PER_REQUEST, FifoQueue, Held
from forgeledger.jobs.model.limits import MESSAGE_BYTES

_ROUNDS_WITHOUT_NEWS: Final = 2


@dataclass(slots=True, kw_only=True)
class Redriven:
    sent: list[Held] = field(default_factory=list)
    # Sent by this very run and rejected once more.
    back_again: list[Held] = field(default_factory=list)
    refused: list[tuple[Held, str]] = field(default_factory=list)
    # Sent, but still here: sending them once more within five minutes changes nothing.
    not_deleted: list[Held] = field(default_factory=list)

    @property
    def not_known_yet(self) -> int:
        """How many were sent and may still be rejected once more."""
        return len(self.sent) - len(self.back_again)


class Redriver:
    """A message is deleted here only after the command queue has accepted it.

    In one request goes at most one message of a group, because SQS may refuse any single one: the
    next of its group would overtake it. A group with a refused message is left as it is.
    """

    def __init__(self, rejects: FifoQueue, client: Any, command_queue_url: str) -> None:
        self._rejects = rejects
        self._client = client
        self._command_queue_url = command_queue_url
        self._done = Redriven()
        self._sent_ids: set[str] = set()
        self._stopped_groups: set[str] = set()

    def redrive_all(self) -> Redriven:
        """Everything that was here when it began; what comes back rejected is not sent again."""
        kept: list[Held] = []
        news = _ROUNDS_WITHOUT_NEWS
        try:
            while news:
                batch = self._rejects.receive()
                fresh, back = self._split(batch)
                self._done.back_again += back
                before = len(self._done.sent)
                kept += self._send_in_order(fresh)
                self._stopped_groups.update(each.group for each in back)
                kept += [each for each in batch if each not in fresh]
                moved = len(self._done.sent) - before
                news = _ROUNDS_WITHOUT_NEWS if moved else news - 1
        finally:
            self._rejects.let_go(kept)
        return self._done

    def redrive_one(self, message: Held, body: str | None = None) -> Redriven:
        """One message, as it is or with a mended body."""
        self._send_round([message], body)
        return self._done

    def _split(self, batch: Iterable[Held]) -> tuple[list[Held], list[Held]]:
        """What is still to be sent, and what came back; behind that one nothing old stands."""
        fresh: list[Held] = []
        back: list[Held] = []
        ended: set[str] = set()
        for each in batch:
            if each.attributes.get("sourceMessageId") in self._sent_ids:
                back.append(each)
                ended.add(each.group)
            elif each.group not in ended:
                fresh.append(each)
        return fresh, back

    def _send_in_order(self, messages: list[Held]) -> list[Held]:
        """Round by round the first one of each group; what is left over is returned."""
        left = list(messages)
        while True:
            heads: dict[str, Held] = {}
            size = 0
            for each in left:
                if each.group in self._stopped_groups or each.group in heads:
                    continue
                body_bytes = len(each.body.encode())
                if len(heads) == ENTRIES_PER_REQUEST or (
                    heads and size + body_bytes > MESSAGE_BYTES
                ):
                    break
                heads[each.group] = each
                size += body_bytes
            if not heads:
                return left
            sent = self._send_round(list(heads.values()))
            left = [each for each in left if each.message_id not in sent]

    def _send_round(self, messages: list[Held], body: str | None = None) -> set[str]:
        answer = self._client.send_message_batch(
            QueueUrl=self._command_queue_url,
            Entries=[_entry(number, each, body) for number, each in enumerate(messages)],
        )
        accepted = [messages[int(entry["Id"])] for entry in answer.get("Successful", ())]
        self._sent_ids.update(entry["MessageId"] for entry in answer.get("Successful", ()))
        for entry in answer.get("Failed", ()):
            refused = messages[int(entry["Id"])]
            self._stopped_groups.add(refused.group)
            self._done.refused.append((refused, f"{entry.get('Code')}: {entry.get('Message', '')}"))
        self._done.sent += accepted
        self._done.not_deleted += self._rejects.delete(accepted)
        # Even one that could not be deleted is on its way, and must not be sent twice by this run.
        return {each.message_id for each in accepted}


def _entry(number: int, message: Held, body: str | None) -> dict[str, str]:
    """Another deduplication id than the first time, and the same if this very step is repeated."""
    content = message.body if body is None else body
    digest = hashlib.sha256(f"{message.message_id}\n{content}".encode()).hexdigest()
    return {
        "Id": str(number),
        "MessageBody": content,
        "MessageGroupId": message.source_group,
        "MessageDeduplicationId": digest,
    }
