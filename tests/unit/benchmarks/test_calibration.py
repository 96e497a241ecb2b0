"""Times are divided by the time of a fixed piece of work."""

import time

import pytest

from benchmarks.calibration import REFERENCE_SECONDS, Calibration, background_calibration


def test_on_a_machine_that_is_half_as_quick_half_of_the_time_counts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = iter([0.0, 2 * REFERENCE_SECONDS])
    monkeypatch.setattr(time, "thread_time", lambda: next(clock))
    calibration = Calibration()

    calibration.sample()

    assert calibration.normalized(10.0) == pytest.approx(5.0)


def test_without_a_measure_the_time_stands() -> None:
    assert Calibration().normalized(10.0) == 10.0


def test_it_is_laid_for_as_long_as_the_block_lasts() -> None:
    with background_calibration() as calibration:
        while not calibration.mean_seconds:
            time.sleep(0.01)

    assert calibration.normalized(10.0) > 0.0
