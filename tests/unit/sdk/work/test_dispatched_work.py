"""Work messages that the ledger sends: fenced by their dispatch, and sent again by the ledger."""

import json
import logging

import pytest

from forgeledger.sdk.failure import Failure
from tests.support.builders import JOB_ID
from tests.support.fake_ledger import FakeLedger, granted, refused
from tests.support.fake_queues import FINE, FakeWorkQueue, Fault
from tests.support.running_worker import Running, dispatched, work


def delivered(*bodies, times=1):
    """A queue that has delivered each of its messages so often, when the worker has it."""
    waiting = FakeWorkQueue(*bodies)
    waiting.counts = dict.fromkeys((f"m{number}" for number in range(len(bodies))), times - 1)
    return waiting


def fences(queue):
    return [(c["type"], c.get("attempt"), c.get("dispatch")) for c in queue.commands]


def end_by(ending):
    def handler(item):
        match ending:
            case "fail":
                raise ValueError("again, please")
            case "release":
                item.release()
            case "cancel":
                item.cancel()

    return handler


@pytest.mark.parametrize("ending", ["complete", "fail", "release"])
def test_the_claim_and_the_end_say_attempt_and_dispatch(make_worker, queue, ending):
    waiting = delivered(dispatched("a", attempt=3), times=2)

    with Running(make_worker(waiting, end_by(ending))):
        assert waiting.wait_until(lambda fake: fake.deleted)

    assert fences(queue) == [("claim", 4, 3), (ending, 4, 3)]


def test_a_heartbeat_says_both_as_well(make_worker, queue):
    waiting = delivered(dispatched("a"))

    with Running(make_worker(waiting, lambda item: item.heartbeat())):
        assert waiting.wait_until(lambda fake: fake.deleted)

    assert ("heartbeat", 1, 1) in fences(queue)


def test_a_message_that_a_user_sent_is_for_no_dispatch(make_worker, queue):
    waiting = delivered(work("a", attempt=3))

    with Running(make_worker(waiting, end_by("complete"))):
        assert waiting.wait_until(lambda fake: fake.deleted)

    assert fences(queue) == [("claim", None, None), ("complete", None, None)]


@pytest.mark.parametrize("ending", ["fail", "release", "cancel"])
def test_the_message_is_deleted_with_any_end_since_the_ledger_sends_the_next(
    make_worker, queue, ending
):
    waiting = delivered(dispatched("a"))

    with Running(make_worker(waiting, end_by(ending))):
        assert waiting.wait_until(lambda fake: fake.deleted)

    assert [command["type"] for command in queue.commands] == ["claim", ending]
    assert waiting.visibilities == []


def test_an_end_that_sqs_never_accepts_leaves_the_message_to_the_queue(make_worker, queue):
    waiting = delivered(dispatched("a"))
    queue.fault = lambda number, entries: Fault(refused_for_good=frozenset({0}))

    with Running(make_worker(waiting, end_by("fail"), retry_seconds=lambda count: 7)):
        assert waiting.wait_until(lambda fake: fake.visibilities)
        queue.fault = lambda number, entries: FINE

    assert (waiting.deleted, waiting.visibilities) == ([], [("m0", 7)])


def test_a_handler_says_how_long_its_failed_item_waits(make_worker, queue):
    class RateLimited(Exception):
        retry_after_seconds = 29.5

    def handler(item):
        raise RateLimited

    waiting = delivered(dispatched("a"), work("b"))

    with Running(make_worker(waiting, handler, retry_seconds=lambda count: 3)):
        assert waiting.wait_until(lambda fake: fake.deleted and fake.visibilities)

    fails = [command for command in queue.commands if command["type"] == "fail"]
    assert [command["retryAfterSeconds"] for command in fails] == [30, 30]
    # The message of a user comes again by the queue, and not before that.
    assert (waiting.deleted, waiting.visibilities) == (["m0"], [("m1", 30)])


def test_a_failure_over_http_says_how_long_its_item_waits_as_well(ledger, api):
    api.answer({"outcome": "applied", "item": {"itemId": "a", "state": "PENDING"}})

    ledger.commands.fail(JOB_ID, "a", Failure(type="RateLimited", retry_after_seconds=30))

    assert api.bodies[0]["retryAfterSeconds"] == 30


@pytest.mark.parametrize("seconds", [-1, "soon", True, float("nan")])
def test_a_wait_that_makes_no_sense_does_not_keep_a_failure_from_being_recorded(seconds):
    error = ValueError("bad")
    error.retry_after_seconds = seconds

    assert Failure.of(error) == Failure(type="ValueError", message="bad")


def test_a_wait_is_at_most_what_the_ledger_takes():
    error = ValueError("bad")
    error.retry_after_seconds = float("inf")

    assert Failure.of(error).retry_after_seconds == 24 * 3_600


@pytest.mark.parametrize("message", [dispatched("a"), work("a")])
def test_a_canceled_item_is_over_and_counts_as_canceled(make_worker, message):
    waiting = delivered(message)

    with Running(make_worker(waiting, end_by("cancel"))) as running:
        assert waiting.wait_until(lambda fake: fake.deleted)

    assert str(running.summary).endswith("0 handed back, 1 canceled")


def test_a_message_whose_item_ended_here_in_its_latest_delivery_is_dropped(make_worker):
    seen, waiting = [], delivered(dispatched("a"))

    def handler(item):
        seen.append(item.attempt)
        raise ValueError

    with Running(make_worker(waiting, handler)) as running:
        # Its deletion was lost; then comes the next dispatch.
        for number, attempt in enumerate([1, 2]):
            assert waiting.wait_until(lambda fake, count=number: len(fake.deleted) == count + 1)
            with waiting.changed:
                waiting.visible.append((f"m{number}", json.dumps(dispatched("a", attempt))))
                waiting.changed.notify_all()
        assert waiting.wait_until(lambda fake: len(fake.deleted) == 3)

    assert seen == [1, 2]
    assert (running.summary.failed, running.summary.dropped) == (2, 1)


