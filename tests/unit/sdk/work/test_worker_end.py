"""How a worker ends: by stop(), by a signal, or by an error of its queue."""

import logging
import os
import re
import signal
import threading
import time

import pytest

from forgeledger.sdk.errors import UndeliveredError
from forgeledger.sdk.work.work_queue import Received
from forgeledger.sdk.work.work_tally import WorkerSummary, WorkTally
from tests.support.builders import JOB_ID
from tests.support.fake_queues import FINE, THROTTLED, FakeWorkQueue, denied
from tests.support.running_worker import QUICKLY, Running, work


def test_a_stopped_worker_ends_what_it_began_and_hands_back_the_rest(make_worker, queue):
    begun, go_on = threading.Event(), threading.Event()

    def handler(item):
        begun.set()
        assert go_on.wait(20)

    waiting = FakeWorkQueue(work("a"), work("b"))
    waiting.drop_visible_again = True

    with Running(make_worker(waiting, handler, concurrency=1)) as running:
        assert begun.wait(10)
        running.worker.stop()
        go_on.set()
        running.thread.join(20)

    assert running.summary.completed == 1
    assert waiting.deleted == ["m0"]
    assert waiting.in_hand == {}


def test_what_comes_when_a_worker_is_asked_to_stop_is_handed_back_and_counted(make_worker):
    waiting = FakeWorkQueue(work("a"), work("b"), receive_fault=lambda number: worker.stop())
    waiting.drop_visible_again = True
    worker = make_worker(waiting, lambda item: None, concurrency=2)

    summary = worker.run()

    assert waiting.visibilities == [("m0", 0), ("m1", 0)]
    assert summary == WorkerSummary(completed=0, failed=0, released=0, handed_back=2)


def test_a_stopped_worker_deletes_what_it_has_reported_although_sqs_refuses_at_first(make_worker):
    waiting = FakeWorkQueue(work("a"))
    waiting.refuse_deletions = 3
    worker = make_worker(waiting, lambda item: worker.stop())

    summary = worker.run()

    assert summary.completed == 1
    assert waiting.deleted == ["m0"]


def test_a_handler_that_outlives_the_grace_time_loses_its_item(make_worker, queue):
    begun, go_on = threading.Event(), threading.Event()

    def handler(item):
        begun.set()
        go_on.wait(20)

    waiting = FakeWorkQueue(work("a"))
    waiting.drop_visible_again = True

    with Running(make_worker(waiting, handler, grace_seconds=0.05)) as running:
        assert begun.wait(10)
        running.worker.stop()
        running.thread.join(20)
        go_on.set()

    assert running.summary.released == 1
    assert queue.reported() == [("claim", "a"), ("release", "a")]
    assert waiting.visibilities == [("m0", 0)]


@pytest.mark.parametrize("is_full", [True, False], ids=["full", "room for one"])
def test_a_stop_in_an_outage_with_a_full_buffer_still_hands_back_what_runs(
    make_worker, make_reporter, queue, monkeypatch, is_full
):
    monkeypatch.setattr("forgeledger.sdk.work.worker_shutdown._RELEASE_BLOCK_SECONDS", 0.01)
    monkeypatch.setattr("forgeledger.sdk.work.worker_shutdown._LAST_FLUSH_SECONDS", 0.1)
    begun, go_on = threading.Semaphore(0), threading.Event()

    def handler(item):
        begun.release()
        go_on.wait(20)

    waiting = FakeWorkQueue(*(work(name) for name in "abc"))
    waiting.drop_visible_again = True
    reporter = make_reporter(background=True, commands=1, block_seconds=60)
    worker = make_worker(waiting, handler, reporter=reporter, concurrency=3, grace_seconds=0.05)

    with Running(worker) as running:
        for _ in "abc":
            assert begun.acquire(timeout=10)
        reporter.flush()
        queue.fault = lambda number, entries: THROTTLED
        if is_full:
            reporter.heartbeat(JOB_ID, "d")
        running.worker.stop()
        running.thread.join(20)
        queue.fault = lambda number, entries: FINE
        go_on.set()

    assert isinstance(running.error, UndeliveredError)
    assert sorted(waiting.visibilities) == [("m0", 0), ("m1", 0), ("m2", 0)]


def test_a_worker_logs_in_one_line_what_it_did(make_worker, caplog):
    endings = {"b": ValueError("bad"), "c": SystemExit()}

    def handler(item):
        if item.item_id in endings:
            raise endings[item.item_id]

    waiting = FakeWorkQueue(*(work(name) for name in "abcd"), "no work at all")
    waiting.drop_visible_again = True

    caplog.set_level(logging.INFO, "forgeledger.sdk")
    with Running(make_worker(waiting, handler)) as running:
        assert waiting.wait_until(
            lambda fake: len(fake.deleted) == 2 and len(fake.visibilities) == 3
        )

    ends = [record for record in caplog.records if "ended after" in record.message]
    assert [record.levelname for record in ends] == ["INFO"]
    assert re.fullmatch(
        r"worker w-1 ended after [\d.]+ s: 2 completed, 1 failed, 1 released, 1 handed back",
        ends[0].message,
    )
    assert ends[0].message.endswith(str(running.summary))
    assert "worker w-1 works on https://queue.example/work" in caplog.text


