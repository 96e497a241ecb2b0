import asyncio
import logging
import threading

import pytest

from forgeledger.sdk.errors import PermanentItemError, UndeliveredError
from forgeledger.sdk.work.worker import Worker
from forgeledger.sdk.work.worker_loop import exponential_seconds
from forgeledger.sdk.work.worker_options import WorkerOptions
from tests.support.builders import JOB_ID
from tests.support.fake_queues import FINE, THROTTLED, FakeWorkQueue, Fault, throttled
from tests.support.running_worker import Running, work


def test_items_are_worked_on_and_their_messages_deleted_when_that_is_reported(make_worker, queue):
    waiting = FakeWorkQueue(*(work(f"item-{number}") for number in range(25)))

    with Running(make_worker(waiting, lambda item: item.item_id)) as running:
        assert waiting.wait_until(lambda fake: len(fake.deleted) == 25)

    assert running.summary.completed == 25
    results = {c["result"] for c in queue.commands if c["type"] == "complete"}
    assert len(results) == 25


def test_no_more_is_received_than_can_be_worked_on(make_worker):
    at_work, go_on = threading.Semaphore(0), threading.Event()

    def handler(item):
        at_work.release()
        go_on.wait(20)

    waiting = FakeWorkQueue(*(work(f"item-{number}") for number in range(10)))

    with Running(make_worker(waiting, handler, concurrency=3)):
        for _ in range(3):
            assert at_work.acquire(timeout=10)
        assert not at_work.acquire(timeout=0.1)
        assert len(waiting.in_hand) == 3
        go_on.set()
        assert waiting.wait_until(lambda fake: len(fake.deleted) == 10)
    assert max(waiting.asked) <= 3


def test_coroutines_share_one_event_loop(make_worker, queue):
    loops = set()

    async def handler(item):
        loops.add(asyncio.get_running_loop())
        await asyncio.sleep(0)
        return item.kind

    waiting = FakeWorkQueue(*(work(f"item-{number}", kind="async") for number in range(6)))

    with Running(make_worker(waiting, {"async": handler})) as running:
        assert waiting.wait_until(lambda fake: len(fake.deleted) == 6)

    assert running.summary.completed == 6
    assert len(loops) == 1


def test_a_failure_that_may_pass_is_handed_back_for_later_and_a_final_one_is_deleted(
    make_worker, queue
):
    def handler(item):
        raise PermanentItemError("never") if item.item_id == "a" else ValueError("later")

    waiting = FakeWorkQueue(work("a"), work("b"))
    worker = make_worker(waiting, handler, retry_seconds=lambda count: 30 * count)

    with Running(worker) as running:
        assert waiting.wait_until(lambda fake: fake.deleted and fake.visibilities)

    assert running.summary.failed == 2
    assert waiting.deleted == ["m0"]
    assert waiting.visibilities == [("m1", 30)]
    assert sorted(queue.reported()) == [
        ("claim", "a"),
        ("claim", "b"),
        ("fail", "a"),
        ("fail", "b"),
    ]


def test_fenced_a_redelivery_is_the_next_attempt(make_worker, queue):
    failures = []

    def handler(item):
        if not failures:
            failures.append(item.attempt)
            raise ValueError

    waiting = FakeWorkQueue(work("a"))

    options = {"retry_seconds": lambda count: 0, "fenced": True}
    with Running(make_worker(waiting, handler, **options)):
        assert waiting.wait_until(lambda fake: fake.deleted)

    assert [(command["type"], command["attempt"]) for command in queue.commands] == [
        ("claim", 1),
        ("fail", 1),
        ("claim", 2),
        ("complete", 2),
    ]


def test_unless_fenced_no_attempt_is_sent_so_that_a_redriven_message_is_no_former_owner(
    make_worker, queue
):
    waiting = FakeWorkQueue(work("a"))
    seen = []

    with Running(make_worker(waiting, lambda item: seen.append(item.attempt))):
        assert waiting.wait_until(lambda fake: fake.deleted)

    assert seen == [1]
    assert ["attempt" in command for command in queue.commands] == [False, False]


def test_a_kind_that_nobody_handles_comes_again_and_costs_its_item_no_attempt(
    make_worker, queue, caplog
):
    waiting = FakeWorkQueue(work("a", kind="unheard of"))

    with Running(make_worker(waiting, {"other": print}, retry_seconds=lambda count: 9)) as running:
        assert waiting.wait_until(lambda fake: fake.visibilities)

    assert queue.commands == []
    assert running.summary.handed_back == 1
    why = f"item a of job {JOB_ID} is not begun: this worker has no handler for kind 'unheard of'"
    assert caplog.record_tuples == [("forgeledger.sdk", logging.ERROR, why)]
    assert waiting.visibilities == [("m0", 9)]


@pytest.mark.parametrize(
    "body",
    ["{", '{"jobId": "no job", "itemId": "a"}', "[" * 200_000],
    ids=["no JSON", "no job", "too deep"],
)
def test_a_message_that_names_no_item_is_left_to_the_queues_redrive(make_worker, body, queue):
    waiting = FakeWorkQueue(body)

    with Running(make_worker(waiting, lambda item: None, retry_seconds=lambda count: 9)):
        assert waiting.wait_until(lambda fake: fake.visibilities)

    assert waiting.visibilities == [("m0", 9)]
    assert waiting.deleted == []
    assert queue.reported() == []


