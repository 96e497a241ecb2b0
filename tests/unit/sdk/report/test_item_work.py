import asyncio
import math
import threading

import pytest

from forgeledger.sdk.errors import BufferFullError, InvalidCommandError, PermanentItemError
from forgeledger.sdk.failure import Failure
from tests.support.builders import JOB_ID
from tests.support.fake_queues import FINE, Fault, throttled


def test_a_block_that_ends_completes_its_item_with_the_result(reporter, queue):
    with reporter.item(JOB_ID, "a", attempt=2) as item:
        item.result = {"pages": 3}

    reporter.flush()
    claim, complete = queue.commands
    assert (claim["type"], claim["attempt"]) == ("claim", 2)
    assert (complete["type"], complete["attempt"]) == ("complete", 2)
    assert complete["result"] == {"pages": 3}
    assert len(queue.arrivals) == 1


@pytest.mark.parametrize(
    ("error", "retryable"), [(ValueError("bad"), True), (PermanentItemError("bad"), False)]
)
def test_a_block_that_raises_fails_its_item_and_the_error_goes_on(
    reporter, queue, error, retryable
):
    with pytest.raises(type(error)), reporter.item(JOB_ID, "a") as item:
        raise error

    reporter.flush()
    assert queue.commands[1]["error"] == {
        "type": type(error).__name__,
        "message": "bad",
        "retryable": retryable,
    }
    assert item.comes_again is retryable


def test_every_command_of_a_block_is_for_its_dispatch(reporter, queue):
    with reporter.item(JOB_ID, "a", attempt=5, dispatch=3) as item:
        item.heartbeat()
        item.fail("too many requests", retry_after_seconds=60)

    reporter.flush()
    assert [command["dispatch"] for command in queue.commands] == [3, 3, 3]
    assert queue.commands[-1]["retryAfterSeconds"] == 60


def test_a_misspelt_result_is_an_error_of_its_line(reporter, queue):
    with pytest.raises(AttributeError, match="reslt"), reporter.item(JOB_ID, "a") as item:
        item.reslt = {"pages": 3}

    reporter.flush()
    assert queue.reported() == [("claim", "a"), ("fail", "a")]
    assert queue.commands[1]["error"]["type"] == "AttributeError"


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, asyncio.CancelledError])
def test_a_block_that_is_stopped_releases_its_item(reporter, queue, error):
    with pytest.raises(error), reporter.item(JOB_ID, "a", attempt=1) as item:
        raise error

    reporter.flush()
    assert queue.reported() == [("claim", "a"), ("release", "a")]
    assert item.comes_again


def test_a_failure_that_was_reported_stands_although_the_block_ends_well(reporter, queue):
    with reporter.item(JOB_ID, "a") as item:
        item.fail(Failure(type="NotFound", retryable=False))

    reporter.flush()
    assert queue.reported() == [("claim", "a"), ("fail", "a")]
    assert not item.comes_again


def test_a_failure_of_a_wrong_type_is_the_blocks_own_mistake_and_fails_its_item(reporter, queue):
    with pytest.raises(InvalidCommandError), reporter.item(JOB_ID, "a") as item:
        item.fail(Failure(type="NotFound", message=KeyError("a")))

    reporter.flush()
    assert queue.reported() == [("claim", "a"), ("fail", "a")]
    assert queue.commands[1]["error"] == {
        "type": "InvalidCommandError",
        "message": "error.message: must be text",
        "retryable": True,
    }


def test_a_release_that_was_reported_stands(reporter, queue):
    with reporter.item(JOB_ID, "a") as item:
        item.release()
        item.fail(ValueError())

    reporter.flush()
    assert queue.reported() == [("claim", "a"), ("release", "a")]
    assert item.is_decided


def test_a_result_that_cannot_be_reported_fails_the_item_for_good(reporter, queue):
    with pytest.raises(InvalidCommandError), reporter.item(JOB_ID, "a") as item:
        item.result = "x" * 40_000

    reporter.flush()
    assert queue.commands[1]["error"]["type"] == "InvalidResult"
    assert not item.comes_again


