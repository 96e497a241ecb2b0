"""A table's stream as event source: in order, and no record is skipped silently."""

import logging
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, Protocol

from forgeledger.batched import batched
from forgeledger.local.checkpoints import Checkpoint, CheckpointFile
from forgeledger.local.engine import REGION
from forgeledger.local.engine_calls import (
    DESCRIBE_STREAM,
    OPEN_SHARD,
    READ_SHARD,
    Call,
    EngineRefused,
)
from forgeledger.local.filters import matches_any
from forgeledger.local.function_process import InvocationFailed
from forgeledger.local.sqs_events import BadBatchResponse, failed_identifiers
from forgeledger.local.stack import StreamMapping
from forgeledger.local.stream_batches import (
    Batch,
    Condition,
    after_failure,
    first_failed_index,
    split_expired,
)
from forgeledger.local.stream_events import failure_message, sequence_number, stream_record

READ_LIMIT: Final = 1000
SHORTEST_IDLE_SECONDS: Final = 0.02  # AWS polls every 0.25 s; a pause fills batches.
LONGEST_IDLE_SECONDS: Final = 0.2
ERROR_PAUSE_SECONDS: Final = 0.5
CATCH_UP_ATTEMPTS: Final = 5
logger = logging.getLogger(__name__)


class Invoke(Protocol):
    def __call__(self, event: Any, request_id: str | None = None, /) -> Any: ...


