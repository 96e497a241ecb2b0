"""The queue poller against a queue in memory."""

import json
import threading
import time

from forgeledger.local.engine_calls import DELETE, RECEIVE, EngineRefused
from forgeledger.local.queue_poller import LONG_POLL_SECONDS, QueuePoller
from forgeledger.local.stack import QueueMapping


class FakeQueue:
    """Returns messages in pages, and records requests and deletions."""

    def __init__(self, *pages):
        self.pages = [list(page) for page in pages]
        self.requests = []
        self.deleted = []
        self.refuses = False

    def __call__(self, target, request):
        return {RECEIVE: self.receive, DELETE: self.delete}[target](request)

    def receive(self, request):
        self.requests.append((request["MaxNumberOfMessages"], request["WaitTimeSeconds"]))
        names = self.pages.pop(0) if self.pages else []
        return {"Messages": [a_message(name) for name in names]} if names else {}

    def delete(self, request):
        entries = request["Entries"]
        if self.refuses:
            return {"Failed": [{"Id": entry["Id"], "Code": "x"} for entry in entries]}
        self.deleted += [entry["ReceiptHandle"] for entry in entries]
        return {"Successful": []}


def a_message(name):
    return {
        "MessageId": name,
        "ReceiptHandle": name,
        "Body": json.dumps({"name": name}),
        "MD5OfBody": "",
        "Attributes": {"MessageGroupId": "g"},
    }


def poller_of(queue, invoke=lambda event: {}, *, concurrency=1, **options):
    mapping = QueueMapping(
        mapping_id="m",
        function="IntakeFunction",
        queue_arn="arn:q",
        queue_url="http://q",
        reports_failures=True,
        **options,
    )
    return QueuePoller(mapping, invoke, queue, concurrency=concurrency)


def test_a_batch_is_handed_over_and_deleted():
    queue, events = FakeQueue("ab"), []

    taken = poller_of(queue, events.append).poll_once()

    assert taken == 2
    assert [record["messageId"] for record in events[0]["Records"]] == ["a", "b"]
    assert queue.deleted == ["a", "b"]


def test_what_a_filter_holds_back_is_deleted_unseen():
    queue, events = FakeQueue("ab"), []
    patterns = ({"body": {"name": ["b"]}},)

    poller_of(queue, events.append, patterns=patterns).poll_once()

    assert [record["messageId"] for record in events[0]["Records"]] == ["b"]
    assert sorted(queue.deleted) == ["a", "b"]


def test_a_batch_without_any_wanted_message_invokes_nothing():
    queue, events = FakeQueue("a"), []
    patterns = ({"body": {"name": ["z"]}},)

    poller_of(queue, events.append, patterns=patterns).poll_once()

    assert events == []
    assert queue.deleted == ["a"]


def test_a_refused_deletion_is_left_to_the_next_delivery():
    queue = FakeQueue("a")
    queue.refuses = True

    assert poller_of(queue).poll_once() == 1


def test_a_queue_that_stays_empty_is_asked_at_once_then_ever_more_patiently():
    queue = FakeQueue()
    poller = poller_of(queue)

    for _ in range(10):
        poller.poll_once()

    waits = [wait for _, wait in queue.requests]
    assert waits[0] == 0
    assert waits[-1] == LONG_POLL_SECONDS
    assert waits == sorted(waits)


def test_a_batch_of_more_than_ten_is_filled_from_several_receives():
    queue, events = FakeQueue("abcdefghij", "klm"), []

    poller_of(queue, events.append, batch_size=20).poll_once()

    assert [size for size, _ in queue.requests] == [10, 10]
    assert len(events[0]["Records"]) == 13
    assert len(queue.deleted) == 13


def test_a_window_waits_for_more_until_the_batch_is_full():
    queue, events = FakeQueue("a", "", "b"), []

    poller_of(queue, events.append, batch_size=2, window_seconds=60).poll_once()

    assert len(events[0]["Records"]) == 2


def test_a_halt_ends_the_wait_for_a_full_batch():
    queue, events = FakeQueue("a"), []
    poller = poller_of(queue, events.append, batch_size=2, window_seconds=600)
    receive = queue.receive

    def halt_at_the_second(request):
        if queue.requests:
            poller.halt()
        return receive(request)

    queue.receive = halt_at_the_second
    poller.poll_once()

    assert len(events[0]["Records"]) == 1
    assert poller.poll_once() == 0


def test_while_a_batch_is_in_flight_the_queue_is_not_scanned_again_and_again():
    queue, inside, release = FakeQueue("a"), threading.Event(), threading.Event()

    def invoke(event):
        inside.set()
        release.wait(60)

    poller = poller_of(queue, invoke, concurrency=2)
    running = threading.Thread(target=poller.poll_once)
    running.start()
    inside.wait(60)

    polled = [poller.poll_once() for _ in range(3)]
    release.set()
    running.join()

    assert polled == [0, 0, 0]
    assert all(wait == 0 for _, wait in queue.requests)
    assert queue.deleted == ["a"]


def test_receivers_run_batches_side_by_side_up_to_the_mappings_concurrency():
    both_inside = threading.Barrier(2, timeout=60)
    queue = FakeQueue("a", "b")

    def invoke(event):
        both_inside.wait()

    poller = poller_of(queue, invoke, concurrency=8, maximum_concurrency=2)
    poller.start()
    deadline = time.monotonic() + 60
    while len(queue.deleted) < 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    poller.halt()
    poller.join(deadline)

    assert sorted(queue.deleted) == ["a", "b"]
    assert len(poller._threads) == 2


def test_a_receiver_goes_on_after_the_engine_refused_once():
    queue, done = FakeQueue(), threading.Event()
    poller = poller_of(queue)
    receive = queue.receive

    def refuse_once(request):
        if not queue.requests:
            queue.requests.append((0, 0))
            raise EngineRefused("InternalError", "no")
        done.set()
        return receive(request)

    queue.receive = refuse_once
    poller.start()

    assert done.wait(60)
    poller.halt()
    poller.join(time.monotonic() + 60)


def test_a_receiver_goes_on_after_a_batch_that_could_not_be_run():
    queue, done, events = FakeQueue("a", "b"), threading.Event(), []

    def invoke(event):
        events.append(event)
        if len(events) == 1:
            raise FileNotFoundError("no log folder")
        done.set()

    poller = poller_of(queue, invoke)
    poller.start()

    assert done.wait(60)
    poller.halt()
    poller.join(time.monotonic() + 60)
    assert queue.deleted == ["b"]
