"""A worker whose queue is empty: how it starts, and that it stops at once."""

import threading

import pytest

from tests.support.fake_queues import FakeWorkQueue
from tests.support.running_worker import Running, work


class Empty(FakeWorkQueue):
    """Answers when the test lets it, as an empty queue does after up to 20 seconds."""

    def __init__(self, *bodies):
        super().__init__(*bodies)
        self.asked_for, self.answers = threading.Event(), threading.Event()

    def receive_message(self, **request):
        self.asked_for.set()
        assert self.answers.wait(60)
        return super().receive_message(**request)


def test_an_idle_worker_stops_without_waiting_for_an_empty_queue_to_answer(make_worker):
    waiting = Empty(work("a"))
    waiting.drop_visible_again = True

    with Running(make_worker(waiting, lambda item: None, grace_seconds=60)) as running:
        assert waiting.asked_for.wait(10)
        running.worker.stop()
        running.thread.join(20)
        assert not running.thread.is_alive()
        waiting.answers.set()

        # What the request still brings is handed back, by the thread that sent it.
        assert waiting.wait_until(lambda fake: fake.visibilities == [("m0", 0)])

    assert waiting.in_hand == {}


def test_a_stop_waits_for_running_handlers_while_a_request_is_still_open(make_worker, queue):
    begun, go_on = threading.Event(), threading.Event()
    waiting = Empty(work("a"))
    waiting.answers.set()

    def handler(item):
        begun.set()
        assert go_on.wait(20)

    with Running(make_worker(waiting, handler, grace_seconds=60)) as running:
        assert begun.wait(10)
        waiting.answers.clear()
        running.worker.stop()
        running.thread.join(0.5)
        assert running.thread.is_alive()
        go_on.set()
        running.thread.join(20)
        assert not running.thread.is_alive()
        waiting.answers.set()

    assert running.summary.completed == 1


@pytest.mark.parametrize(
    ("attributes", "warnings"), [({}, 1), ({"RedrivePolicy": "{}"}, 0), (None, 0)]
)
def test_a_queue_without_a_redrive_policy_is_warned_of_at_the_start(
    make_worker, caplog, attributes, warnings
):
    waiting = FakeWorkQueue(work("a"))
    waiting.attributes = attributes

    with Running(make_worker(waiting, lambda item: None)):
        assert waiting.wait_until(lambda fake: fake.deleted)

    assert caplog.text.count("the work queue has no redrive policy") == warnings
