"""Rows in batches that a service takes at once."""

import pytest

from forgeledger.batched import batched


@pytest.mark.parametrize(
    ("number", "sizes"), [(0, []), (1, [1]), (10, [10]), (11, [10, 1]), (25, [10, 10, 5])]
)
def test_rows_come_in_order_and_at_most_so_many_at_once(number: int, sizes: list[int]) -> None:
    rows = list(range(number))

    batches = list(batched(rows, 10))

    assert [len(batch) for batch in batches] == sizes
    assert [row for batch in batches for row in batch] == rows