class StreamPoller:
    """Reads one stream; the engine's streams have a single shard."""

    def __init__(
        self,
        mapping: StreamMapping,
        invoke: Invoke,
        call: Call,
        *,
        function_arn: str,
        engine: str,
        checkpoints: CheckpointFile,
        send_failure: Callable[[str, str], None],
    ) -> None:
        self._mapping = mapping
        self._invoke = invoke
        self._call = call
        self._function_arn = function_arn
        self._engine = engine
        self._checkpoints = checkpoints
        self._send_failure = send_failure
        self._stopping = threading.Event()
        self._nudged = threading.Event()
        self._thread = threading.Thread(target=self._run, name=mapping.function, daemon=True)
        self._shard_id = ""
        self._iterator: str | None = None

    def start(self) -> None:
        self._thread.start()

    def halt(self) -> None:
        """Stop after the invocation in flight; the next run resumes at the checkpoint."""
        self._stopping.set()
        self._nudged.set()

    def nudge(self) -> None:
        """Poll soon: a function has run and may have written to the table."""
        self._nudged.set()

    def join(self, deadline: float) -> None:
        self._thread.join(max(0.0, deadline - time.monotonic()))

    def _run(self) -> None:
        idle = SHORTEST_IDLE_SECONDS
        while not self._stopping.is_set():
            try:
                count = self.poll_once()
                if count >= READ_LIMIT:
                    continue
                if count:
                    idle = SHORTEST_IDLE_SECONDS
            except EngineRefused as error:
                logger.warning("%s: %s", self._mapping.stream_arn, error)
                self._start_over()
            except Exception:  # The thread must survive any error.
                logger.exception("%s: restarting at the checkpoint", self._mapping.stream_arn)
                self._start_over()
            self.rest(idle)
            idle = min(LONGEST_IDLE_SECONDS, idle * 1.5)

    def _start_over(self) -> None:
        """Resume at the checkpoint, after a pause."""
        self._iterator = None
        self._stopping.wait(ERROR_PAUSE_SECONDS)

    def rest(self, seconds: float) -> None:
        """Wait for that long or until a nudge, but long enough for a batch to fill."""
        self._stopping.wait(SHORTEST_IDLE_SECONDS)
        self._nudged.wait(seconds - SHORTEST_IDLE_SECONDS)
        self._nudged.clear()

    def poll_once(self) -> int:
        """Read once and run what the filters match; returns the number of records read."""
        if self._iterator is None:
            self._iterator = self._open()
        count, matching, last = self._gather()
        if last is None:
            return 0
        for batch in batched(matching, self._mapping.batch_size):
            if not self.run(batch):
                self._iterator = None  # Resume at the checkpoint.
                return count
            self._done_up_to(batch[-1])
        self._done_up_to(last)
        return count

    def run(self, records: Sequence[Mapping[str, Any]]) -> bool:
        """Invoke until each record is done or given up; False if halted before.

        The checkpoint advances within the batch; the caller moves it past the whole batch.
        """
        waiting = deque([Batch(records=records)])
        while waiting:
            batch = waiting.popleft()
            if self._stopping.wait(batch.pause_seconds):
                return False
            expired, rest = split_expired(batch, self._mapping.retries, time.time())
            if expired:
                self._give_up(expired, Condition.AGE, str(uuid.uuid4()))
            if rest:
                again = self._attempt(rest)
                waiting.extendleft(reversed(again))
                if waiting and not again:
                    self._done_up_to(rest.records[-1])
        return True

    def _attempt(self, batch: Batch) -> tuple[Batch, ...]:
        """Invoke once; returns the batches to retry, in order."""
        request_id = str(uuid.uuid4())
        failed = self._first_failed(batch, request_id)
        if failed is None:
            return ()
        if failed > 0:
            self._done_up_to(batch.records[failed - 1])
        plan = after_failure(batch, failed, self._mapping.retries)
        if plan.given_up and plan.condition:
            self._give_up(plan.given_up, plan.condition, request_id)
        return plan.again

    def _first_failed(self, batch: Batch, request_id: str) -> int | None:
        try:
            response = self._invoke({"Records": list(batch.records)}, request_id)
            if not self._mapping.reports_failures:
                return None
            known = [sequence_number(record) for record in batch.records]
            return first_failed_index(batch.records, failed_identifiers(response, known))
        except (InvocationFailed, BadBatchResponse) as error:
            logger.warning("%s: a batch failed: %s", self._mapping.function, error)
            return 0

    def _give_up(self, batch: Batch, condition: Condition, request_id: str) -> None:
        logger.error(
            "%s: %s for %d records", self._mapping.function, condition.value, len(batch.records)
        )
        if self._mapping.on_failure_arn:
            message = failure_message(
                records=[dict(record) for record in batch.records],
                stream_arn=self._mapping.stream_arn,
                shard_id=self._shard_id,
                function_arn=self._function_arn,
                request_id=request_id,
                condition=condition.value,
                invocations=batch.failures,
                now=datetime.now(UTC),
            )
            self._send_failure(self._mapping.on_failure_arn, message)
        self._done_up_to(batch.records[-1])

    def _gather(self) -> tuple[int, list[dict[str, Any]], dict[str, Any] | None]:
        """The number of records read, those that the filters match, and the last one read.

        It reads until a batch is full or the batching window is over, which begins with the first
        match. A page without a match returns at once.
        """
        count, matching, last = 0, list[dict[str, Any]](), None
        deadline = float("inf")
        while True:
            page = self._read()
            count += len(page)
            last = page[-1] if page else last
            matching += [record for record in page if matches_any(self._mapping.patterns, record)]
            now = time.monotonic()
            if matching and deadline == float("inf"):
                deadline = now + self._mapping.window_seconds
            is_complete = not matching or len(matching) >= self._mapping.batch_size
            if is_complete or now >= deadline or self._stopping.wait(SHORTEST_IDLE_SECONDS):
                return count, matching, last

    def _read(self) -> list[dict[str, Any]]:
        request = {"ShardIterator": self._iterator, "Limit": READ_LIMIT}
        response = self._call(READ_SHARD, request)
        self._iterator = response.get("NextShardIterator")
        return [
            stream_record(record, stream_arn=self._mapping.stream_arn, region=REGION)
            for record in response["Records"]
        ]

    def _open(self) -> str:
        """An iterator at the checkpoint; if that is lost, catch up from the table first."""
        description = self._call(DESCRIBE_STREAM, {"StreamArn": self._mapping.stream_arn})
        self._shard_id = description["StreamDescription"]["Shards"][0]["ShardId"]
        stored = self._checkpoints.load()
        if stored is None:
            iterator = self._iterator_at(self._mapping.starting_position)
        else:
            if resumed := self._resume(stored):
                return resumed
            # Before the catch-up, so that no record is missed between table and stream.
            iterator = self._iterator_at("TRIM_HORIZON")
            self._catch_up()
        self._checkpoints.save(
            Checkpoint(
                engine=self._engine, stream_arn=self._mapping.stream_arn, shard_id=self._shard_id
            )
        )
        return iterator

    def _resume(self, stored: Checkpoint) -> str | None:
        if stored.engine != self._engine or stored.stream_arn != self._mapping.stream_arn:
            return None
        if not stored.sequence_number:
            return self._iterator_at("TRIM_HORIZON")
        try:
            return self._iterator_at("AFTER_SEQUENCE_NUMBER", stored.sequence_number)
        except EngineRefused as error:
            if error.code != "TrimmedDataAccessException":
                raise
            return None

    def _iterator_at(self, position: str, sequence: str | None = None) -> str:
        request = {
            "StreamArn": self._mapping.stream_arn,
            "ShardId": self._shard_id,
            "ShardIteratorType": position,
        }
        if sequence:
            request["SequenceNumber"] = sequence
        return str(self._call(OPEN_SHARD, request)["ShardIterator"])

    def _catch_up(self) -> None:
        """Have the function reconcile from the table, since records of the stream are lost.

        An answer with `after` was cut short: the next request continues from there.
        """
        request: dict[str, Any] = {"running": True}
        failures = 0
        while failures < CATCH_UP_ATTEMPTS and not self._stopping.is_set():
            try:
                answer = self._invoke({"reconcile": request}, None)
            except InvocationFailed as failure:
                failures += 1
                logger.warning("catch-up %d of %d: %s", failures, CATCH_UP_ATTEMPTS, failure)
                self._stopping.wait(ERROR_PAUSE_SECONDS * failures)
                continue
            after = answer.get("after") if isinstance(answer, dict) else None
            if after is None or after == request.get("after"):
                return
            request = {**request, "after": after}

    def _done_up_to(self, record: Mapping[str, Any]) -> None:
        self._checkpoints.save(
            Checkpoint(
                engine=self._engine,
                stream_arn=self._mapping.stream_arn,
                shard_id=self._shard_id,
                sequence_number=sequence_number(record),
            )
        )
