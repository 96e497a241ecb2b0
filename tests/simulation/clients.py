"""Fakes of boto3's clients: the same requests and responses, with injected faults."""

from collections.abc import Mapping, Sequence
from typing import Any

from tests.simulation.expressions import Row
from tests.simulation.faults import CallFault, client_error
from tests.simulation.fifo_queue import SimulatedFifoQueue
from tests.simulation.world import CALL_MS, Operation, SimulatedWorld

Request = dict[str, Any]
_CHECKPOINT = {"S": "CHECKPOINT"}
# Of each row by itself.
_INDEX_LAGS_MS = (0, 0, 500, 3_000)
LONGEST_LAG_MS = max(_INDEX_LAGS_MS)


class DynamoDBClient:
    def __init__(self, world: SimulatedWorld) -> None:
        self._world = world
        self._tables = world.tables

    def batch_get_item(self, **request: Any) -> dict[str, Any]:
        return self._world.call("BatchGetItem", self._batch_get, request, self._read_faults)

    def get_item(self, **request: Any) -> dict[str, Any]:
        if request["Key"].get("PK") == _CHECKPOINT and self._world.invocation is not None:
            self._world.invocation.began += CALL_MS
        return self._world.call("GetItem", self._tables.get_item, request)

    def query(self, **request: Any) -> dict[str, Any]:
        process = self._world.invocation
        assert process is not None
        if "IndexName" in request:
            # Where time passes faster, only calls about a job count. A list of jobs takes a call
            # for each of its shards, and nearly all of them are empty here.
            process.began += CALL_MS

        def page(query: Request) -> dict[str, Any]:
            return self._tables.query(query, self._draw_lag)

        def short_page(query: Request) -> dict[str, Any]:
            """A page that ends before its limit."""
            count = len(page(query)["Items"])
            limit = self._world.random.randint(1, max(1, count - 1))
            return page({**query, "Limit": min(limit, query["Limit"])})

        return self._world.call("Query", page, request, lambda: {CallFault.SHORT_PAGE: short_page})

    def _draw_lag(self) -> int:
        return self._world.random.choice(_INDEX_LAGS_MS)

    def put_item(self, **request: Any) -> dict[str, Any]:
        return self._world.call("PutItem", self._tables.put_item, request)

    def update_item(self, **request: Any) -> dict[str, Any]:
        update = self._tables.update_item
        return self._world.call("UpdateItem", update, request, self._update_faults)

    def transact_write_items(self, **request: Any) -> dict[str, Any]:
        return self._world.call(
            "TransactWriteItems", self._transact, request, self._transaction_faults
        )

    def _read_faults(self) -> Mapping[CallFault, Operation]:
        return {CallFault.UNPROCESSED: self._unprocessed, CallFault.TORN: self._torn}

    def _update_faults(self) -> Mapping[CallFault, Operation]:
        return {CallFault.CONFLICT: self._update_conflict}

    def _transaction_faults(self) -> Mapping[CallFault, Operation]:
        return {
            CallFault.CONFLICT: self._conflict,
            CallFault.CANCELED: self._no_capacity,
            CallFault.IN_PROGRESS: self._in_progress,
        }

    def _batch_get(self, request: Request) -> dict[str, Any]:
        ((table, keys_request),) = request["RequestItems"].items()
        keys = keys_request["Keys"]
        count = self._tables.within_batch(keys)
        rows = self._read(keys[:count], keys_request)
        left = {table: {**keys_request, "Keys": keys[count:]}} if count < len(keys) else {}
        return {"Responses": {table: rows}, "UnprocessedKeys": left}

    def _unprocessed(self, request: Request) -> dict[str, Any]:
        ((table, keys_request),) = request["RequestItems"].items()
        keys = keys_request["Keys"]
        count = self._world.random.randint(0, len(keys) - 1)
        unprocessed = {table: {**keys_request, "Keys": keys[count:]}}
        return {
            "Responses": {table: self._read(keys[:count], keys_request)},
            "UnprocessedKeys": unprocessed,
        }

    def _torn(self, request: Request) -> dict[str, Any]:
        ((table, keys_request),) = request["RequestItems"].items()
        shuffled = list(keys_request["Keys"])
        self._world.random.shuffle(shuffled)
        middle = self._world.random.randint(1, max(1, len(shuffled) - 1))
        first = self._read(shuffled[:middle], keys_request)
        self._world.stall(self._world.random.randint(1, 4))
        rows = first + self._read(shuffled[middle:], keys_request)
        return {"Responses": {table: rows}, "UnprocessedKeys": {}}

    def _read(self, keys: Sequence[Row], keys_request: Mapping[str, Any]) -> list[Row]:
        consistent = keys_request.get("ConsistentRead", False)
        return self._tables.read_keys(keys, consistent=consistent) if keys else []

    def _update_conflict(self, _: Request) -> Any:
        raise client_error("TransactionConflictException", "UpdateItem")

    def _transact(self, request: Request) -> dict[str, Any]:
        self._tables.transact(request["TransactItems"], request.get("ClientRequestToken"))
        return {}

    def _conflict(self, request: Request) -> dict[str, Any]:
        return self._cancel_transaction(request, "TransactionConflict")

    def _no_capacity(self, request: Request) -> dict[str, Any]:
        codes = ("ThrottlingError", "ProvisionedThroughputExceeded")
        return self._cancel_transaction(request, self._world.random.choice(codes))

    def _cancel_transaction(self, request: Request, code: str) -> dict[str, Any]:
        actions = request["TransactItems"]
        index = self._world.random.randrange(len(actions))
        self._tables.transact(actions, request.get("ClientRequestToken"), (index, code))
        return {}

    def _in_progress(self, request: Request) -> Any:
        self._transact(request)
        raise client_error("TransactionInProgressException", "TransactWriteItems")


