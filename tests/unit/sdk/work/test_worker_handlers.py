"""Handlers are registered by a mapping, by the decorator, or by both."""

import pytest

from forgeledger.sdk.endpoints import Endpoints
from forgeledger.sdk.errors import InvalidSettingError
from forgeledger.sdk.work.worker import Worker
from tests.support.fake_queues import FakeWorkQueue
from tests.support.running_worker import Running, work

ENDPOINTS = Endpoints(command_queue_url="https://queue.example/commands.fifo")


def bare_worker(handlers=None):
    return Worker("https://queue.example/work", handlers, endpoints=ENDPOINTS)


def square(item):
    return item.payload**2


def test_decorated_handlers_and_those_of_the_mapping_work_side_by_side(make_worker, queue):
    waiting = FakeWorkQueue(
        work("a", kind="square", payload=3), work("b", kind="cube", payload=3), work("c", payload=3)
    )
    worker = make_worker(waiting, {"square": square})

    @worker.handles("cube")
    async def cube(item):
        return item.payload**3

    @worker.handles()
    def same(item):
        return item.payload

    with Running(worker) as running:
        assert waiting.wait_until(lambda fake: len(fake.deleted) == 3)

    assert running.summary.completed == 3
    results = {c["itemId"]: c["result"] for c in queue.commands if c["type"] == "complete"}
    assert results == {"a": 9, "b": 27, "c": 3}


def test_a_worker_may_be_made_before_its_handlers(make_worker, queue):
    waiting = FakeWorkQueue(work("a", kind="square", payload=3))
    worker = make_worker(waiting, None)
    worker.handles("square")(square)

    with Running(worker):
        assert waiting.wait_until(lambda fake: fake.deleted)

    assert queue.commands[1]["result"] == 9


def test_the_decorated_function_stays_what_it_was():
    assert bare_worker().handles("square")(square) is square


@pytest.mark.parametrize("handlers", [{"square": square}, None], ids=["mapping", "decorator"])
def test_a_kind_that_is_registered_twice_is_refused_by_its_name(handlers):
    worker = bare_worker(handlers)
    if handlers is None:
        worker.handles("square")(square)

    with pytest.raises(InvalidSettingError, match=r"^handlers\['square'\]: is registered already$"):
        worker.handles("square")(print)

    assert worker._handlers == {"square": square}


def test_the_mapping_of_the_user_stays_as_it_was():
    handlers = {"square": square}

    bare_worker(handlers).handles("cube")(print)

    assert handlers == {"square": square}


def test_what_is_no_function_is_refused():
    with pytest.raises(InvalidSettingError, match=r"^handlers\['a'\]: must be a function, not 5$"):
        bare_worker().handles("a")(5)


def test_a_decorator_without_its_parentheses_is_refused_at_its_line():
    with pytest.raises(InvalidSettingError, match=r"^handlers: must have text for kinds, not <f"):
        bare_worker().handles(square)


def test_a_worker_without_any_handler_does_not_start(make_worker):
    waiting = FakeWorkQueue(work("a"))

    with pytest.raises(InvalidSettingError, match=r"^handlers: is empty, so every item would fail"):
        make_worker(waiting, None).run()

    assert waiting.receives == 0


def test_a_mapping_may_handle_any_kind_and_be_filled_later(make_worker, queue):
    class AnyKind(dict):
        def __contains__(self, kind):
            return True

        def __missing__(self, kind):
            return lambda item: f"{kind} {item.payload}"

    waiting = FakeWorkQueue(work("a", kind="later", payload=3), work("b", kind="new", payload=4))
    handlers = AnyKind(square=square)
    worker = make_worker(waiting, handlers)
    handlers["later"] = square

    with Running(worker):
        assert waiting.wait_until(lambda fake: len(fake.deleted) == 2)

    results = {c["itemId"]: c["result"] for c in queue.commands if c["type"] == "complete"}
    assert results == {"a": 9, "b": "new 4"}