def test_a_message_whose_end_was_not_reported_is_not_deleted(make_worker, queue):
    queue.fault = lambda number, entries: Fault(refused_for_good=frozenset({0}))
    waiting = FakeWorkQueue(work("a"))

    with Running(make_worker(waiting, lambda item: None, retry_seconds=lambda count: 9)) as running:
        assert waiting.wait_until(lambda fake: fake.visibilities)

    assert waiting.deleted == []
    assert isinstance(running.error, UndeliveredError)


def test_a_long_handler_keeps_its_message_hidden(make_worker):
    extended = threading.Event()
    waiting = FakeWorkQueue(work("a"))

    def handler(item):
        assert extended.wait(20)

    with Running(make_worker(waiting, handler, visibility_seconds=1)):
        assert waiting.wait_until(lambda fake: fake.visibilities)
        extended.set()
        assert waiting.wait_until(lambda fake: fake.deleted)

    assert ("m0", 1) in waiting.visibilities


def test_a_deletion_that_fails_is_tried_again(make_worker):
    waiting = FakeWorkQueue(work("a"))
    waiting.refuse_deletions = 2

    with Running(make_worker(waiting, lambda item: None)):
        assert waiting.wait_until(lambda fake: fake.deleted)

    assert waiting.deleted == ["m0"]


def test_housekeeping_that_fails_costs_only_time(make_worker, caplog):
    waiting = FakeWorkQueue(work("a"))
    deletions = []
    delete = waiting.delete_message_batch

    def failing_once(**request):
        deletions.append(request)
        if len(deletions) == 1:
            raise throttled()
        return delete(**request)

    waiting.delete_message_batch = failing_once

    with Running(make_worker(waiting, lambda item: None)):
        assert waiting.wait_until(lambda fake: fake.deleted)

    assert "slower, please" in caplog.text


@pytest.mark.parametrize("error", [ZeroDivisionError, SystemExit])
def test_a_worker_outlives_whatever_goes_wrong_with_one_message(make_worker, caplog, error):
    def broken(count):
        raise error

    waiting = FakeWorkQueue(work("a"), work("b"), work("c"))
    waiting.drop_visible_again = True

    with Running(make_worker(waiting, lambda item: None, retry_seconds=broken)) as running:
        assert waiting.wait_until(lambda fake: len(fake.visibilities) == 3)

    assert running.error is None
    assert "a message was given up" in caplog.text
    assert running.summary.handed_back == 3
    assert {message for message, _ in waiting.visibilities} == {"m0", "m1", "m2"}
    assert all(1 <= seconds <= 2 for _, seconds in waiting.visibilities)


@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt, asyncio.CancelledError])
def test_a_handler_that_wants_to_end_the_process_gives_back_its_item_and_the_worker_goes_on(
    make_worker, queue, error, is_async
):
    def handler(item):
        if item.item_id < "c":
            raise error

    async def async_handler(item):
        handler(item)

    waiting = FakeWorkQueue(*(work(name) for name in "abcd"))
    chosen = async_handler if is_async else handler

    with Running(make_worker(waiting, chosen, retry_seconds=lambda count: 9)) as running:
        assert waiting.wait_until(lambda fake: fake.deleted and len(fake.visibilities) == 2)
        assert waiting.wait_until(lambda fake: len(fake.deleted) == 2)

    assert (running.summary.completed, running.summary.released) == (2, 2)
    assert sorted(waiting.visibilities) == [("m0", 9), ("m1", 9)]


@pytest.mark.parametrize("error", [None, ValueError("bad")])
def test_an_end_that_finds_no_room_hands_the_message_back(make_worker, make_reporter, queue, error):
    full = threading.Event()
    reporter = make_reporter(background=True, commands=1, block_seconds=0.01)

    def handler(item):
        if full.is_set():
            return
        full.set()
        reporter.flush()
        queue.fault = lambda number, entries: THROTTLED
        reporter.heartbeat(item.job_id, item.item_id)
        if error is not None:
            raise error

    waiting = FakeWorkQueue(work("a"))
    worker = make_worker(waiting, handler, reporter=reporter, retry_seconds=lambda count: 0)

    with Running(worker) as running:
        assert waiting.wait_until(lambda fake: fake.visibilities)
        queue.fault = lambda number, entries: FINE
        assert waiting.wait_until(lambda fake: fake.deleted)

    assert running.summary.completed == 1
    assert [kind for kind, _ in queue.reported()].count("complete") == 1


@pytest.mark.parametrize("error", [throttled(), Fault.half_an_answer().raises])
def test_receiving_goes_on_after_errors_that_pass(make_worker, error):
    waiting = FakeWorkQueue(work("a"), receive_fault=lambda n: error if n < 9 else None)

    with Running(make_worker(waiting, lambda item: None)) as running:
        assert waiting.wait_until(lambda fake: fake.deleted)

    assert running.error is None


def test_the_wait_for_another_attempt_doubles_up_to_five_minutes():
    assert 1 <= exponential_seconds(1) <= 2
    assert 150 <= exponential_seconds(50) <= 300


def test_a_worker_makes_its_own_reporter_and_client_from_its_endpoints(monkeypatch):
    monkeypatch.setenv("FORGELEDGER_COMMAND_QUEUE_URL", "https://queue.example/commands.fifo")

    url = "https://sqs.eu-west-1.amazonaws.com/1/work"
    worker = Worker(url, {"default": print}, options=WorkerOptions(concurrency=3))

    assert worker._options.concurrency == 3
    assert worker._client(url).meta.region_name == "eu-west-1"
