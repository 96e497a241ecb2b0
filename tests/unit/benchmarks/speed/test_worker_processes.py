"""Worker processes are waited for, up to a timeout, and a failed one is reported."""

import time
from collections.abc import Callable, Sequence

import pytest

from benchmarks.speed.worker_processes import worker_processes


def make_worker(seconds: float) -> Callable[[Sequence[str]], None]:
    def work(names: Sequence[str]) -> None:
        assert names, "a worker without a share"
        time.sleep(seconds)

    return work


def test_workers_that_are_done_end_the_wait() -> None:
    with worker_processes(2, make_worker, (0.0,), ["a", "b"]) as workers:
        workers.work(timeout_seconds=60)


def test_workers_that_take_too_long_are_not_waited_for() -> None:
    with (
        worker_processes(1, make_worker, (300.0,), ["a"]) as workers,
        pytest.raises(TimeoutError, match="not done after 0 s"),
    ):
        workers.work(timeout_seconds=0)


def test_a_worker_that_fails_is_reported() -> None:
    with (
        worker_processes(1, make_worker, (0.0,), []) as workers,
        pytest.raises(RuntimeError, match="a worker process failed"),
    ):
        workers.work(timeout_seconds=60)
