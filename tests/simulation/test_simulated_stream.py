"""The simulated stream keeps the order that DynamoDB promises, and no other."""

from tests.simulation.streams import Shard, Stream
from tests.simulation.table import RowChange


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
    assert [shard.parents for shard in stream.readable()] == [tuple(parent)]


def test_records_of_one_item_stay_in_order_and_others_overtake_them() -> None:
    draws = iter((0.0, 1.0))
    stream = Stream(max_tries=3, draw=lambda: next(draws, 0.0))
    for sk in ("LANE", "FACT#1", "LANE"):
        stream.append(RowChange("JOB#j", sk, None, {}))

    (shard,) = stream.readable()

    assert numbered(shard) == [("FACT#1", 1), ("LANE", 2), ("LANE", 3)]


def test_what_is_late_comes_when_there_is_nothing_else() -> None:
    stream = Stream(max_tries=3, draw=lambda: 0.1 if len(stream.delayed) == 0 else 0.9)
    stream.append(RowChange("JOB#j", "LANE", None, {}))

    (shard,) = stream.readable()

    assert numbered(shard) == [("LANE", 1)]
    assert not stream.delayed


def test_parts_of_a_shard_have_all_records_of_their_items_and_batches_of_their_own() -> None:
    stream = Stream(max_tries=3, parallelization=2)
    for number in (1, 1, 2, 3, 4, 1):
        stream.append(RowChange("JOB#j", f"FACT#{number}", None, {}))

    parts = stream.readable()

    assert {part.number for part in parts} == {0}
    items = [{sk for sk, _ in numbered(part)} for part in parts]
    assert len(items) == 2
    assert not items[0] & items[1]
    stream.fail(parts[0], 0, stream.batch(parts[0], 100), None)
    assert (parts[0].tries, parts[1].tries) == (1, 0)


def test_children_of_a_shard_wait_for_all_parts_of_their_parent() -> None:
    stream = Stream(max_tries=3, parallelization=2)
    for number in range(8):
        stream.append(RowChange("JOB#j", f"FACT#{number}", None, {}))
    stream.split(0)
    stream.append(RowChange("JOB#j", "FACT#9", None, {}))

    first, second = stream.readable()
    stream.succeed(first, 0, stream.batch(first, 100))

    assert stream.readable() == [second]
    stream.succeed(second, 0, stream.batch(second, 100))
    assert [shard.number for shard in stream.readable()] == [1]


def numbered(shard: Shard) -> list[tuple[str, int]]:
    """The sort key and the sequence number of each record."""
    records = [record["dynamodb"] for record in shard.records]
    return [(record["Keys"]["SK"]["S"], int(record["SequenceNumber"])) for record in records]
