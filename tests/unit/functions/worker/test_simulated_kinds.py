"""The table of ForgeRun's 31 kinds: how long each takes, what it puts out, and how it ends."""

import hashlib
import json

import pytest

from forgeledger.jobs.model.limits import RESULT_BYTES
from tests.support.builders import JOB_ID

SUCCESS, FAILED, AGAIN, CANCELED = "complete", "fail for good", "fail", "cancel"
# Seconds, size of the output in KiB, and end.
TABLE = {
    "SUCCESS_FAST": (1, 4, SUCCESS),
    "SUCCESS_NORMAL": (10, 16, SUCCESS),
    "SUCCESS_SLOW": (90, 32, SUCCESS),
    "FAIL_IMMEDIATE": (0.5, None, FAILED),
    "FAIL_AFTER_PROGRESS": (20, None, FAILED),
    "FAIL_AFTER_RETRYABLE": (5, None, AGAIN),
    "RUNS_LONG": (110, 32, SUCCESS),
    "RUNS_OVER_TIMEOUT": (61, None, FAILED),
    "CPU_BURST": (8, 4, SUCCESS),
    "MEMORY_SPIKE": (12, 64, SUCCESS),
    "IO_HEAVY": (15, 32, SUCCESS),
    "MANY_SMALL_OUTPUTS": (9, 16, SUCCESS),
    "LARGE_OUTPUT": (9, 256, SUCCESS),
    "CANCEL_BEFORE_START": (0, None, CANCELED),
    "CANCEL_DURING_RUN": (5, None, CANCELED),
    "RETRY_ON_FAIL": (3, None, AGAIN),
    "RETRY_LIMIT_REACHED": (3, None, AGAIN),
    "DUPLICATE_SUBMIT_SAME_KEY": (2, 4, SUCCESS),
    "DUPLICATE_SUBMIT_DIFFERENT_KEY": (2, 4, SUCCESS),
    "WEBHOOK_SUCCESS": (2, 4, SUCCESS),
    "WEBHOOK_TIMEOUT": (2, 4, SUCCESS),
    "WEBHOOK_5XX": (2, 4, SUCCESS),
    "WEBHOOK_RETRIES_EXHAUSTED": (2, 4, SUCCESS),
    "WEBHOOK_SLOW_RECEIVER": (2, 4, SUCCESS),
    "SCHEDULED_ON_TIME": (2, 4, SUCCESS),
    "SCHEDULED_LATE_RECOVERY": (2, 4, SUCCESS),
    "SCHEDULED_FAR_FUTURE": (2, 4, SUCCESS),
    "PAYLOAD_SMALL": (2, 1, SUCCESS),
    "PAYLOAD_MEDIUM": (2, 16, SUCCESS),
    "PAYLOAD_LARGE": (2, 256, SUCCESS),
    "PAYLOAD_INVALID": (2, None, FAILED),
}


@pytest.fixture
def run(kinds, reporter, queue):
    """Runs a kind on a worker's item; returns the seconds that it took, and the end's command."""

    def run(kind, *, speed=1, attempt=1):
        naps = []
        work = kinds.handlers(speed, naps.append)[kind]
        with reporter.item(JOB_ID, "a", attempt=attempt, kind=kind) as item:
            item.result = work(item)
        reporter.flush()
        return sum(naps), queue.commands[-1]

    return run


def end_of(command):
    permanent = command.get("error", {}).get("retryable") is False
    return command["type"] + (" for good" if permanent else "")


@pytest.mark.parametrize("kind", TABLE)
def test_a_kind_takes_its_time_and_ends_as_the_table_says(run, kind):
    seconds, output_kib, end = TABLE[kind]

    took, command = run(kind)

    assert (took, end_of(command)) == (pytest.approx(seconds), end)
    if output_kib is not None:
        assert command["result"]["bytes"] == output_kib * 1024


def test_there_are_the_31_kinds_each_with_a_handler(kinds):
    assert set(kinds.KINDS) == set(kinds.HANDLERS) == set(TABLE)
    assert len(TABLE) == 31


def test_an_output_that_a_result_has_no_room_for_is_reported_as_size_and_hash(kinds, run):
    _, small = run("PAYLOAD_MEDIUM")
    _, large = run("PAYLOAD_LARGE")

    assert kinds.RESULT_BYTES == RESULT_BYTES
    output = small["result"]["output"].encode()
    assert (len(output), hashlib.sha256(output).hexdigest()) == (16_384, small["result"]["sha256"])
    assert set(large["result"]) == {"bytes", "sha256"}
    assert len(json.dumps(small["result"])) <= RESULT_BYTES


def test_what_fails_the_first_time_succeeds_when_it_is_retried(run):
    _, command = run("RETRY_ON_FAIL", attempt=2)

    assert command["type"] == "complete"


def test_what_takes_too_long_fails_by_that_name(run):
    _, command = run("RUNS_OVER_TIMEOUT")

    assert command["error"]["type"] == "timeout"


def test_time_is_scaled(run):
    took, _ = run("SUCCESS_SLOW", speed=100)

    assert took == pytest.approx(0.9)


def test_work_that_does_not_count_any_more_is_left(kinds, reporter, queue):
    class Canceled:
        canceled = True
        attempt = 1

    naps = []
    kinds.handlers(1, naps.append)["RUNS_LONG"](Canceled())

    assert naps == []


@pytest.mark.parametrize(("given", "speed"), [({}, 1), ({"SIMULATED_SPEED": "2.5"}, 2.5)])
def test_the_speed_is_that_of_the_environment(kinds, given, speed):
    assert kinds.speed_of(given) == speed


@pytest.mark.parametrize("text", ["0", "-1", "fast", "inf", "nan", ""])
def test_a_speed_that_is_none_is_refused_by_its_name(kinds, text):
    with pytest.raises(ValueError, match=r"^SIMULATED_SPEED: must be a number above 0"):
        kinds.speed_of({"SIMULATED_SPEED": text})
