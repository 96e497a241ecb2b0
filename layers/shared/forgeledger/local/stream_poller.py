"""Feeds a function from a table's stream, in order, and never passes over a record silently."""

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
SHORTEST_IDLE_SECONDS: Final = 0.02  # AWS looks four times a second; a pause makes fuller batches.
LONGEST_IDLE_SECONDS: Final = 0.2
ERROR_PAUSE_SECONDS: Final = 0.5
CATCH_UP_ATTEMPTS: Final = 5
logger = logging.getLogger(__name__)


class Invoke(Protocol):
    def __call__(self, event: Any, request_id: str | None = None, /) -> Any: ...


class StreamPoller:
    """One reader of one stream; the engine's streams have a single shard."""

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
        """Take no more; after the invocation in flight, what is not done waits for the next run."""
        self._stopping.set()
        self._nudged.set()

    def nudge(self) -> None:
        """Look soon: a function has run, and may have written to the table."""
        self._nudged.set()

    def join(self, deadline: float) -> None:
        self._thread.join(max(0.0, deadline - time.monotonic()))

    def _run(self) -> None:
        idle = SHORTEST_IDLE_SECONDS
        while not self._stopping.is_set():
            try:
                taken = self.poll_once()
                if taken >= READ_LIMIT:
                    continue
                if taken:
                    idle = SHORTEST_IDLE_SECONDS
            except EngineRefused as error:
                logger.warning("%s: %s", self._mapping.stream_arn, error)
                self._start_over()
            except Exception:  # Nobody else reads the stream of a local cloud that is up.
                logger.exception("%s: goes on at its checkpoint", self._mapping.stream_arn)
                self._start_over()
            self.rest(idle)
            idle = min(LONGEST_IDLE_SECONDS, idle * 1.5)

    def _start_over(self) -> None:
        """Go on at the checkpoint, after a pause."""
        self._iterator = None
        self._stopping.wait(ERROR_PAUSE_SECONDS)

    def rest(self, seconds: float) -> None:
        """Until then or until a nudge, but long enough for a batch to gather."""
        self._stopping.wait(SHORTEST_IDLE_SECONDS)
        self._nudged.wait(seconds - SHORTEST_IDLE_SECONDS)
        self._nudged.clear()

    def poll_once(self) -> int:
        """Read once, run what the filters let through, and say how many records there were."""
        if self._iterator is None:
            self._iterator = self._open()
        taken, wanted, last = self._gather()
        if last is None:
            return 0
        for batch in batched(wanted, self._mapping.batch_size):
            if not self.run(batch):
                self._iterator = None  # Whoever goes on starts at the checkpoint.
                return taken
            self._done_up_to(batch[-1])
        self._done_up_to(last)
        return taken

    def run(self, records: Sequence[Mapping[str, Any]]) -> bool:
        """Invoke until each record is done or given up; False if asked to stop before.

        The checkpoint moves on while something of the batch is still to be done; the caller moves
        it past the whole batch.
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
        """Invoke once, and return what has to be tried again, in order."""
        request_id = str(uuid.uuid4())
        failed = self._first_failed(batch, request_id)
        if failed is None:
            return ()
        if failed > 0:
            self._done_up_to(batch.records[failed - 1])
        verdict = after_failure(batch, failed, self._mapping.retries)
        if verdict.given_up and verdict.condition:
            self._give_up(verdict.given_up, verdict.condition, request_id)
        return verdict.again

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
        """What passes the filters, up to a batch or the end of the window, and where that ends.

        The window opens with the first record that passes; what the filters hold back costs
        nothing and waits for nothing.
        """
        taken, wanted, last = 0, list[dict[str, Any]](), None
        closes = float("inf")
        while True:
            page = self._read()
            taken += len(page)
            last = page[-1] if page else last
            wanted += [each for each in page if matches_any(self._mapping.patterns, each)]
            now = time.monotonic()
            if wanted and closes == float("inf"):
                closes = now + self._mapping.window_seconds
            if not wanted or len(wanted) >= self._mapping.batch_size or now >= closes:
                return taken, wanted, last
            if self._stopping.wait(SHORTEST_IDLE_SECONDS):
                return taken, wanted, last

    def _read(self) -> list[dict[str, Any]]:
        request = {"ShardIterator": self._iterator, "Limit": READ_LIMIT}
        response = self._call(READ_SHARD, request)
        self._iterator = response.get("NextShardIterator")
        return [
            stream_record(record, stream_arn=self._mapping.stream_arn, region=REGION)
            for record in response["Records"]
        ]

    def _open(self) -> str:
        """An iterator at the checkpoint; where that is lost, the table is asked what was missed."""
        description = self._call(DESCRIBE_STREAM, {"StreamArn": self._mapping.stream_arn})
        self._shard_id = description["StreamDescription"]["Shards"][0]["ShardId"]
        stored = self._checkpoints.load()
        if stored is None:
            iterator = self._iterator_at(self._mapping.starting_position)
        else:
            found = self._resume(stored)
            if found:
                return found
            # The position is taken first, so that nothing falls between the table and the stream.
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
        """Ask the function to look at the table, since the stream cannot tell what it missed.

        An answer with `after` in it did not look at all of it: the same request goes on from there.
        """
        wish: dict[str, Any] = {"running": True}
        failures = 0
        while failures < CATCH_UP_ATTEMPTS and not self._stopping.is_set():
            try:
                answer = self._invoke({"reconcile": wish}, None)
            except InvocationFailed as failure:
                failures += 1
                logger.warning("catch-up %d of %d: %s", failures, CATCH_UP_ATTEMPTS, failure)
                self._stopping.wait(ERROR_PAUSE_SECONDS * failures)
                continue
            after = answer.get("after") if isinstance(answer, dict) else None
            if after is None or after == wish.get("after"):
                return
            wish = {**wish, "after": after}

    def _done_up_to(self, record: Mapping[str, Any]) -> None:
        self._checkpoints.save(
            Checkpoint(
                engine=self._engine,
                stream_arn=self._mapping.stream_arn,
                shard_id=self._shard_id,
                sequence_number=sequence_number(record),
            )
        )
