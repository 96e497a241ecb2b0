"""The simulated services behave like the real ones."""

from random import Random
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.simulation.expressions import parse_condition, parse_update
from tests.simulation.faults import CallFault
from tests.simulation.http_side import http_event, respond
from tests.simulation.table import RowChange, Tables
from tests.simulation.world import Invocation, SimulatedWorld
from tests.simulation.world_rules import WorldRules
from tests.support.manual_clock import ManualClock


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

    stale = tables.query(request)["Items"]
    consistent = tables.query({**request, "ConsistentRead": True})["Items"]

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

    forward = tables.query(request)["Items"]
    backward = tables.query({**request, "ScanIndexForward": False})["Items"]

    assert [row["SK"]["S"] for row in forward] == found
    assert [row["SK"]["S"] for row in backward] == found[::-1]


@pytest.mark.parametrize(("page_bytes", "pages"), [(1, [1, 1, 1]), (15, [2, 1]), (500, [3])])
def test_a_page_ends_before_its_rows_are_too_large(
    clock: ManualClock, page_bytes: int, pages: list[int]
) -> None:
    # Rows of seven bytes, of which the query wants one.
    tables = Tables(clock, lambda _: None, page_bytes=page_bytes)
    tables.transact([make_put(sk) for sk in "abc"], None)
    request: dict[str, Any] = {
        "KeyConditionExpression": "PK = :pk",
        "ProjectionExpression": "SK",
        "ExpressionAttributeValues": {":pk": {"S": "p"}},
        "ConsistentRead": True,
        "Limit": 3,
    }

    sizes, last = [], None
    while sum(sizes) < 3:
        answer = tables.query(request if last is None else request | {"ExclusiveStartKey": last})
        last = answer.get("LastEvaluatedKey")
        sizes.append(len(answer["Items"]))

    assert sizes == pages


def test_a_batch_of_keys_is_read_as_far_as_its_rows_fit(clock: ManualClock) -> None:
    tables = Tables(clock, lambda _: None, page_bytes=600)
    large = {"text": {"S": "x" * 4_000}}
    tables.transact([{"Put": {"Item": make_row(sk) | large}} for sk in "abcd"], None)
    keys = [{"PK": {"S": "p"}, "SK": {"S": sk}} for sk in "xabcd"]

    # As much as sixteen pages; a row that does not exist has no size.
    assert tables.within_batch(keys) == 3
    assert Tables(clock, lambda _: None).within_batch(keys) == 5


def make_header(job_id: str, **attributes: int) -> dict[str, Any]:
    header = make_row("JOB", **attributes) | {"PK": {"S": f"JOB#{job_id}"}}
    return {"Put": {"Item": header | {"jobId": {"S": job_id}, "open": {"S": "1"}}}}


def test_each_row_of_an_index_lags_by_itself(clock: ManualClock) -> None:
    tables = Tables(clock, lambda _: None)
    tables.transact([make_header("a", n=1), make_header("b", n=1)], None)
    clock.now += 1_000
    tables.transact([make_header("a", n=2), make_header("b", n=2)], None)
    lags = iter((0, 500))
    request = {
        "IndexName": "jobs-open",
        "KeyConditionExpression": "#open = :open",
        "ExpressionAttributeNames": {"#open": "open"},
        "ExpressionAttributeValues": {":open": {"S": "1"}},
    }

    rows = tables.query(request, lambda: next(lags))["Items"]

    assert [row["n"]["N"] for row in rows] == ["2", "1"]


def test_a_row_that_was_deleted_stays_in_the_index_for_a_while(clock: ManualClock) -> None:
    tables = Tables(clock, lambda _: None)
    tables.transact([make_header("a")], None)
    clock.now += 1_000
    tables.delete("JOB#a", "JOB")
    request = {
        "IndexName": "jobs-open",
        "KeyConditionExpression": "#open = :open",
        "ExpressionAttributeNames": {"#open": "open"},
        "ExpressionAttributeValues": {":open": {"S": "1"}},
    }

    assert len(tables.query(request, lambda: 500)["Items"]) == 1
    assert tables.query(request)["Items"] == []


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
        tables.query({**request_of, "ExpressionAttributeValues": {":key": {"S": "p"}}})


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
