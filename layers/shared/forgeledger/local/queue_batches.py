"""An SQS batch: splitting it by size, and which messages may be deleted after a run."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from forgeledger.local.function_process import InvocationFailed
from forgeledger.local.sqs_events import BadBatchResponse, failed_identifiers

MAX_EVENT_BYTES: Final = 6_000_000
_ENVELOPE_BYTES: Final = 256
Record = Mapping[str, Any]


def chunks_by_size(
    records: Sequence[Record], limit_bytes: int = MAX_EVENT_BYTES
) -> Iterator[list[Record]]:
    """Split a batch whose event Lambda would refuse as too large; no part is empty."""
    chunk: list[Record] = []
    size = 0
    for record in records:
        # ASCII escapes can make the event larger than the message.
        weight = len(json.dumps(record)) if len(record["body"]) > _ENVELOPE_BYTES else 2_000
        if chunk and size + weight > limit_bytes:
            yield chunk
            chunk, size = [], 0
        chunk.append(record)
        size += weight
    if chunk:
        yield chunk


def run_batch(
    records: Sequence[Record],
    invoke: Callable[[Any], Any],
    *,
    reports_failures: bool,
    limit_bytes: int = MAX_EVENT_BYTES,
) -> list[Record]:
    """Invoke the function and return the records that may be deleted.

    As on AWS, the others become visible again after their visibility timeout. If the batch was
    split, a message group that failed in one part is left out of the later parts.
    """
    done: list[Record] = []
    held_groups: set[str] = set()
    for chunk in chunks_by_size(records, limit_bytes):
        ready = [record for record in chunk if _group(record) not in held_groups]
        if not ready:
            continue
        failed = _failed(ready, invoke, reports_failures=reports_failures)
        held_groups |= {_group(record) for record in ready if record["messageId"] in failed} - {""}
        done += [record for record in ready if record["messageId"] not in failed]
    return done


def _failed(
    records: Sequence[Record], invoke: Callable[[Any], Any], *, reports_failures: bool
) -> set[str]:
    everything = [str(record["messageId"]) for record in records]
    try:
        response = invoke({"Records": list(records)})
        return set(failed_identifiers(response, everything)) if reports_failures else set()
    except (InvocationFailed, BadBatchResponse):
        return set(everything)


def _group(record: Record) -> str:
    return str(record["attributes"].get("MessageGroupId", ""))
