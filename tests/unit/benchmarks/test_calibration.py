"""A measure that is laid beside what is measured."""

import time

import pytest

from benchmarks.calibration import YARD_SECONDS, Yardstick, laid_beside


def test_on_a_machine_that_is_half_as_quick_half_of_the_time_counts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = iter([0.0, 2 * YARD_SECONDS])
    monkeypatch.setattr(time, "thread_time", lambda: next(clock))
    yardstick = Yardstick()

    yardstick.lay()

    assert yardstick.corrected(10.0) == pytest.approx(5.0)


def test_without_a_measure_the_time_stands() -> None:
    assert Yardstick().corrected(10.0) == 10.0


def test_it_is_laid_for_as_long_as_the_block_lasts() -> None:
    with laid_beside() as yardstick:
        while not yardstick.mean_seconds:
            time.sleep(0.01)

    assert yardstick.corrected(10.0) > 0.0
