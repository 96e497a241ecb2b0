"""What a flush and the end of a reporter do with commands that SQS does not accept."""

import json
import threading

import pytest

from forgeledger.sdk.errors import InvalidSettingError, UndeliveredError
from tests.support.builders import JOB_ID
from tests.support.fake_queues import THROTTLED, Fault, denied, failing_until

DENIED = Fault(raises=denied())


def test_a_flush_of_nothing_says_so(reporter):
    delivery = reporter.flush()

    assert (delivery.delivered, delivery.pending, delivery.failed) == (0, 0, ())
    assert delivery.is_complete


def test_a_throttled_flush_tries_again(make_reporter, queue):
    queue.fault = failing_until(2, THROTTLED)
    reporter = make_reporter()
    reporter.complete(JOB_ID, "a")

    assert reporter.flush().is_complete
    assert len(queue.calls) == 3


def test_when_the_tries_are_used_up_flush_says_what_is_left_and_nothing_is_lost(
    make_reporter, queue
):
    queue.fault = failing_until(3, THROTTLED)
    reporter = make_reporter()
    reporter.complete(JOB_ID, "a")

    first = reporter.flush()
    second = reporter.flush()

    assert (first.delivered, first.pending) == (0, 1)
    assert "slower, please" in first.last_refusal
    assert (second.delivered, second.pending, second.last_refusal) == (1, 0, None)
    assert queue.reported() == [("complete", "a")]


def test_a_flush_that_takes_too_long_ends_at_its_time(make_reporter, queue):
    queue.fault = failing_until(99, THROTTLED)
    reporter = make_reporter()
    reporter.complete(JOB_ID, "a")

    assert reporter.flush(timeout_seconds=0).pending == 1


def test_what_sqs_never_takes_is_handed_back_as_it_was(make_reporter, queue):
    queue.fault = failing_until(1, Fault(refused_for_good=frozenset({0})))
    reporter = make_reporter()
    reporter.complete(JOB_ID, "a")

    delivery = reporter.flush()

    (refused,) = delivery.failed
    assert json.loads(refused.command.body)["itemId"] == "a"
    assert refused.reason == "InvalidMessageContents: no"
    assert not delivery.is_complete
    assert reporter.flush().is_complete


def test_closing_with_undelivered_commands_raises(make_reporter, queue):
    queue.fault = failing_until(99, DENIED)
    reporter = make_reporter()
    reporter.complete(JOB_ID, "a")

    with pytest.raises(UndeliveredError, match=r"1 commands not sent.*AccessDenied") as caught:
        reporter.close()

    assert caught.value.delivery.pending == 1
    assert [command.item_id for command in reporter.undelivered()] == ["a"]


def test_leaving_the_block_delivers(make_reporter, queue):
    with make_reporter() as reporter:
        reporter.complete(JOB_ID, "a")

    assert queue.reported() == [("complete", "a")]


def test_an_error_in_the_block_is_not_hidden_by_what_is_undelivered(make_reporter, queue, caplog):
    queue.fault = failing_until(99, DENIED)

    reporter = make_reporter()
    reporter.complete(JOB_ID, "a")

    with pytest.raises(ZeroDivisionError), reporter:
        raise ZeroDivisionError

    assert "1 commands not sent" in caplog.text


def test_an_interrupted_flush_keeps_what_was_on_its_way(make_reporter, queue):
    queue.fault = failing_until(1, Fault(raises=KeyboardInterrupt()))
    reporter = make_reporter()
    reporter.complete(JOB_ID, "a")

    with pytest.raises(KeyboardInterrupt):
        reporter.flush()

    assert reporter.flush().delivered == 1


def test_a_callback_that_raises_keeps_the_others_from_nothing(reporter, queue, caplog):
    outcomes = []

    def broken(taken):
        raise RuntimeError("a bug of the caller")

    reporter.complete(JOB_ID, "a", on_delivery=broken)
    reporter.complete(JOB_ID, "b", on_delivery=lambda taken: outcomes.append("b"))
    reporter.complete(JOB_ID, "c", on_delivery=lambda taken: outcomes.append("c"))

    delivery = reporter.flush()

    assert delivery.is_complete
    assert sorted(outcomes) == ["b", "c"]
    assert "a bug of the caller" in caplog.text


def test_flush_returns_after_the_callbacks(make_reporter):
    hearing, go_on = threading.Event(), threading.Event()

    def slow(taken):
        hearing.set()
        assert go_on.wait(20)

    reporter = make_reporter(background=True)
    reporter.complete(JOB_ID, "a", on_delivery=slow)
    assert hearing.wait(10)

    flushing = threading.Thread(target=reporter.flush)
    flushing.start()
    flushing.join(0.1)
    returned_early = not flushing.is_alive()
    go_on.set()
    flushing.join(10)

    assert not returned_early
    assert not flushing.is_alive()


def test_a_flush_in_a_callback_does_not_wait_for_itself(reporter, monkeypatch):
    waits, deliveries = [], []
    monkeypatch.setattr(reporter._sender, "_wait", waits.append)
    reporter.complete(JOB_ID, "a", on_delivery=lambda taken: deliveries.append(reporter.flush(0.2)))

    reporter.flush()

    assert waits == []
    assert [delivery.is_complete for delivery in deliveries] == [True]


def test_an_interrupt_before_the_sending_leaves_no_lane_behind(reporter, queue, monkeypatch):
    outbox = reporter._sender._outbox
    take = outbox.take

    def interrupted(*args, **options):
        take(*args, **options)
        raise KeyboardInterrupt

    reporter.complete(JOB_ID, "a")
    monkeypatch.setattr(outbox, "take", interrupted)
    with pytest.raises(KeyboardInterrupt):
        reporter.flush()
    monkeypatch.setattr(outbox, "take", take)

    assert reporter.flush(0.5).is_complete
    assert queue.reported() == [("complete", "a")]


def test_a_time_that_is_no_number_is_refused_where_it_is_said(reporter, make_reporter):
    with pytest.raises(InvalidSettingError, match=r"^timeout_seconds: must be a number of seconds"):
        reporter.flush("1")
    with pytest.raises(InvalidSettingError, match=r"^block_seconds: must be a number of seconds"):
        make_reporter(block_seconds="1")
    with pytest.raises(InvalidSettingError, match=r"^flush_seconds: must be a number of seconds"):
        make_reporter(flush_seconds=None)
