"""Stand-ins for boto3's clients: the same requests and answers, with faults in between."""

from collections.abc import Mapping, Sequence
from typing import Any

from tests.simulation.expressions import Row
from tests.simulation.faults import Fault, client_error
from tests.simulation.fifo_queue import FifoQueue
from tests.simulation.world import Perform, World

Request = dict[str, Any]


class DynamoDBClient:
    def __init__(self, world: World) -> None:
        self._world = world
        self._tables = world.tables

    def batch_get_item(self, **request: Any) -> dict[str, Any]:
        return self._world.call("BatchGetItem", self._batch_get, request, self._spoiled_reads)

    def get_item(self, **request: Any) -> dict[str, Any]:
        return self._world.call("GetItem", self._tables.get_item, request)

    def query(self, **request: Any) -> dict[str, Any]:
        lag_ms = self._world.random.choice((0, 0, 500, 3_000)) if "IndexName" in request else 0

        def answer(asked: Request) -> dict[str, Any]:
            most = self._world.rules.rows_a_page
            if most < asked["Limit"]:
                asked = {**asked, "Limit": most}
            return self._tables.query(asked, lag_ms)

        def short(asked: Request) -> dict[str, Any]:
            """As a page of 1 MB that is full."""
            found = len(answer(asked)["Items"])
            most = self._world.random.randint(1, max(1, found - 1))
            return answer({**asked, "Limit": min(most, asked["Limit"])})

        return self._world.call("Query", answer, request, lambda: {Fault.SHORT_PAGE: short})

    def put_item(self, **request: Any) -> dict[str, Any]:
        return self._world.call("PutItem", self._tables.put_item, request)

    def update_item(self, **request: Any) -> dict[str, Any]:
        update = self._tables.update_item
        return self._world.call("UpdateItem", update, request, self._spoiled_updates)

    def transact_write_items(self, **request: Any) -> dict[str, Any]:
        return self._world.call(
            "TransactWriteItems", self._transact, request, self._spoiled_transactions
        )

    def _spoiled_reads(self) -> Mapping[Fault, Perform]:
        return {Fault.UNPROCESSED: self._unprocessed, Fault.TORN: self._torn}

    def _spoiled_updates(self) -> Mapping[Fault, Perform]:
        return {Fault.CONFLICT: self._update_conflict}

    def _spoiled_transactions(self) -> Mapping[Fault, Perform]:
        return {
            Fault.CONFLICT: self._conflict,
            Fault.CANCELED: self._no_capacity,
            Fault.IN_PROGRESS: self._in_progress,
        }

    def _batch_get(self, request: Request) -> dict[str, Any]:
        ((table, asked),) = request["RequestItems"].items()
        found = self._read(asked["Keys"], asked)
        return {"Responses": {table: found}, "UnprocessedKeys": {}}

    def _unprocessed(self, request: Request) -> dict[str, Any]:
        ((table, asked),) = request["RequestItems"].items()
        keys = asked["Keys"]
        most = self._world.random.randint(0, len(keys) - 1)
        left = {table: {**asked, "Keys": keys[most:]}}
        return {"Responses": {table: self._read(keys[:most], asked)}, "UnprocessedKeys": left}

    def _torn(self, request: Request) -> dict[str, Any]:
        ((table, asked),) = request["RequestItems"].items()
        mixed = list(asked["Keys"])
        self._world.random.shuffle(mixed)
        middle = self._world.random.randint(1, max(1, len(mixed) - 1))
        first = self._read(mixed[:middle], asked)
        self._world.interlude(self._world.random.randint(1, 4))
        found = first + self._read(mixed[middle:], asked)
        return {"Responses": {table: found}, "UnprocessedKeys": {}}

    def _read(self, keys: Sequence[Row], asked: Mapping[str, Any]) -> list[Row]:
        consistent = asked.get("ConsistentRead", False)
        return self._tables.read_keys(keys, consistent=consistent) if keys else []

    def _update_conflict(self, _: Request) -> Any:
        raise client_error("TransactionConflictException", "UpdateItem")

    def _transact(self, request: Request) -> dict[str, Any]:
        self._tables.transact(request["TransactItems"], request.get("ClientRequestToken"))
        return {}

    def _conflict(self, request: Request) -> dict[str, Any]:
        return self._refused(request, "TransactionConflict")

    def _no_capacity(self, request: Request) -> dict[str, Any]:
        codes = ("ThrottlingError", "ProvisionedThroughputExceeded")
        return self._refused(request, self._world.random.choice(codes))

    def _refused(self, request: Request, code: str) -> dict[str, Any]:
        actions = request["TransactItems"]
        place = self._world.random.randrange(len(actions))
        self._tables.transact(actions, request.get("ClientRequestToken"), (place, code))
        return {}

    def _in_progress(self, request: Request) -> Any:
        self._transact(request)
        raise client_error("TransactionInProgressException", "TransactWriteItems")


class SqsClient:
    def __init__(self, world: World, queue: FifoQueue) -> None:
        self._world = world
        self._queue = queue

    def send_message(self, **request: Any) -> dict[str, Any]:
        return self._world.call(
            "SendMessage", lambda asked: {"MessageId": self._send(asked)}, request
        )

    def send_message_batch(self, **request: Any) -> Mapping[str, Any]:
        return self._world.call(
            "SendMessageBatch", self._send_all, request, lambda: {Fault.PARTIAL: self._send_some}
        )

    def _send_all(self, request: Request) -> dict[str, Any]:
        return self._answer(request["Entries"], ())

    def _send_some(self, request: Request) -> dict[str, Any]:
        entries = request["Entries"]
        fine = [entry for entry in entries if self._world.random.random() < 0.5]
        return self._answer(fine, [entry for entry in entries if entry not in fine])

    def _answer(self, some: Sequence[Request], others: Sequence[Request]) -> dict[str, Any]:
        sent = [{"Id": each["Id"], "MessageId": self._send(each)} for each in some]
        failed = [
            {"Id": other["Id"], "Code": "InternalError", "SenderFault": False} for other in others
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


class EventBridgeClient:
    def __init__(self, world: World) -> None:
        self._world = world

    def put_events(self, **request: Any) -> dict[str, Any]:
        if not 1 <= len(request["Entries"]) <= 10:
            raise client_error("ValidationException", "PutEvents")
        return self._world.call(
            "PutEvents",
            self._put,
            request,
            lambda: {Fault.PARTIAL: self._partial, Fault.DOUBLED: self._twice},
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

    def _partial(self, request: Request) -> dict[str, Any]:
        random, count = self._world.random, len(request["Entries"])
        return self._put(request, random.sample(range(count), random.randint(1, count)))

    def _twice(self, request: Request) -> dict[str, Any]:
        return self._put(request, times=2)
