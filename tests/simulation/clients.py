"""Stand-ins for boto3's clients: the same requests and answers, with faults in between."""

from collections.abc import Mapping, Sequence
from typing import Any

from tests.simulation.expressions import Row
from tests.simulation.faults import Fault, client_error
from tests.simulation.fifo_queue import FifoQueue
from tests.simulation.world import World


class DynamoDBClient:
    def __init__(self, world: World) -> None:
        self._world = world
        self._tables = world.tables

    def batch_get_item(self, *, RequestItems: dict[str, Any]) -> dict[str, Any]:  # noqa: N803
        ((table, asked),) = RequestItems.items()
        keys: Sequence[Row] = asked["Keys"]
        consistent = asked.get("ConsistentRead", False)

        def read(some: Sequence[Row]) -> list[Row]:
            return self._tables.read_keys(some, consistent=consistent) if some else []

        def unprocessed() -> dict[str, Any]:
            most = self._world.random.randint(0, len(keys) - 1)
            left = {table: {**asked, "Keys": keys[most:]}}
            return {"Responses": {table: read(keys[:most])}, "UnprocessedKeys": left}

        def torn() -> dict[str, Any]:
            mixed = list(keys)
            self._world.random.shuffle(mixed)
            middle = self._world.random.randint(0, len(mixed))
            first = read(mixed[:middle])
            self._world.interlude(self._world.random.randint(1, 4))
            return {"Responses": {table: first + read(mixed[middle:])}, "UnprocessedKeys": {}}

        return self._world.call(
            "BatchGetItem",
            lambda: {"Responses": {table: read(keys)}, "UnprocessedKeys": {}},
            {Fault.UNPROCESSED: unprocessed, Fault.TORN: torn},
        )

    def get_item(self, **request: Any) -> dict[str, Any]:
        return self._world.call("GetItem", lambda: self._tables.get_item(request))

    def query(self, **request: Any) -> dict[str, Any]:
        lag_ms = self._world.random.choice((0, 0, 500, 3_000)) if "IndexName" in request else 0
        return self._world.call("Query", lambda: self._tables.query(request, lag_ms))

    def put_item(self, **request: Any) -> dict[str, Any]:
        return self._world.call("PutItem", lambda: self._tables.put_item(request) or {})

    def update_item(self, **request: Any) -> dict[str, Any]:
        def conflict() -> None:
            raise client_error("TransactionConflictException", "UpdateItem")

        return self._world.call(
            "UpdateItem",
            lambda: self._tables.update_item(request) or {},
            {Fault.CONFLICT: conflict},
        )

    def transact_write_items(self, **request: Any) -> dict[str, Any]:
        actions, token = request["TransactItems"], request.get("ClientRequestToken")

        def conflict() -> None:
            place = self._world.random.randrange(len(actions))
            self._tables.transact(actions, token, conflicting=place)

        def in_progress() -> None:
            self._tables.transact(actions, token)
            raise client_error("TransactionInProgressException", "TransactWriteItems")

        return self._world.call(
            "TransactWriteItems",
            lambda: self._tables.transact(actions, token) or {},
            {Fault.CONFLICT: conflict, Fault.IN_PROGRESS: in_progress},
        )


class SqsClient:
    def __init__(self, world: World, queue: FifoQueue) -> None:
        self._world = world
        self._queue = queue

    def send_message(self, **request: Any) -> dict[str, Any]:
        return self._world.call("SendMessage", lambda: {"MessageId": self._send(request)})

    def send_message_batch(self, **request: Any) -> Mapping[str, Any]:
        entries = request["Entries"]

        def send(some: Sequence[dict[str, Any]], others: Sequence[dict[str, Any]]) -> Any:
            sent = [{"Id": each["Id"], "MessageId": self._send(each)} for each in some]
            failed = [
                {"Id": each["Id"], "Code": "InternalError", "SenderFault": False} for each in others
            ]
            return {"Successful": sent, "Failed": failed}

        def partial() -> Any:
            fine = [each for each in entries if self._world.random.random() < 0.5]
            return send(fine, [each for each in entries if each not in fine])

        return self._world.call(
            "SendMessageBatch", lambda: send(entries, ()), {Fault.PARTIAL: partial}
        )

    def _send(self, request: dict[str, Any]) -> str:
        message_id, _ = self._queue.send(
            request["MessageBody"],
            request["MessageGroupId"],
            request["MessageDeduplicationId"],
            request.get("MessageAttributes"),
        )
        return message_id


class EventBridgeClient:
    def __init__(self, world: World) -> None:
        self._world = world

    def put_events(self, *, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
        if not 1 <= len(Entries) <= 10:
            raise client_error("ValidationException", "PutEvents")

        def put(refused: Sequence[int] = (), times: int = 1) -> dict[str, Any]:
            answers: list[dict[str, Any]] = []
            for number, entry in enumerate(Entries):
                if number in refused:
                    self._world.bus.refuse(entry)
                    answers.append({"ErrorCode": "ThrottlingException", "ErrorMessage": "later"})
                    continue
                for _ in range(times):
                    self._world.bus.deliver(entry)
                answers.append({"EventId": self._world.new_id()})
            return {"FailedEntryCount": len(refused), "Entries": answers}

        def partial() -> dict[str, Any]:
            count = len(Entries)
            return put(
                self._world.random.sample(range(count), self._world.random.randint(1, count))
            )

        return self._world.call(
            "PutEvents", put, {Fault.PARTIAL: partial, Fault.DOUBLED: lambda: put(times=2)}
        )
