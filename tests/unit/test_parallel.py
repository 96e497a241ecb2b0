"""The same work for several lanes at once."""

import pytest

from forgeledger.parallel import with_threads


def test_threads_keep_the_order_of_results_and_finish_all_before_an_error() -> None:
    done = []

    def work(number: int) -> int:
        if number == 2:
            raise ValueError(number)
        done.append(number)
        return number * 10

    assert with_threads(work, [1, 3, 4]) == [10, 30, 40]
    with pytest.raises(ValueError, match="2"):
        with_threads(work, [2, 5, 6])
    assert sorted(done) == [1, 3, 4, 5, 6]
    assert with_threads(work, [7]) == [70]
