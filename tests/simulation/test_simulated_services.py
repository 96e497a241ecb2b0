"""The simulated services behave like the real ones."""

from random import Random
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.simulation.expressions import parse_condition, parse_update
from tests.simulation.faults import CallFault
from tests.simulation.fifo_queue import SimulatedFifoQueue
from tests.simulation.http_side import http_event, respond
from tests.simulation.streams import Stream
from tests.simulation.table import RowChange, Tables
from tests.simulation.world import Invocation, SimulatedWorld, WorldRules


class ManualClock:
    def __init__(self) -> None:
        self.now = 1_000

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


def make_row(sk: str, **attributes: int) -> dict[str, Any]:
    numbers = {name: {"N": str(value)} for name, value in attributes.items()}
    return {"PK": {"S": "p"}, "SK": {"S": sk}, **numbers}


def make_put(sk: str, condition: str | None = None, **attributes: int) -> dict[str, Any]:
    put: dict[str, Any] = {"Item": make_row(sk, **attributes)}
    return {"Put": put if condition is None else {**put, "ConditionExpression": condition}}


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("attribute_exists(PK) AND n = :two", True),
        ("attribute_not_exists(PK) OR n < :ten", True),
        ("NOT n <= :ten", False),
        ("n BETWEEN :two AND :ten", True),
        ("missing = :two", False),
        ("begins_with(SK, :a)", True),
        ("(n = :ten OR n = :two) AND SK = :a", False),
    ],
)
def test_conditions_compare_numbers_as_numbers_and_miss_what_is_absent(
    condition: str, holds: bool
) -> None:
    values = {":two": {"N": "2"}, ":ten": {"N": "10"}, ":a": {"S": "a"}}

    assert parse_condition(condition).test(make_row("ab", n=2), {}, values) is holds


def test_an_update_sees_the_row_as_it_was() -> None:
    update = parse_update("SET #n = n + :one, m = if_not_exists(m, :one) REMOVE old")

    row = update.apply(make_row("a", n=2, old=1), {"#n": "n"}, {":one": {"N": "1"}})

    assert row == make_row("a", n=3, m=1)


def test_a_transaction_is_all_or_nothing_and_says_which_condition_failed(
    clock: ManualClock,
) -> None:
    seen: list[list[RowChange]] = []
    tables = Tables(clock, seen.append)
    tables.transact([make_put("a", n=1)], None)

    with pytest.raises(ClientError) as caught:
        tables.transact([make_put("b", n=1), make_put("a", "attribute_not_exists(PK)")], None)

    codes = [reason["Code"] for reason in caught.value.response["CancellationReasons"]]
    assert codes == ["None", "ConditionalCheckFailed"]
    assert tables.get("p", "b") is None
    assert len(seen) == 1


def test_a_token_makes_a_transaction_once_and_only_that_one(clock: ManualClock) -> None:
    tables = Tables(clock, lambda _: None)
    once = [make_put("a", "attribute_not_exists(PK)")]
    tables.transact(once, "token")

    tables.transact(once, "token")

    with pytest.raises(ClientError, match="IdempotentParameterMismatch"):
        tables.transact([make_put("b")], "token")
    clock.now += 11 * 60 * 1000
    with pytest.raises(ClientError, match="TransactionCanceled"):
        tables.transact(once, "token")


def test_a_read_that_is_not_consistent_may_be_stale(clock: ManualClock) -> None:
    tables = Tables(clock, lambda _: None)
    tables.transact([make_put("a", n=1)], None)
    clock.now += 10_000
    tables.transact([make_put("a", n=2)], None)
    key = {"PK": {"S": "p"}, "SK": {"S": "a"}}

    assert tables.read_keys([key], consistent=False) == [make_row("a", n=1)]
    assert tables.read_keys([key], consistent=True) == [make_row("a", n=2)]


