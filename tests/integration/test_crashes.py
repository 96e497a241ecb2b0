"""The process is killed before and after each of its AWS calls; redelivery must mend it all."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import boto3
import pytest

from forgeledger.adapters.dynamodb.store import DynamoStore
from forgeledger.bootstrap.intake import intake
from forgeledger.bootstrap.relay import relay
from forgeledger.contracts.sqs_records import read_messages
from forgeledger.contracts.stream_records import read_wake
from forgeledger.domain.advancing import create
from forgeledger.domain.ids import group_of, lane_of, make_job_id
from forgeledger.domain.jobs import JobStatus
from forgeledger.domain.lanes import LaneRules
from forgeledger.usecases.parallel import one_by_one
from forgeledger.usecases.surroundings import Surroundings
from tests.builders import NOW, make_spec
from tests.ledger_table import create_ledger_table

pytestmark = pytest.mark.integration

LANES = 2
NAMES = ["a", "b", "c", "d"]
ENVIRONMENT = {
    "FORGELEDGER_TABLE": "crashes",
    "FORGELEDGER_REJECT_QUEUE_URL": "rejects",
    "FORGELEDGER_EVENT_BUS": "bus",
}


class Killed(BaseException):
    """The process is gone: nothing in it can catch this."""


@dataclass
class Fate:
    """Which call is the last one of the process, and whether it still took place."""

    at_call: int | None = None
    takes_place: bool = False
    calls: int = 0

    def meet(self, call: Any, **request: Any) -> Any:
        number = self.calls
        self.calls += 1
        if number != self.at_call:
            return call(**request)
        if self.takes_place:
            call(**request)
        raise Killed


class Mortal:
    """A client in a process that may be killed at any of its calls."""

    def __init__(self, client: Any, fate: Fate) -> None:
        self._client, self._fate = client, fate

    @property
    def exceptions(self) -> Any:
        return self._client.exceptions

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._client, name)
        return lambda **request: self._fate.meet(call, **request)


@dataclass
class Bus:
    told: list[str] = field(default_factory=list)

    def put_events(self, *, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803 - boto3's spelling.
        self.told += [json.loads(entry["Detail"])["eventId"] for entry in Entries]
        return {"Entries": [{"EventId": "1"} for _ in Entries]}


@dataclass
class Rejects:
    sent: dict[str, str] = field(default_factory=dict)

    def send_message(self, **request: Any) -> None:
        self.sent[request["MessageDeduplicationId"]] = request["MessageBody"]


@dataclass
class World:
    """A job on the engine, and the functions that work on it, killed as fate has it."""

    client: Any
    job_id: str
    fate: Fate
    bus: Bus = field(default_factory=Bus)
    rejects: Rejects = field(default_factory=Rejects)

    def __post_init__(self) -> None:
        self.around = Surroundings(clock=lambda: NOW, parallel=one_by_one)
        self.store = DynamoStore(self.client, "crashes")
        spec = make_spec(
            job_id=self.job_id,
            lanes=LANES,
            expected_items=len(NAMES),
            rules=LaneRules(registers_on_the_way=True, max_attempts=2),
        )
        self.store.create_job(*create(spec))

    def take_in(self, *records: dict[str, Any]) -> None:
        """Deliver a batch until the queue sees it acknowledged."""
        for _ in range(5):
            parts = intake(
                ENVIRONMENT,
                dynamodb=Mortal(self.client, self.fate),
                sqs=lambda: Mortal(self.rejects, self.fate),
                around=self.around,
            )
            try:
                taken = parts.take_in(read_messages({"Records": list(records)}), lambda: True)
            except Killed:
                continue
            assert taken.failed == ()
            return
        raise AssertionError("never acknowledged")

    def wake(self) -> None:
        """Deliver the records of all heads and facts until the stream may go on."""
        facts = self.store.load_job(self.job_id).job.facts
        keys = [(f"JOB#{self.job_id}#{lane}", "LANE") for lane in range(LANES)]
        keys += [(f"JOB#{self.job_id}", f"FACT#{number:012d}") for number in range(facts)]
        for partition, sort in keys:
            record = {
                "dynamodb": {
                    "Keys": {"PK": {"S": partition}, "SK": {"S": sort}},
                    "SequenceNumber": "1",
                }
            }
            self._relay(record)

    def _relay(self, record: dict[str, Any]) -> None:
        for _ in range(5):
            parts = relay(
                ENVIRONMENT,
                dynamodb=Mortal(self.client, self.fate),
                eventbridge=Mortal(self.bus, self.fate),
                around=self.around,
            )
            try:
                relayed = parts.relay.relay([read_wake(record)], lambda: True)
            except Killed:
                continue
            assert relayed.failed == ()
            return
        raise AssertionError("never relayed")

    def outcome(self) -> dict[str, Any]:
        """All that must be as if nothing had happened."""
        view = self.store.load_job(self.job_id)
        return {
            "job": replace(view.job, spec=make_spec()),
            "heads": [replace(head, job_id="") for head in view.heads],
            "items": [
                self.store.list_items(self.job_id, lane, None, 100).items for lane in range(LANES)
            ],
            "journal": [
                self.store.read_journal(self.job_id, lane, 0, 100) for lane in range(LANES)
            ],
            "facts": self.store.read_facts(self.job_id, 0, 100),
            "published": view.published,
            "rejects": sorted(self.rejects.sent),
            "events": sorted({event.partition(":")[2] for event in self.bus.told}),
        }


def message(job_id: str, number: int, *commands: dict[str, Any], group: str) -> dict[str, Any]:
    return {
        "messageId": f"message-{number}",
        "body": json.dumps({"commands": [{**each, "jobId": job_id} for each in commands]}),
        "attributes": {"MessageGroupId": group, "SentTimestamp": str(NOW)},
    }


def live(client: Any, number: int, fate: Fate) -> World:
    """A job's whole life: claims, a failure that is tried again, completions, a bad message."""
    world = World(client, make_job_id(NOW, number, LANES), fate)
    job_id = world.job_id
    groups = {name: group_of(job_id, lane_of(name, LANES)) for name in NAMES}
    world.take_in(
        *(
            message(job_id, each, {"type": "claim", "itemId": name}, group=groups[name])
            for each, name in enumerate(NAMES)
        )
    )
    world.wake()
    failure = {"type": "fail", "itemId": "a", "attempt": 1, "error": {"type": "Timeout"}}
    world.take_in(
        message(job_id, 10, failure, group=groups["a"]),
        message(job_id, 11, {"type": "finish", "itemId": "b"}, group="any"),
        message(job_id, 12, {"type": "complete", "itemId": "b"}, group=groups["b"]),
    )
    again = [{"type": "claim", "itemId": "a"}, {"type": "complete", "itemId": "a"}]
    world.take_in(
        message(job_id, 20, *again, group=groups["a"]),
        message(job_id, 21, {"type": "complete", "itemId": "c"}, group="useless"),
        message(job_id, 22, {"type": "complete", "itemId": "d"}, group="useless"),
    )
    world.wake()
    world.wake()
    return world


@pytest.fixture(scope="module")
def client(engine_url: str) -> Iterator[Any]:
    client = boto3.client(
        "dynamodb",
        endpoint_url=engine_url,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    create_ledger_table(client, "crashes")
    yield client
    client.delete_table(TableName="crashes")


@pytest.mark.parametrize("takes_place", [False, True], ids=["before", "after"])
def test_killed_at_any_call_the_end_is_that_of_a_run_without_faults(
    client: Any, takes_place: bool
) -> None:
    undisturbed = live(client, 1_000 + takes_place, Fate())
    expected = undisturbed.outcome()
    assert expected["job"].status is JobStatus.COMPLETED
    assert expected["events"] == ["1:job.completed", "1:job.created", "1:job.sealed"]
    assert len(expected["rejects"]) == 1

    for at_call in range(undisturbed.fate.calls):
        number = 2_000 + at_call + 500 * takes_place
        world = live(client, number, Fate(at_call, takes_place))

        assert world.outcome() == expected, f"killed at call {at_call}"
        completions = [event for event in world.bus.told if event.endswith("job.completed")]
        assert len(set(completions)) == 1
