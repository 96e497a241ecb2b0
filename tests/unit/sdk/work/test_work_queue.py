import threading

import pytest

from forgeledger.sdk.work.work_queue import WorkQueue
from tests.support.fake_queues import FakeWorkQueue, throttled
from tests.support.running_worker import work


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def make_queue(clock):
    def make(client):
        return WorkQueue("url", client, wait_seconds=1, visibility_seconds=60, clock=clock)

    return make


class Slow(FakeWorkQueue):
    """Deletes when the test lets it."""

    def __init__(self, *bodies):
        super().__init__(*bodies)
        self.began, self.go_on = threading.Event(), threading.Event()

    def delete_message_batch(self, **request):
        self.began.set()
        assert self.go_on.wait(20)
        return super().delete_message_batch(**request)


def test_who_finishes_waits_for_the_deletions_that_another_thread_began(make_queue):
    client = Slow(work("a"))
    queue = make_queue(client)
    queue.done(queue.receive(1)[0].receipt)
    ticking = threading.Thread(target=queue.housekeep)
    ticking.start()
    assert client.began.wait(10)

    finishing = threading.Thread(target=queue.finish, args=(5.0,))
    finishing.start()
    finishing.join(0.1)
    finished_early = not finishing.is_alive()
    client.go_on.set()
    finishing.join(10)
    ticking.join(10)

    assert not finished_early
    assert client.deleted == ["m0"]


def test_who_finishes_tries_a_refused_deletion_again(make_queue):
    client = FakeWorkQueue(work("a"))
    client.refuse_deletions = 2
    queue = make_queue(client)
    queue.done(queue.receive(1)[0].receipt)

    queue.finish(5.0)

    assert client.deleted == ["m0"]


def test_a_deletion_that_is_always_refused_is_left_to_the_next_delivery(make_queue):
    client = FakeWorkQueue(work("a"))
    client.refuse_deletions = 99
    queue = make_queue(client)
    queue.done(queue.receive(1)[0].receipt)

    queue.finish(5.0)

    assert client.refuse_deletions == 94
    assert client.deleted == []


def test_finishing_stops_at_its_timeout(make_queue):
    client = FakeWorkQueue(work("a"))
    client.refuse_deletions = 99
    queue = make_queue(client)
    queue.done(queue.receive(1)[0].receipt)

    queue.finish(0.0)

    assert client.refuse_deletions == 98


class Refusing(FakeWorkQueue):
    """Fails the first change of visibility, by an error in the response or by an exception."""

    def __init__(self, *bodies, clock, answers):
        super().__init__(*bodies)
        self.clock, self.answers, self.tried = clock, answers, []

    def change_message_visibility_batch(self, **request):
        self.tried.append((self.clock.now, len(request["Entries"])))
        if len(self.tried) > 1:
            return super().change_message_visibility_batch(**request)
        if not self.answers:
            raise throttled()
        return {"Failed": [{"Id": "0", "Code": "InternalError", "Message": "later"}]}


@pytest.mark.parametrize("answers", [True, False])
def test_an_extension_that_is_refused_is_tried_again_before_the_message_is_visible(
    make_queue, clock, answers
):
    client = Refusing(work("a"), clock=clock, answers=answers)
    queue = make_queue(client)
    queue.receive(1)

    for clock.now in (29.9, 30.0, 30.9, 31.0, 60.9, 61.0):
        queue.housekeep()

    assert client.tried == [(30.0, 1), (31.0, 1), (61.0, 1)]
    assert client.visibilities == [("m0", 60), ("m0", 60)]


def test_a_refused_extension_of_what_is_done_by_then_is_not_tried_again(make_queue, clock):
    client = Refusing(work("a"), clock=clock, answers=True)
    queue = make_queue(client)
    queue.hand_back(queue.receive(1)[0].receipt, 9)

    queue.housekeep()
    clock.now = 5.0
    queue.housekeep()

    assert client.tried == [(0.0, 1)]


def test_what_is_still_in_hand_at_the_end_is_handed_back(make_queue):
    client = FakeWorkQueue(work("a"))
    client.drop_visible_again = True
    queue = make_queue(client)
    queue.receive(1)

    queue.finish(5.0)

    assert client.visibilities == [("m0", 0)]
    assert client.in_hand == {}
