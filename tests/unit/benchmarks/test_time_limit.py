"""A run with a time limit ends, whatever it waits for."""

import contextlib
import signal
import threading

import pytest

from benchmarks.time_limit import TimeLimitExceeded, time_limit


def test_what_is_done_in_time_goes_on() -> None:
    with time_limit(60, "the job"):
        done = True

    assert done
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0


def test_a_part_that_waits_forever_is_cut_off_and_named() -> None:
    with (
        pytest.raises(TimeLimitExceeded, match=r"the audit was not done in 0\.01 s") as late,
        time_limit(0.01, "the audit"),
    ):
        threading.Event().wait()

    assert late.value.part == "the audit"


def test_code_that_survives_any_error_does_not_survive_the_end() -> None:
    def insisting() -> None:
        for _ in range(3):
            with contextlib.suppress(Exception):
                threading.Event().wait(1)

    with pytest.raises(TimeLimitExceeded), time_limit(0.01, "the job"):
        insisting()


def test_the_next_part_has_its_own_time() -> None:
    with pytest.raises(TimeLimitExceeded), time_limit(0.01, "the job"):
        threading.Event().wait()

    with time_limit(60, "the audit"):
        seconds_left, _ = signal.getitimer(signal.ITIMER_REAL)

    assert seconds_left > 30