@pytest.fixture
def asking(make_worker):
    def make(waiting, ledger, handler=lambda item: None, **options):
        settings = {"claim": "ask", "retry_seconds": lambda count: 3, **options}
        return make_worker(waiting, handler, ledger=ledger, **settings)

    return make


def test_an_asking_worker_says_both_and_its_end_carries_the_granted_attempt(asking, queue):
    ledger, waiting = FakeLedger(claim=[granted(5)]), delivered(dispatched("a", 3), times=2)

    with Running(asking(waiting, ledger)):
        assert waiting.wait_until(lambda fake: fake.deleted)

    assert ledger.requests == [("claim", {"workerId": "w-1", "attempt": 4, "dispatch": 3})]
    assert fences(queue) == [("complete", 5, 3)]


def test_of_an_item_that_it_ended_an_asking_worker_asks_first_whether_its_end_still_counts(asking):
    taken_over = {"state": "IN_PROGRESS", "attempt": 2, "dispatch": 1}
    claims = [granted(1), refused("stale_attempt", **taken_over), granted(3)]
    ledger, waiting = FakeLedger(claim=claims), delivered(dispatched("a"))

    with Running(asking(waiting, ledger)):
        assert waiting.wait_until(lambda fake: len(fake.deleted) == 1)
        with waiting.changed:
            # Another worker had it meanwhile, and died.
            waiting.counts["m0"] = 2
            waiting.visible.append(("m0", json.dumps(dispatched("a"))))
            waiting.changed.notify_all()
        assert waiting.wait_until(lambda fake: len(fake.deleted) == 2)

    assert [body["attempt"] for _, body in ledger.requests] == [1, 1, 3]


def test_an_asking_workers_heartbeat_says_both(asking):
    ledger = FakeLedger(claim=[granted(1)], heartbeat=[granted(1)])
    waiting = delivered(dispatched("a"))

    def handler(item):
        item._beat()

    with Running(asking(waiting, ledger, handler)):
        assert waiting.wait_until(lambda fake: fake.deleted)

    assert ("heartbeat", {"attempt": 1, "dispatch": 1}) in ledger.requests


@pytest.mark.parametrize(
    ("item", "is_dropped"),
    [
        ({"state": "PENDING", "attempt": 1, "dispatch": 1}, True),
        ({"state": "IN_PROGRESS", "attempt": 2, "dispatch": 2}, True),
        ({"state": "IN_PROGRESS", "attempt": 2, "dispatch": 1}, False),
    ],
    ids=["dispatched anew", "claimed by a newer message", "claimed by another of this dispatch"],
)
def test_a_stale_message_is_dropped_if_the_ledger_has_dispatched_the_item_anew(
    asking, item, is_dropped
):
    ledger = FakeLedger(claim=[refused("stale_attempt", **item)])
    waiting = delivered(dispatched("a", 1))

    with Running(asking(waiting, ledger)):
        assert waiting.wait_until(lambda fake: fake.deleted or fake.visibilities)

    assert waiting.deleted == (["m0"] if is_dropped else [])


@pytest.mark.parametrize(
    ("times", "delay_seconds"), [(1, 30), (2, 60), (3, 120), (4, 240), (5, 300), (400, 300)]
)
@pytest.mark.parametrize("message", [dispatched("a", attempt=2), work("a")])
def test_the_messages_of_a_paused_job_come_again_ever_more_rarely(
    asking, message, times, delay_seconds
):
    ledger, waiting = FakeLedger(claim=[refused("job_held")]), delivered(message, times=times)

    with Running(asking(waiting, ledger)):
        assert waiting.wait_until(lambda fake: fake.visibilities)

    assert waiting.visibilities == [("m0", delay_seconds)]


def test_a_handler_knows_its_time_limit_and_beyond_it_no_heartbeat_is_sent(
    make_worker, queue, caplog
):
    ledger, left = FakeLedger(), []

    def handler(item):
        left.append(item.seconds_left)
        ledger.now += 45
        left.append(item.seconds_left)
        item._beat()
        ledger.now += 45
        left.append(item.seconds_left)
        item._beat()
        item._beat()

    waiting = delivered(dispatched("a", runSeconds=60))

    with caplog.at_level(logging.WARNING), Running(make_worker(waiting, handler, ledger=ledger)):
        assert waiting.wait_until(lambda fake: fake.deleted)

    assert left == [60, 15, -30]
    assert [command["type"] for command in queue.commands].count("heartbeat") == 1
    assert [record.message for record in caplog.records if "runSeconds" in record.message] == [
        f"item a of job {queue.commands[0]['jobId']} takes longer than its 60 s (runSeconds)"
    ]


def test_without_a_limit_there_is_no_time_left_to_tell(make_worker):
    left, waiting = [], delivered(dispatched("a"), work("b"))

    with Running(make_worker(waiting, lambda item: left.append(item.seconds_left))):
        assert waiting.wait_until(lambda fake: len(fake.deleted) == 2)

    assert left == [None, None]


def test_heartbeats_keep_to_the_lease_that_the_message_names(make_worker):
    short = work("a", redelivery="ledger", leaseSeconds=12)
    intervals, waiting = [], delivered(short, work("b"))

    def handler(item):
        intervals.append((item.item_id, item._heartbeat_seconds))

    with Running(make_worker(waiting, handler)):
        assert waiting.wait_until(lambda fake: len(fake.deleted) == 2)

    assert sorted(intervals) == [("a", 4), ("b", 30)]
