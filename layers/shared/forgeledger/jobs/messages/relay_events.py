"""What wakes the relay: the kind of an event, and the jobs that messages of the clock name."""

from collections.abc import Collection, Mapping, Sequence
from enum import StrEnum
from typing import Any, Final

from forgeledger.clock.messages.wake_queue import woken_row
from forgeledger.jobs.messages.stream_records import UnknownRecord, batch_response, read_wakes
from forgeledger.jobs.model.ids import lanes_of
from forgeledger.jobs.model.wakes import Wake, WakeKind


class RelayEvent(StrEnum):
    # Heads and facts.
    STREAM = "stream"
    WAKES = "wakes"
    TICK = "tick"
    MAINTENANCE = "maintenance"


def kind_of(event: Mapping[str, Any]) -> RelayEvent:
    if "tick" in event:
        return RelayEvent.TICK
    if "Records" not in event:
        return RelayEvent.MAINTENANCE
    from_queue = any(_is_message(record) for record in event["Records"])
    return RelayEvent.WAKES if from_queue else RelayEvent.STREAM


def _is_message(record: Any) -> bool:
    return isinstance(record, dict) and record.get("eventSource") == "aws:sqs"


def read_messages(records: Sequence[Any]) -> tuple[list[Wake], dict[str, Exception]]:
    """The wakes, and the errors of messages that are none, by message id."""
    wakes: list[Wake] = []
    unreadable: dict[str, Exception] = {}
    for record in records:
        message_id = record["messageId"]
        try:
            prefix, _, job_id = woken_row(record["body"]).partition("#")
            if prefix != "JOB" or lanes_of(job_id) is None:
                raise UnknownRecord(record["body"])
        except (LookupError, TypeError, ValueError) as error:
            unreadable[message_id] = error
        else:
            wakes.append(Wake(sequence_number=message_id, kind=WakeKind.TIME, job_id=job_id))
    return wakes, unreadable


def message_response(_: Sequence[Any], failed: Collection[str]) -> dict[str, Any]:
    """Report each message that has to come again."""
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in sorted(failed)]}


# For each kind that comes as records: how they are read, and what failed is reported.
READERS: Final = {RelayEvent.STREAM: read_wakes, RelayEvent.WAKES: read_messages}
RESPONSES: Final = {RelayEvent.STREAM: batch_response, RelayEvent.WAKES: message_response}
