"""The simulated queue does as SQS's FIFO queues do."""

import pytest

from tests.simulation.fifo_queue import SimulatedFifoQueue
from tests.support.manual_clock import ManualClock


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


def test_a_group_is_locked_while_something_of_it_is_in_flight(clock: ManualClock) -> None:
    queue = SimulatedFifoQueue("q", clock, visibility_ms=1_000)
    for number, group in enumerate(("g", "g", "h")):
        queue.send(f"body {number}", group, f"d{number}")

    first = queue.receive(1)
    second = queue.receive(10)

    assert [message.message_id for message in first] == ["m1"]
    assert [message.message_id for message in second] == ["m3"]
    queue.delete(first[0], 1)
    assert [message.message_id for message in queue.receive(10)] == ["m2"]


def test_what_comes_too_often_becomes_a_dead_letter(clock: ManualClock) -> None:
    queue = SimulatedFifoQueue("q", clock, visibility_ms=1_000, max_receives=2)
    queue.send("body", "g", "d")
    for _ in range(2):
        assert len(queue.receive(10)) == 1
        clock.now += 1_001

    assert queue.receive(10) == []
    assert [message.message_id for message in queue.dead] == ["m1"]


def test_a_repetition_is_dropped_for_five_minutes(clock: ManualClock) -> None:
    queue = SimulatedFifoQueue("q", clock)
    first = queue.send("body", "g", "d")

    again = queue.send("body", "g", "d")
    clock.now += 5 * 60 * 1000
    later = queue.send("body", "g", "d")

    assert (first, again, later) == (("m1", True), ("m1", False), ("m2", True))


def test_the_same_deduplication_id_in_another_group_is_no_repetition(clock: ManualClock) -> None:
    queue = SimulatedFifoQueue("q", clock)
    queue.send("body", "g", "d")

    sent = queue.send("body", "h", "d")

    assert sent == ("m2", True)
    assert queue.has_accepted("h", "d")
    assert not queue.has_accepted("i", "d")
