"""The simulated services on the real engine, each with the same methods."""

import contextlib
import itertools
import json
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.config import Config
from localstack_client.session import Session

from forgeledger.local.filters import matches_any, parse_criteria
from tests.integration.engine_tables import EngineTables
from tests.simulation.fifo_queue import QueuedMessage
from tests.simulation.streams import Shard, Stream
from tests.simulation.table import RowChange
from tests.simulation.world import SimulatedWorld
from tests.simulation.world_rules import PARALLELIZATION, RELAY_TRIES, VISIBILITY_MS
from tests.support.deployed_template import properties

_TIMEOUT_SECONDS = 10


@dataclass
class EngineQueue:
    """A FIFO queue; messages have the simulator's numbers instead of the engine's ids."""

    client: Any
    name: str
    url: str = ""
    accepted: list[QueuedMessage] = field(default_factory=list)
    _by_id: dict[str, QueuedMessage] = field(default_factory=dict)
    _receipts: dict[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        attributes = {
            "FifoQueue": "true",
            "DeduplicationScope": "messageGroup",
            "FifoThroughputLimit": "perMessageGroupId",
            "VisibilityTimeout": str(VISIBILITY_MS // 1000),
        }
        created = self.client.create_queue(QueueName=f"{self.name}.fifo", Attributes=attributes)
        self.url = created["QueueUrl"]

    def send(
        self, body: str, group: str, deduplication_id: str, attributes: dict[str, Any] | None = None
    ) -> tuple[str, bool]:
        sent = self.client.send_message(
            QueueUrl=self.url,
            MessageBody=body,
            MessageGroupId=group,
            MessageDeduplicationId=deduplication_id,
            MessageAttributes=attributes or {},
        )
        known = self._by_id.get(sent["MessageId"])
        if known is None:
            message = QueuedMessage(len(self.accepted) + 1, group, deduplication_id, body, 0)
            self._by_id[sent["MessageId"]] = message
            self.accepted.append(message)
        return self._by_id[sent["MessageId"]].message_id, known is None

    def has_accepted(self, group: str, deduplication_id: str) -> bool:
        return any(
            (message.group, message.deduplication_id) == (group, deduplication_id)
            for message in self.accepted
        )

    def receive(self, most: int) -> list[QueuedMessage]:
        answer = self.client.receive_message(
            QueueUrl=self.url,
            MaxNumberOfMessages=most,
            MessageSystemAttributeNames=["All"],
            MessageAttributeNames=["All"],
        )
        return [self._received(message) for message in answer.get("Messages", ())]

    def delete(self, message: QueuedMessage, _receipt: int) -> bool:
        receipt = self._receipts.pop(message.number)
        self.client.delete_message(QueueUrl=self.url, ReceiptHandle=receipt)
        return True

    def next_visible_at(self) -> None:
        """None: without faults no message stays in flight."""

    def texts(self) -> list[Any]:
        """Deletes the remaining messages and returns their contents, in order."""
        texts: list[Any] = []
        while messages := self.receive(10):
            for message in messages:
                texts.append(text_of(message))
                self.delete(message, message.receive_count)
        return texts

    def close(self) -> None:
        self.client.delete_queue(QueueUrl=self.url)

    def _received(self, message: Mapping[str, Any]) -> QueuedMessage:
        number = self._by_id[message["MessageId"]].number
        self._receipts[number] = message["ReceiptHandle"]
        attributes = message["Attributes"]
        return QueuedMessage(
            number=number,
            group=attributes["MessageGroupId"],
            deduplication_id=attributes["MessageDeduplicationId"],
            body=message["Body"],
            sent_at=int(attributes["SentTimestamp"]),
            attributes=message.get("MessageAttributes", {}),
            receive_count=int(attributes["ApproximateReceiveCount"]),
            first_received_at=int(attributes["ApproximateFirstReceiveTimestamp"]),
        )


def text_of(message: QueuedMessage) -> Any:
    """All of a message but its times."""
    return message.group, message.deduplication_id, message.body, message.attributes


class EngineStream(Stream):
    """The table's real stream, spread over the simulator's shards whenever it is read."""

    def __init__(self, client: Any, table: str) -> None:
        super().__init__(RELAY_TRIES, parallelization=PARALLELIZATION)
        self._client = client
        (stream,) = client.list_streams(TableName=table)["Streams"]
        described = client.describe_stream(StreamArn=stream["StreamArn"])["StreamDescription"]
        (shard,) = described["Shards"]
        self._iterator: str = client.get_shard_iterator(
            StreamArn=stream["StreamArn"],
            ShardId=shard["ShardId"],
            ShardIteratorType="TRIM_HORIZON",
        )["ShardIterator"]
        mapping = properties("RelayFunction")["Events"]["Ledger"]["Properties"]
        self._patterns = parse_criteria(mapping["FilterCriteria"])

    def readable(self) -> list[Shard]:
        self._pull()
        return super().readable()

    def split(self, choice: int) -> bool:
        self._pull()
        return super().split(choice)

    def _pull(self) -> None:
        answer = self._client.get_records(ShardIterator=self._iterator)
        self._iterator = answer["NextShardIterator"]
        for record in answer["Records"]:
            change = record["dynamodb"]
            key = change["Keys"]
            before = self._waiting()
            # The record has only the keys: whether there was a row and is one, not its content.
            old = None if record["eventName"] == "INSERT" else key
            new = None if record["eventName"] == "REMOVE" else key
            self.append(RowChange(key["PK"]["S"], key["SK"]["S"], old, new))
            wakes = self._waiting() > before
            assert wakes is matches_any(self._patterns, record), f"the template on {record}"

    def _waiting(self) -> int:
        return sum(len(shard.records) for shard in self.shards)


class EngineBus:
    """An event bus with a rule that sends all events to a queue."""

    def __init__(self, events: Any, sqs: Any, name: str) -> None:
        self._events, self._sqs, self._name = events, sqs, name
        self._put = 0
        self._queue_url = sqs.create_queue(QueueName=name)["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=self._queue_url, AttributeNames=["QueueArn"])
        target = {"Id": "1", "Arn": arn["Attributes"]["QueueArn"]}
        pattern = json.dumps({"source": ["forgeledger"]})
        events.create_event_bus(Name=name)
        events.put_rule(Name=name, EventBusName=name, EventPattern=pattern)
        events.put_targets(Rule=name, EventBusName=name, Targets=[target])

    def deliver(self, entry: dict[str, Any]) -> None:
        answer = self._events.put_events(Entries=[{**entry, "EventBusName": self._name}])
        assert answer["FailedEntryCount"] == 0
        self._put += 1

    def received(self) -> list[dict[str, Any]]:
        """All events that were put on the bus since the last call, as the queue received them."""
        details: list[dict[str, Any]] = []
        deadline = time.monotonic() + _TIMEOUT_SECONDS
        while len(details) < self._put and time.monotonic() < deadline:
            answer = self._sqs.receive_message(QueueUrl=self._queue_url, MaxNumberOfMessages=10)
            messages = answer.get("Messages", [])
            for message in messages:
                event = json.loads(message["Body"])
                details.append({**event["detail"], "type": event["detail-type"]})
            if messages:
                self._sqs.delete_message_batch(
                    QueueUrl=self._queue_url,
                    Entries=[
                        {"Id": message["MessageId"], "ReceiptHandle": message["ReceiptHandle"]}
                        for message in messages
                    ],
                )
        self._put = 0
        return details

    def close(self) -> None:
        self._events.remove_targets(Rule=self._name, EventBusName=self._name, Ids=["1"])
        self._events.delete_rule(Name=self._name, EventBusName=self._name)
        self._events.delete_event_bus(Name=self._name)
        self._sqs.delete_queue(QueueUrl=self._queue_url)


class Services:
    """The engine's clients, and what all worlds share: the bus and the table of claimed ids."""

    def __init__(self, aws: Session) -> None:
        # Like the functions' own clients: parameters are not validated.
        config = Config(parameter_validation=False, retries={"total_max_attempts": 1})
        self.dynamodb = aws.client("dynamodb", config=config)
        self._streams = aws.client("dynamodbstreams", config=config)
        self._sqs = aws.client("sqs", config=config)
        self._name = f"histories-{uuid.uuid4().hex[:8]}"
        self._numbers = itertools.count()
        self._bus = EngineBus(aws.client("events", config=config), self._sqs, self._name)
        self.dynamodb.create_table(
            TableName=self._name,
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
        )

    def close(self) -> None:
        self._bus.close()
        self.dynamodb.delete_table(TableName=self._name)

    @contextlib.contextmanager
    def serving(self, world: SimulatedWorld) -> Iterator[None]:
        """The world's services are the engine's; its clock, ids and randomness stay simulated."""
        name = f"{self._name}-{next(self._numbers)}"
        world.tables = EngineTables(self.dynamodb, f"{name}-ledger", self._name)
        world.stream = EngineStream(self._streams, world.tables.name)
        world.commands = EngineQueue(self._sqs, f"{name}-commands")
        world.rejects = EngineQueue(self._sqs, f"{name}-rejects")
        world.bus = self._bus
        try:
            yield
        finally:
            for service in (world.tables, world.commands, world.rejects):
                service.close()
