"""A crew that is bounded in time, and tells how it ended."""

import time
from collections.abc import Callable, Sequence

import pytest

from benchmarks.speed.work_crew import crew


def prepared(seconds: float) -> Callable[[Sequence[str]], None]:
    def work(names: Sequence[str]) -> None:
        assert names, "a worker without a share"
        time.sleep(seconds)

    return work


def test_workers_that_are_done_end_the_wait() -> None:
    with crew(2, prepared, (0.0,), ["a", "b"]) as workers:
        workers.work(most_seconds=60)


def test_workers_that_take_too_long_are_not_waited_for() -> None:
    with (
        crew(1, prepared, (300.0,), ["a"]) as workers,
        pytest.raises(TimeoutError, match="not done after 0 s"),
    ):
        workers.work(most_seconds=0)


def test_a_worker_that_fails_is_told() -> None:
    with (
        crew(1, prepared, (0.0,), []) as workers,
        pytest.raises(RuntimeError, match="a worker process failed"),
    ):
        workers.work(most_seconds=60)
