"""The dead letters of the work queue, which come by the queue of wakes."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from forgeledger.execution.model.dead_work import DeadWork
from forgeledger.jobs.model.ids import lanes_of


def split_messages(records: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    """The records of wakes, and those of dead letters; whatever else comes is taken for a wake."""
    dead = [record for record in records if '"jobId"' in str(record.get("body", ""))]
    return [record for record in records if record not in dead], dead


def read_dead_work(message_id: str, body: str) -> DeadWork:
    """Raises LookupError, TypeError or ValueError for what no dispatcher has sent."""
    message: Mapping[str, Any] = json.loads(body)
    job_id, items = message["jobId"], message.get("items", [message])
    if not isinstance(job_id, str) or lanes_of(job_id) is None:
        raise ValueError(f"{job_id!r} is not the id of a job")
    return DeadWork(
        message_id=message_id,
        job_id=job_id,
        items=tuple((str(item["itemId"]), int(item["attempt"])) for item in items),
    )