class SqsClient:
    def __init__(self, world: SimulatedWorld, queue: SimulatedFifoQueue) -> None:
        self._world = world
        self._queue = queue

    def send_message(self, **request: Any) -> dict[str, Any]:
        return self._world.call(
            "SendMessage",
            lambda message: {"MessageId": self._send(message)},
            request,
            lambda: dict.fromkeys((CallFault.THROTTLED_LONG, CallFault.SERVER_ERROR), self._denied),
        )

    def send_message_batch(self, **request: Any) -> Mapping[str, Any]:
        return self._world.call(
            "SendMessageBatch",
            self._send_all,
            request,
            lambda: {CallFault.PARTIAL: self._send_some},
        )

    def change_message_visibility_batch(self, **request: Any) -> dict[str, Any]:
        return self._world.call("ChangeMessageVisibilityBatch", self._delay, request)

    def _delay(self, request: Request) -> dict[str, Any]:
        """The intake's call, on the command queue, whichever queue it sends to."""
        delays = {
            entry["ReceiptHandle"]: entry["VisibilityTimeout"] for entry in request["Entries"]
        }
        for message in self._world.commands.waiting:
            if message.receipt in delays:
                message.visible_at = self._world.now + delays[message.receipt] * 1_000
        return {}

    def _denied(self, _: Request) -> Any:
        """The sender of single messages retries throttles; this lasts."""
        raise client_error("AccessDenied", "SendMessage", status=403)

    def _send_all(self, request: Request) -> dict[str, Any]:
        return self._response(request["Entries"], ())

    def _send_some(self, request: Request) -> dict[str, Any]:
        entries = request["Entries"]
        accepted = [entry for entry in entries if self._world.random.random() < 0.5]
        return self._response(accepted, [entry for entry in entries if entry not in accepted])

    def _response(self, accepted: Sequence[Request], refused: Sequence[Request]) -> dict[str, Any]:
        sent = [{"Id": entry["Id"], "MessageId": self._send(entry)} for entry in accepted]
        failed = [
            {"Id": entry["Id"], "Code": "InternalError", "SenderFault": False} for entry in refused
        ]
        return {"Successful": sent, "Failed": failed}

    def _send(self, request: Request) -> str:
        message_id, _ = self._queue.send(
            request["MessageBody"],
            request["MessageGroupId"],
            request["MessageDeduplicationId"],
            request.get("MessageAttributes"),
        )
        return message_id


class WakeQueueClient:
    """SQS, as who sends wakes uses it."""

    def __init__(self, world: SimulatedWorld) -> None:
        self._world = world

    def send_message_batch(self, **request: Any) -> dict[str, Any]:
        if not 1 <= len(request["Entries"]) <= 10:
            raise client_error("AWS.SimpleQueueService.TooManyEntriesInBatchRequest", "SendMessage")
        faults = {CallFault.PARTIAL: self._send_some}
        return self._world.call("SendMessageBatch", self._send_all, request, lambda: faults)

    def _send_all(self, request: Request) -> dict[str, Any]:
        return self._send(request["Entries"], ())

    def _send_some(self, request: Request) -> dict[str, Any]:
        entries = request["Entries"]
        accepted = [entry for entry in entries if self._world.random.random() < 0.5]
        return self._send(accepted, [entry for entry in entries if entry not in accepted])

    def _send(self, accepted: Sequence[Request], refused: Sequence[Request]) -> dict[str, Any]:
        for entry in accepted:
            self._world.wakes.send(entry["MessageBody"], entry["DelaySeconds"])
        failed = [{"Id": entry["Id"], "Code": "InternalError"} for entry in refused]
        sent = [{"Id": entry["Id"]} for entry in accepted]
        return {"Successful": sent, **({"Failed": failed} if failed else {})}


class EventBridgeClient:
    def __init__(self, world: SimulatedWorld) -> None:
        self._world = world

    def put_events(self, **request: Any) -> dict[str, Any]:
        if not 1 <= len(request["Entries"]) <= 10:
            raise client_error("ValidationException", "PutEvents")
        return self._world.call(
            "PutEvents",
            self._put,
            request,
            lambda: {CallFault.PARTIAL: self._refuse_some, CallFault.DOUBLED: self._doubled},
        )

    def _put(self, request: Request, refused: Sequence[int] = (), times: int = 1) -> dict[str, Any]:
        answers: list[dict[str, Any]] = []
        for number, entry in enumerate(request["Entries"]):
            if number in refused:
                self._world.bus.refuse(entry)
                code = self._world.random.choice(("ThrottlingException", "InternalFailure"))
                answers.append({"ErrorCode": code, "ErrorMessage": "later"})
                continue
            for _ in range(times):
                self._world.bus.deliver(entry)
            answers.append({"EventId": self._world.new_id()})
        return {"FailedEntryCount": len(refused), "Entries": answers}

    def _refuse_some(self, request: Request) -> dict[str, Any]:
        random, count = self._world.random, len(request["Entries"])
        return self._put(request, random.sample(range(count), random.randint(1, count)))

    def _doubled(self, request: Request) -> dict[str, Any]:
        return self._put(request, times=2)