def test_a_range_that_is_not_read_consistently_may_be_stale(clock: ManualClock) -> None:
    tables = Tables(clock, lambda _: None)
    tables.transact([make_put("a", n=1)], None)
    clock.now += 10_000
    tables.transact([make_put("a", n=2), make_put("b", n=1)], None)
    request = {
        "KeyConditionExpression": "PK = :pk AND SK BETWEEN :first AND :last",
        "ExpressionAttributeValues": {":pk": {"S": "p"}, ":first": {"S": "a"}, ":last": {"S": "b"}},
    }

    stale = tables.query(request, 0)["Items"]
    consistent = tables.query({**request, "ConsistentRead": True}, 0)["Items"]

    assert [row["n"]["N"] for row in stale] == ["1"]
    assert [row["n"]["N"] for row in consistent] == ["2", "1"]


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("PK = :pk", ["a", "b", "c", "d"]),
        ("PK = :pk AND SK BETWEEN :one AND :other", ["b", "c"]),
        ("PK = :pk AND SK < :one", ["a"]),
        ("PK = :pk AND SK > :one", ["c", "d"]),
    ],
)
def test_a_query_finds_what_is_within_its_bounds_in_order(
    clock: ManualClock, condition: str, found: list[str]
) -> None:
    tables = Tables(clock, lambda _: None)
    tables.transact([make_put(sk) for sk in "dbca"], None)
    values = {":pk": {"S": "p"}, ":one": {"S": "b"}, ":other": {"S": "c"}}
    request = {
        "KeyConditionExpression": condition,
        "ExpressionAttributeValues": {
            name: value for name, value in values.items() if name in condition
        },
        "ConsistentRead": True,
    }

    forward = tables.query(request, 0)["Items"]
    backward = tables.query({**request, "ScanIndexForward": False}, 0)["Items"]

    assert [row["SK"]["S"] for row in forward] == found
    assert [row["SK"]["S"] for row in backward] == found[::-1]


@pytest.mark.parametrize(
    "request_of",
    [
        {"KeyConditionExpression": "SK = :key"},
        {"KeyConditionExpression": "PK = :key AND jobId > :key"},
        {"KeyConditionExpression": "PK = :key", "IndexName": "jobs", "ConsistentRead": True},
    ],
)
def test_a_query_that_asks_for_no_key_is_refused(
    clock: ManualClock, request_of: dict[str, Any]
) -> None:
    tables = Tables(clock, lambda _: None)

    with pytest.raises(ClientError, match="ValidationException"):
        tables.query({**request_of, "ExpressionAttributeValues": {":key": {"S": "p"}}}, 0)


def test_a_group_is_locked_while_something_of_it_is_in_flight(clock: ManualClock) -> None:
    queue = SimulatedFifoQueue("q", clock, visibility_ms=1_000)
    for number, group in enumerate(("g", "g", "h")):
        queue.send(f"body {number}", group, f"d{number}")

    first = queue.receive(1)
    second = queue.receive(10)

    assert [message.message_id for message in first] == ["m1"]
    assert [message.message_id for message in second] == ["m3"]
    queue.delete(first[0], 1)
    assert [message.message_id for message in queue.receive(10)] == ["m2"]


def test_what_comes_too_often_becomes_a_dead_letter(clock: ManualClock) -> None:
    queue = SimulatedFifoQueue("q", clock, visibility_ms=1_000, max_receives=2)
    queue.send("body", "g", "d")
    for _ in range(2):
        assert len(queue.receive(10)) == 1
        clock.now += 1_001

    assert queue.receive(10) == []
    assert [message.message_id for message in queue.dead] == ["m1"]


def test_a_repetition_is_dropped_for_five_minutes(clock: ManualClock) -> None:
    queue = SimulatedFifoQueue("q", clock)
    first = queue.send("body", "g", "d")

    again = queue.send("body", "g", "d")
    clock.now += 5 * 60 * 1000
    later = queue.send("body", "g", "d")

    assert (first, again, later) == (("m1", True), ("m1", False), ("m2", True))


def test_a_failed_batch_is_halved_and_given_up_at_last() -> None:
    stream = Stream(max_tries=3)
    for number in range(4):
        stream.append(RowChange("JOB#j#0", "LANE", None, {"n": {"N": str(number)}}))
    (shard,) = stream.readable()

    sizes = []
    while not shard.exhausted:
        batch = stream.batch(shard, 100)
        sizes.append(len(batch))
        stream.fail(shard, shard.position, batch, None)

    assert sizes[:3] == [4, 2, 1]
    assert len(stream.given_up) == 4


def test_children_of_a_shard_wait_for_their_parent() -> None:
    stream = Stream(max_tries=3)
    stream.append(RowChange("JOB#j#0", "LANE", None, {}))
    stream.split(0)
    stream.append(RowChange("JOB#j#0", "LANE", {}, {"n": {"N": "1"}}))

    parent = stream.readable()

    assert [shard.number for shard in parent] == [0]
    stream.succeed(parent[0], 0, stream.batch(parent[0], 100))
    assert [shard.parent for shard in stream.readable()] == parent


def test_a_request_that_could_not_be_answered_is_not_in_flight_forever() -> None:
    world = SimulatedWorld(random=Random(1), rules=WorldRules())
    headers = {"content-type": "application/json", "idempotency-key": "key"}
    event = http_event("POST", "/jobs", headers, '{"name": "night run"}')

    def ask(faults: dict[int, CallFault]) -> int:
        process = Invocation("api", faults, deadline=world.now + 30_000)
        _, answer = world.invoke(process, lambda: respond(world, event))
        return answer.status

    assert ask({1: CallFault.THROTTLED}) == 503
    assert ask({}) == 201
