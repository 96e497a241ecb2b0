"""The services of the cost model count as AWS bills."""

import gc
import sys
from typing import Any

import pytest

from benchmarks.cost.metered_queue import CHUNK_BYTES, MeteredQueue
from benchmarks.cost.metered_table import MeteredTables, Refused
from benchmarks.lambda_time import duration_seconds, gb_seconds

KEY = {"PK": {"S": "p"}, "SK": {"S": "s"}}


def row(size: int, sk: str = "s") -> dict[str, Any]:
    """A row of so many bytes, as DynamoDB counts them."""
    empty = len("PK") + 1 + len("SK") + len(sk) + len("text")
    return {"PK": {"S": "p"}, "SK": {"S": sk}, "text": {"S": "x" * (size - empty)}}


def put(item: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"TableName": "t", "Item": item, **more}


@pytest.fixture
def tables() -> MeteredTables:
    return MeteredTables()


def references_walked() -> int:
    """The references that a full collection would follow."""
    return sum(len(gc.get_referents(tracked)) for tracked in gc.get_objects())


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="Python 3.14 tracks every dict")
def test_the_garbage_collector_does_not_walk_through_the_table(tables: MeteredTables) -> None:
    rows = 5_000
    before = references_walked()

    for number in range(rows):
        tables.perform("PutItem", put(row(50, str(number))))

    assert tables.stored_bytes("t") > 50 * rows
    assert references_walked() - before < rows / 10


@pytest.mark.parametrize(("size", "units"), [(20, 1), (1_024, 1), (1_025, 2), (3_000, 3)])
def test_a_write_is_a_unit_for_each_kilobyte_begun(
    tables: MeteredTables, size: int, units: int
) -> None:
    tables.perform("PutItem", put(row(size)))

    assert tables.write_units == units


def test_a_write_counts_the_larger_of_before_and_after(tables: MeteredTables) -> None:
    tables.perform("PutItem", put(row(5_000)))
    before = tables.write_units

    tables.perform("PutItem", put(row(20)))

    assert tables.write_units - before == 5


def test_bytes_count_as_they_are_and_not_as_they_travel(tables: MeteredTables) -> None:
    packed = {**KEY, "packed": {"B": "A" * 1_348}}  # 1,011 bytes in base64.

    tables.perform("PutItem", put(packed))

    assert tables.write_units == 1


def test_a_transaction_counts_twice(tables: MeteredTables) -> None:
    actions = [{"Put": put(row(20, "a"))}, {"Put": put(row(1_500, "b"))}]

    tables.perform("TransactWriteItems", {"TransactItems": actions})

    assert tables.write_units == 2 * (1 + 2)


def test_a_refused_transaction_changes_nothing_and_counts(tables: MeteredTables) -> None:
    tables.perform("PutItem", put(row(20)))
    condition = {"ConditionExpression": "attribute_not_exists(PK)"}
    actions = [{"Put": put(row(20, "other"))}, {"Put": put(row(30), **condition)}]

    with pytest.raises(Refused, match="TransactionCanceled") as refused:
        tables.perform("TransactWriteItems", {"TransactItems": actions})

    codes = [reason["Code"] for reason in refused.value.more["CancellationReasons"]]
    assert codes == ["None", "ConditionalCheckFailed"]
    assert tables.write_units == 1 + 4
    assert tables.perform("GetItem", {"TableName": "t", "Key": {**KEY, "SK": {"S": "other"}}}) == {}


@pytest.mark.parametrize(
    ("size", "consistent", "units"),
    [(20, True, 1), (20, False, 0.5), (4_097, True, 2), (0, True, 1)],
)
def test_a_read_is_a_unit_for_each_four_kilobytes_and_for_nothing(
    tables: MeteredTables, size: int, consistent: bool, units: float
) -> None:
    if size:
        tables.perform("PutItem", put(row(size)))

    tables.perform("GetItem", {"TableName": "t", "Key": KEY, "ConsistentRead": consistent})

    assert tables.read_units == units


def test_an_index_is_written_where_a_header_moves_in_it(tables: MeteredTables) -> None:
    tables.perform("PutItem", put({**KEY, "jobStatus": {"S": "RUNNING"}, "open": {"S": "y"}}))
    assert tables.write_units == 1 + 2

    tables.perform("PutItem", put({**KEY, "jobStatus": {"S": "COMPLETED"}}))

    # Deleted and written in one index, deleted in the other.
    assert tables.write_units == 3 + 1 + 2 + 1


def test_a_counter_counts(tables: MeteredTables) -> None:
    add = {
        "TableName": "t",
        "Key": KEY,
        "UpdateExpression": "ADD #counter :one",
        "ExpressionAttributeNames": {"#counter": "counter"},
        "ExpressionAttributeValues": {":one": {"N": "1"}},
    }

    for _ in range(3):
        tables.perform("UpdateItem", add)

    answer = tables.perform("GetItem", {"TableName": "t", "Key": KEY})
    assert answer["Item"]["counter"] == {"N": "3"}


def _send(queue: MeteredQueue, *messages: tuple[str, str]) -> None:
    entries = [
        {"Id": str(number), "MessageBody": body, "MessageGroupId": group}
        for number, (group, body) in enumerate(messages)
    ]
    queue.send_message_batch(QueueUrl="queue", Entries=entries)


def test_a_request_is_billed_for_each_64_kilobytes() -> None:
    queue = MeteredQueue()

    _send(queue, ("a", "x" * CHUNK_BYTES), ("b", "y"))

    assert (queue.requests, queue.billed_requests) == (1, 2)


def test_a_batch_has_as_much_of_the_oldest_group_as_there_is() -> None:
    queue = MeteredQueue()
    for _ in range(7):
        _send(queue, ("a", "1"), ("b", "2"))

    batches = [
        [record["attributes"]["MessageGroupId"] for record in batch["Records"]]
        for batch in queue.batches()
    ]

    assert batches == [["a"] * 7 + ["b"] * 3, ["b"] * 4]
    # Seven sent; each batch received and deleted.
    assert queue.requests == 7 + 2 * 2


def test_lambda_time_is_dearer_with_less_memory_only_by_the_clock() -> None:
    large, small = (duration_seconds(name, 1.0, 0.0) for name in ("intake", "relay"))

    assert small == pytest.approx(2 * large)
    assert duration_seconds("intake", 0.0, 3.0) == 3.0
    assert gb_seconds("relay", 1.0, 0.0, 0) == pytest.approx(gb_seconds("intake", 1.0, 0.0, 0))
