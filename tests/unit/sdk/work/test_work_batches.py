"""Work messages of several items: an outcome each, and one for the message."""

import threading

import pytest

from tests.support.fake_ledger import FakeLedger, granted, refused
from tests.support.fake_queues import FakeWorkQueue
from tests.support.running_worker import Running, dispatched_batch


@pytest.fixture
def seen():
    return []


@pytest.fixture
def asking(make_worker):
    def make(waiting, ledger, handler):
        options = {"claim": "ask", "retry_seconds": lambda count: 0, "concurrency": 1}
        return make_worker(waiting, handler, ledger=ledger, **options)

    return make


def test_each_item_is_reported_by_itself_and_the_message_is_deleted_once(make_worker, queue):
    def handler(item):
        if item.item_id == "b":
            raise ValueError("again, please")

    waiting = FakeWorkQueue(dispatched_batch("a", "b", "c"))

    with Running(make_worker(waiting, handler)) as running:
        assert waiting.wait_until(lambda fake: fake.deleted)

    ends = {item: kind for kind, item in queue.reported() if kind != "claim"}
    assert ends == {"a": "complete", "b": "fail", "c": "complete"}
    assert (waiting.deleted, waiting.visibilities) == (["m0"], [])
    assert (running.summary.completed, running.summary.failed) == (2, 1)


def test_the_items_of_a_message_run_side_by_side(make_worker):
    together = threading.Barrier(3)
    waiting = FakeWorkQueue(dispatched_batch("a", "b", "c"))

    with Running(make_worker(waiting, lambda item: together.wait(10) and None, concurrency=3)):
        assert waiting.wait_until(lambda fake: fake.deleted)


def test_a_message_stays_as_long_as_one_of_its_items_runs(make_worker):
    go_on, first = threading.Event(), threading.Event()

    def handler(item):
        if item.item_id == "a":
            first.set()
        else:
            assert go_on.wait(10)

    waiting = FakeWorkQueue(dispatched_batch("a", "b"))

    with Running(make_worker(waiting, handler)):
        assert first.wait(10)
        assert not waiting.wait_until(lambda fake: fake.deleted, seconds=0.3)
        go_on.set()
        assert waiting.wait_until(lambda fake: fake.deleted)


def test_a_message_comes_again_for_the_item_that_needs_it_and_the_others_are_skipped(asking, seen):
    lease = {"state": "IN_PROGRESS", "leaseUntil": "2026-11-21T10:00:00.000Z"}
    claims = [granted(1), refused("lease_held", **lease), granted(1), granted(2)]
    waiting = FakeWorkQueue(dispatched_batch("a", "b", "c"))

    def handler(item):
        seen.append(item.item_id)

    ledger = FakeLedger(claim=claims)
    worker = asking(waiting, ledger, handler)
    # Visible again at once, whatever the lease.
    hand_back = waiting.change_message_visibility_batch
    waiting.change_message_visibility_batch = lambda **request: hand_back(
        Entries=[{**entry, "VisibilityTimeout": 0} for entry in request["Entries"]]
    )

    with Running(worker) as running:
        assert waiting.wait_until(lambda fake: fake.deleted)

    assert seen == ["a", "c", "b"]
    assert ledger.count("claim") == 4
    assert running.summary.dropped == 2


def test_a_message_waits_for_the_item_that_may_be_begun_last(asking):
    lease = {"state": "IN_PROGRESS", "leaseUntil": "2026-11-21T10:00:40.000Z"}
    due = {"dueAt": "2026-11-21T10:00:05.000Z"}
    ledger = FakeLedger(claim=[refused("lease_held", **lease), refused("not_due", **due)])
    waiting = FakeWorkQueue(dispatched_batch("a", "b"))

    with Running(asking(waiting, ledger, lambda item: None)):
        assert waiting.wait_until(lambda fake: fake.visibilities)

    assert waiting.visibilities == [("m0", 41)]


def test_at_a_stop_items_that_are_not_begun_are_handed_back_with_their_message(make_worker, seen):
    begun, go_on = threading.Event(), threading.Event()

    def handler(item):
        seen.append(item.item_id)
        begun.set()
        assert go_on.wait(10)

    waiting = FakeWorkQueue(dispatched_batch("a", "b", "c"))
    waiting.drop_visible_again = True

    with Running(make_worker(waiting, handler, concurrency=1)) as running:
        assert begun.wait(10)
        running.worker.stop()
        go_on.set()

    assert seen == ["a"]
    assert (waiting.deleted, waiting.visibilities) == ([], [("m0", 0)])
    assert running.summary.handed_back == 2


def test_a_kind_that_nobody_handles_brings_the_message_back_for_its_item_alone(make_worker, queue):
    items = [{"itemId": "a", "attempt": 1}, {"itemId": "b", "attempt": 1, "kind": "other"}]
    waiting = FakeWorkQueue(dispatched_batch(items=items))

    with Running(make_worker(waiting, lambda item: None, retry_seconds=lambda count: 9)):
        assert waiting.wait_until(lambda fake: fake.visibilities)

    assert queue.reported() == [("claim", "a"), ("complete", "a")]
    assert waiting.visibilities == [("m0", 9)]
