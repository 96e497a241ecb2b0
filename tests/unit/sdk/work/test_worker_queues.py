"""A worker that works on several queues, none of which may starve another."""

import threading

import pytest

from forgeledger.sdk.backoff import Backoff
from forgeledger.sdk.errors import InvalidSettingError
from forgeledger.sdk.seams import Seams, with_seams
from forgeledger.sdk.work.handler_pool import HandlerPool
from forgeledger.sdk.work.worker import Worker
from forgeledger.sdk.work.worker_options import WorkerOptions
from tests.support.fake_queues import FakeWorkQueue, denied
from tests.support.running_worker import QUICKLY, Running, work


class Queues:
    """One client for several queues, as boto3's is."""

    def __init__(self, **queues):
        self.queues = queues

    def __getattr__(self, name):
        return lambda **request: getattr(self.queues[request["QueueUrl"]], name)(**request)


@pytest.fixture
def worker_of(make_reporter):
    def make(handler, queues, **options):
        return with_seams(Worker, Seams(make_client=lambda: Queues(**queues)))(
            list(queues),
            {"default": handler},
            options=WorkerOptions(**{"concurrency": 2, **options}),
            reporter=make_reporter(background=True),
            backoff=QUICKLY,
        )

    return make


def test_the_messages_of_all_queues_are_worked_on_and_each_is_deleted_from_its_own(
    worker_of, queue
):
    queues = {name: FakeWorkQueue(*(work(f"{name}{n}") for n in range(5))) for name in "xyz"}

    with Running(worker_of(lambda item: None, queues)) as running:
        for waiting in queues.values():
            assert waiting.wait_until(lambda fake: len(fake.deleted) == 5)

    assert running.summary.completed == 15
    assert {item for _, item in queue.reported()} == {f"{n}{k}" for n in "xyz" for k in range(5)}


def test_a_full_queue_does_not_starve_another(worker_of):
    seen = []
    queues = {
        "full": FakeWorkQueue(*(work(f"full-{n}") for n in range(200))),
        "late": FakeWorkQueue(*(work(f"late-{n}") for n in range(5))),
    }

    with Running(worker_of(lambda item: seen.append(item.item_id), queues, concurrency=1)):
        assert queues["late"].wait_until(lambda fake: len(fake.deleted) == 5, seconds=20)
        assert queues["full"].wait_until(lambda fake: len(fake.deleted) == 200, seconds=20)

    # Turn by turn, but on a busy machine the other queue's thread may start late.
    last = max(number for number, name in enumerate(seen) if name.startswith("late"))
    assert last < 150


def test_a_request_to_an_empty_queue_holds_no_thread_that_another_needs(worker_of):
    answers = threading.Event()
    queues = {
        "empty": FakeWorkQueue(
            receive_fault=lambda number: number > 1 and answers.wait(20) and None
        ),
        "full": FakeWorkQueue(*(work(f"item-{n}") for n in range(30))),
    }

    with Running(worker_of(lambda item: None, queues, concurrency=1)):
        assert queues["full"].wait_until(lambda fake: len(fake.deleted) == 30)
        assert not answers.is_set()
        answers.set()


def test_only_a_request_that_holds_no_thread_waits_for_messages(worker_of):
    queues = {
        "empty": FakeWorkQueue(),
        "full": FakeWorkQueue(*(work(f"item-{n}") for n in range(30))),
    }

    with Running(worker_of(lambda item: None, queues, concurrency=8, wait_seconds=5)):
        assert queues["full"].wait_until(lambda fake: len(fake.deleted) == 30)

    assert set(zip(queues["empty"].asked, queues["empty"].waits, strict=True)) == {(1, 5)}
    assert (queues["full"].asked[0], queues["full"].waits[0]) == (1, 5)
    # Of eight threads the first message may still have one.
    assert (queues["full"].asked[1] >= 7, queues["full"].waits[1]) == (True, 0)


def test_a_queue_that_may_not_be_read_ends_the_worker_as_a_single_one_does(worker_of):
    queues = {
        "mine": FakeWorkQueue(),
        "theirs": FakeWorkQueue(receive_fault=lambda number: denied()),
    }

    with pytest.raises(type(denied()), match="AccessDenied"):
        worker_of(lambda item: None, queues).run()


def test_threads_go_to_who_waits_and_was_granted_some_longest_ago():
    pool = HandlerPool(1, lambda task: task())
    assert pool.reserve(1, 1, owner=1) == 1
    granted, waits = [], threading.Event()

    def wait_for_a_thread():
        waits.set()
        granted.append(pool.reserve(1, 10, owner=2))

    other = threading.Thread(target=wait_for_a_thread)
    other.start()
    assert waits.wait(10)
    while not pool._waiting:
        pass
    pool.give_back(1)

    assert pool.reserve(1, 0.05, owner=1) == 0
    other.join(10)
    assert granted == [1]
    pool.close()


@pytest.mark.parametrize("queue_url", ["", [], None, 5, [""], ["https://q.example/a", 5]])
def test_what_is_no_queue_is_refused(queue_url, reporter):
    with pytest.raises(InvalidSettingError, match=r"^queue_url: must be"):
        Worker(queue_url, {"default": print}, reporter=reporter, backoff=Backoff())


def test_a_queue_that_is_named_twice_is_read_once(reporter):
    worker = Worker(["https://q.example/a"] * 2, {"default": print}, reporter=reporter)

    assert worker._queue_urls == ("https://q.example/a",)
