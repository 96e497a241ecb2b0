"""The careful hand-written design: items are completed and counted once, however often reported."""

from typing import Any

import pytest

from benchmarks import design_batch, design_naive
from benchmarks.cost.metered_table import MeteredTables, Refused
from tests.support.fake_dynamodb import refusal

NAMES = ("a", "b", "c")


class Dynamo:
    """A client on a table in memory, with botocore's errors."""

    def __init__(self) -> None:
        self.tables = MeteredTables()

    def __getattr__(self, name: str) -> Any:
        operation = "".join(word.capitalize() for word in name.split("_"))

        def call(**request: Any) -> Any:
            try:
                return self.tables.perform(operation, request)
            except Refused as refused:
                raise refusal(refused.kind, reasons=refused.more["CancellationReasons"]) from None

        return call


@pytest.fixture
def dynamodb() -> Dynamo:
    dynamodb = Dynamo()
    design_naive.register(dynamodb, "job", NAMES)
    return dynamodb


def completed(dynamodb: Dynamo) -> int:
    return design_naive.read_counts(dynamodb, "job")["completed"]


def test_a_message_writes_each_item_and_the_counter_once(dynamodb: Dynamo) -> None:
    before = dynamodb.tables.write_units

    design_batch.complete(dynamodb, "job", NAMES)

    assert completed(dynamodb) == 3
    assert dynamodb.tables.write_units - before == 2 * (len(NAMES) + 1)


@pytest.mark.parametrize("first", [("a",), NAMES])
def test_what_is_reported_again_is_not_counted_again(
    dynamodb: Dynamo, first: tuple[str, ...]
) -> None:
    design_batch.complete(dynamodb, "job", first)

    design_batch.complete(dynamodb, "job", NAMES)

    assert completed(dynamodb) == 3
