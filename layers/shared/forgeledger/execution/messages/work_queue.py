"""Send work messages: to the deployment's work queue, or to a queue of the user's own."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from hashlib import blake2b
from typing import Any, Final

from forgeledger.aws.errors import is_passing_code, may_pass
from forgeledger.errors import OutOfTime, QueueRefused
from forgeledger.execution.model.flight import Handout
from forgeledger.jobs.model.jobs import DispatchSpec, Job
from forgeledger.json_text import from_text, iso
from forgeledger.runtime import HasTime, Runtime

# SQS takes so many messages a batch, together not larger than one of them may be.
_MESSAGES_PER_BATCH: Final = 10
_TRIES: Final = 6
_MOST_DELAY_SECONDS: Final = 900

Entry = dict[str, Any]


class SqsWorkQueue:
    def __init__(
        self, client: Callable[[], Any], queue_url: str, runtime: Runtime, most_bytes: int
    ) -> None:
        self._client = client
        self._queue_url = queue_url
        self._runtime = runtime
        self._most_bytes = most_bytes

    def send(self, job: Job, handouts: Sequence[Handout], has_time: HasTime) -> None:
        dispatch = job.spec.dispatch
        assert dispatch is not None
        url = self._queue_url if dispatch.queue_arn is None else url_of(dispatch.queue_arn)
        entries = _entries(job, dispatch, handouts, self._runtime.clock(), self._most_bytes)
        batches = list(_batches(entries, self._most_bytes))

        def send(batch: list[Entry]) -> None:
            self._send(url, batch, has_time)

        self._runtime.parallel(send, batches)

    def _send(self, url: str, batch: list[Entry], has_time: HasTime) -> None:
        """Send a batch, and again what SQS refused of it; raise if something is left."""
        codes: tuple[str, ...] = ()
        for tries in range(_TRIES):
            if not has_time():
                raise OutOfTime("work queue")
            try:
                answer = self._client().send_message_batch(QueueUrl=url, Entries=batch)
            except Exception as error:
                if not may_pass(error):
                    raise
                codes = (type(error).__name__,)
            else:
                sent = {entry["Id"] for entry in answer.get("Successful", ())}
                batch = [entry for entry in batch if entry["Id"] not in sent]
                if not batch:
                    return
                failed = answer.get("Failed", ())
                codes = tuple(str(entry.get("Code")) for entry in failed)
                if not all(map(is_passing_code, codes)):
                    break
            self._runtime.pause(tries)
        raise QueueRefused(url, codes)


def url_of(queue_arn: str) -> str:
    """A queue's URL from its ARN; in the partitions of AWS that have another domain too."""
    _, partition, _, region, account, name = queue_arn.split(":")
    domain = "amazonaws.com.cn" if partition == "aws-cn" else "amazonaws.com"
    return f"https://sqs.{region}.{domain}/{account}/{name}"


def _entries(
    job: Job, dispatch: DispatchSpec, handouts: Sequence[Handout], now: int, most_bytes: int
) -> Iterator[Entry]:
    """One message an item, or one for several items that are due at the same time."""
    share: list[Handout] = []
    size = 0
    for handout in handouts:
        bytes_more = len(_text_of(_item(handout)))
        full = len(share) == dispatch.items_per_message or size + bytes_more > most_bytes // 2
        if share and (full or _delay(share[0], now) != _delay(handout, now)):
            yield _entry(job, dispatch, share, now)
            share, size = [], 0
        share.append(handout)
        size += bytes_more
    if share:
        yield _entry(job, dispatch, share, now)


def _entry(job: Job, dispatch: DispatchSpec, share: Sequence[Handout], now: int) -> Entry:
    rules = job.spec.rules
    items = [_item(handout) for handout in share]
    body: dict[str, Any] = {
        "jobId": job.job_id,
        **(items[0] if dispatch.items_per_message == 1 else {"items": items}),
        "redelivery": "ledger",
        "leaseSeconds": rules.lease_seconds,
    }
    if rules.run_seconds:
        body["runSeconds"] = rules.run_seconds
    entry: Entry = {"MessageBody": _text_of({**body, "sentAt": iso(now)})}
    if dispatch.is_fifo:
        handout = share[0]
        entry["MessageGroupId"] = handout.group or _digest(job.job_id, handout.item_id)
        entry["MessageDeduplicationId"] = _digest(job.job_id, handout.item_id, str(handout.attempt))
        return entry
    entry["MessageGroupId"] = dispatch.fairness_key or job.job_id
    if delay := _delay(share[0], now):
        entry["DelaySeconds"] = delay
    return entry


def _item(handout: Handout) -> Mapping[str, Any]:
    item: dict[str, Any] = {"itemId": handout.item_id, "attempt": handout.attempt}
    if handout.kind is not None:
        item["kind"] = handout.kind
    if handout.payload is not None:
        item["payload"] = from_text(handout.payload)
    return item


def _text_of(value: Mapping[str, Any]) -> str:
    """With escapes: SQS refuses some characters in a body."""
    return json.dumps(value, separators=(",", ":"))


def _delay(handout: Handout, now: int) -> int:
    """How many seconds the queue holds it back, so that it is not early."""
    if handout.due_at is None:
        return 0
    return min(_MOST_DELAY_SECONDS, max(0, -(-(handout.due_at - now) // 1000)))


def _digest(*parts: str) -> str:
    """For ids of SQS, which takes fewer characters than an item's id may have."""
    return blake2b("\0".join(parts).encode(), digest_size=16).hexdigest()


def _batches(entries: Iterator[Entry], most_bytes: int) -> Iterator[list[Entry]]:
    batch: list[Entry] = []
    size = 0
    for entry in entries:
        more = len(entry["MessageBody"])
        if batch and (len(batch) == _MESSAGES_PER_BATCH or size + more > most_bytes):
            yield batch
            batch, size = [], 0
        batch.append({"Id": str(len(batch)), **entry})
        size += more
    if batch:
        yield batch