def test_a_worker_that_could_not_deliver_everything_says_how_much(
    make_worker, queue, caplog, monkeypatch
):
    monkeypatch.setattr("forgeledger.sdk.work.worker_shutdown._LAST_FLUSH_SECONDS", 0.1)
    queue.fault = lambda number, entries: THROTTLED
    ended = threading.Event()
    waiting = FakeWorkQueue(work("a"))

    with Running(make_worker(waiting, lambda item: ended.set())) as running:
        assert ended.wait(10)
        running.worker.stop()
        running.thread.join(20)
        queue.fault = lambda number, entries: FINE

    (end,) = [record for record in caplog.records if "ended after" in record.message]
    assert isinstance(running.error, UndeliveredError)
    assert end.levelname == "WARNING"
    assert end.message.endswith("; 2 commands not delivered")


def test_an_item_that_ends_while_it_is_given_up_counts_once(reporter):
    tally = WorkTally()
    item = reporter.item(JOB_ID, "a")
    tally.begin(item, Received(message_id="m", receipt="r", body="", receive_count=1))
    item.fail(ValueError("bad"))

    tally.end(item)
    tally.end(item)

    assert tally.summary() == WorkerSummary(completed=0, failed=1, released=0)


def test_a_worker_that_may_not_receive_gives_up_and_says_why(make_worker):
    waiting = FakeWorkQueue(receive_fault=lambda number: denied())
    worker = make_worker(waiting, lambda item: None)

    with pytest.raises(type(denied()), match="AccessDenied"):
        worker.run()

    assert waiting.receives == QUICKLY.attempts


def test_a_worker_whose_receiving_breaks_ends_instead_of_only_seeming_alive(make_worker):
    waiting = FakeWorkQueue(receive_fault=lambda number: KeyError("Attributes"))
    worker = make_worker(waiting, lambda item: None)

    with pytest.raises(KeyError):
        worker.run()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGTERM")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_the_worker_in_order(make_worker, number):
    before = signal.getsignal(number)
    waiting = FakeWorkQueue(work("a"))
    worker = make_worker(waiting, lambda item: os.kill(os.getpid(), number))

    summary = worker.run()

    assert summary.completed == 1
    assert waiting.deleted == ["m0"]
    assert signal.getsignal(number) is before


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGTERM")
def test_a_signal_that_another_thread_gets_stops_the_worker_as_well(make_worker):
    waiting = FakeWorkQueue(work("a"))
    worker = make_worker(
        waiting, lambda item: signal.pthread_kill(threading.get_ident(), signal.SIGTERM)
    )
    rescues = []
    rescue = threading.Timer(20, lambda: (rescues.append("needed"), worker.stop()))
    rescue.start()

    summary = worker.run()

    rescue.cancel()
    assert (summary.completed, rescues) == (1, [])


@pytest.mark.skipif(os.name == "nt", reason="Windows sends no SIGINT to a process of one's own")
def test_a_second_ctrl_c_ends_it_at_once_and_still_prints_what_was_done(make_worker, caplog):
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    over = threading.Event()
    waiting = FakeWorkQueue(work("a"), work("b"))
    waiting.drop_visible_again = True

    def handler(item):
        if item.item_id == "a":
            return
        assert waiting.wait_until(lambda fake: fake.deleted)
        os.kill(os.getpid(), signal.SIGINT)
        while signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
            time.sleep(0.01)  # Two of them at once could count as one.
        os.kill(os.getpid(), signal.SIGINT)
        over.wait(20)

    try:
        with pytest.raises(KeyboardInterrupt):
            make_worker(waiting, handler, concurrency=2, grace_seconds=60).run()
    finally:
        signal.signal(signal.SIGINT, before)
        over.set()

    (end,) = [record for record in caplog.records if "ended after" in record.message]
    assert end.levelname == "WARNING"
    assert end.message.endswith(
        "1 completed, 0 failed, 0 released, 0 handed back; interrupted, 1 unfinished"
    )


def test_a_second_signal_counts_as_if_nobody_listened(make_worker):
    signals = []
    before = signal.signal(signal.SIGTERM, lambda number, frame: signals.append(number))
    waiting = FakeWorkQueue(work("a"))

    def handler(item):
        for _ in range(2):
            os.kill(os.getpid(), signal.SIGTERM)

    try:
        make_worker(waiting, handler).run()
        os.kill(os.getpid(), signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, before)

    assert signals