def test_heartbeats_are_sent_while_the_block_runs_and_not_after(make_reporter, queue):
    reporter = make_reporter()
    beating, ending = threading.Event(), threading.Event()
    put = reporter._sender.put

    def listen(command, **options):
        if command.type == "heartbeat":
            beating.set()
            # Long enough for an end that does not wait for the heartbeat to overtake it.
            ending.wait(0.2)
        else:
            ending.set()
        put(command, **options)

    with reporter.item(JOB_ID, "a", lease_seconds=30, heartbeat_seconds=0.01) as item:
        item.heartbeat()
        reporter._sender.put = listen
        assert beating.wait(10)

    reporter.flush()
    kinds = [kind for kind, _ in queue.reported()]
    assert kinds[0] == "claim"
    assert kinds.count("heartbeat") >= 2
    assert kinds[-1] == "complete"
    leased = [command for command in queue.commands if command["type"] != "complete"]
    assert {command["leaseSeconds"] for command in leased} == {30}


@pytest.mark.parametrize(
    ("options", "seconds"),
    [({}, 30.0), ({"lease_seconds": 60}, 20.0), ({"heartbeat_seconds": 0}, 0)],
)
def test_heartbeats_come_three_times_a_lease_and_rarely_without_one(reporter, options, seconds):
    assert reporter.item(JOB_ID, "a", **options)._heartbeat_seconds == seconds


@pytest.mark.parametrize(
    ("field", "options"),
    [
        ("leaseSeconds", {"lease_seconds": "60"}),
        ("leaseSeconds", {"lease_seconds": 0}),
        ("heartbeat_seconds", {"heartbeat_seconds": "10"}),
        ("heartbeat_seconds", {"heartbeat_seconds": -1}),
        ("heartbeat_seconds", {"heartbeat_seconds": math.nan}),
    ],
)
def test_what_a_block_cannot_keep_to_is_refused_before_it_begins(reporter, field, options):
    with pytest.raises(InvalidCommandError) as caught:
        reporter.item(JOB_ID, "a", **options)

    assert caught.value.field == field
    assert reporter.undelivered() == []


def test_a_heartbeat_that_finds_no_room_is_left_to_the_next_one(make_reporter, queue):
    queue.fault = lambda number, entries: Fault(raises=throttled()) if number < 3 else FINE
    reporter = make_reporter(commands=1)

    with reporter.item(JOB_ID, "a", heartbeat_seconds=0) as item:
        with pytest.raises(BufferFullError):
            item._beat()
        assert [command.type for command in reporter.undelivered()] == ["claim"]
        reporter.flush()
        item._beat()

    reporter.flush()
    assert [kind for kind, _ in queue.reported()] == ["claim", "heartbeat", "complete"]


def test_a_claim_that_finds_no_room_keeps_the_block_from_running(make_reporter, queue):
    queue.fault = lambda number, entries: Fault(raises=throttled())
    reporter = make_reporter(commands=1, block_seconds=0.01)
    reporter.complete(JOB_ID, "b")
    item = reporter.item(JOB_ID, "a")
    ran = False

    with pytest.raises(BufferFullError), item:
        ran = True

    assert not ran
    assert item.comes_again


@pytest.mark.parametrize("ending", ["complete", "fail", "release"])
def test_an_end_that_finds_no_room_is_undecided_and_may_be_reported_later(
    make_reporter, queue, ending
):
    reporter = make_reporter(commands=1, block_seconds=0.01)
    item = reporter.item(JOB_ID, "a", heartbeat_seconds=0)

    def end():
        queue.fault = lambda number, entries: Fault(raises=throttled())
        if ending == "fail":
            raise ValueError("bad")
        if ending == "release":
            item.release()

    with pytest.raises(BufferFullError), item:
        end()

    assert not item.is_decided
    assert item.comes_again
    queue.fault = lambda number, entries: FINE
    item.fail(PermanentItemError("later"))
    reporter.flush()
    assert queue.reported() == [("claim", "a"), ("fail", "a")]
    assert not item.comes_again


def test_the_callback_of_an_end_is_called_when_it_is_delivered(reporter):
    outcomes = []

    with reporter.item(JOB_ID, "a", on_delivery=outcomes.append):
        pass

    assert outcomes == []
    reporter.flush()
    assert outcomes == [True]
