"""A worker that listens: it asks before it begins, and hears of jobs that have ended."""

import threading

import pytest

from forgeledger.sdk.endpoints import Endpoints
from forgeledger.sdk.errors import ConfigurationError, InvalidSettingError, WrongAddressError
from forgeledger.sdk.work.worker import Worker
from forgeledger.sdk.work.worker_options import WorkerOptions
from tests.support.fake_ledger import FakeLedger, granted, refused, repeated, unknown
from tests.support.fake_queues import FakeWorkQueue
from tests.support.running_worker import Running, work

OVER = ["already_completed", "already_failed", "already_canceled", "job_closed"]


@pytest.fixture
def seen():
    return []


@pytest.fixture
def asking(make_worker, seen):
    """A worker that asks this ledger, with a handler that remembers its items."""

    def make(waiting, ledger, handler=None, **options):
        return make_worker(
            waiting,
            handler or (lambda item: seen.append(item.attempt)),
            ledger=ledger,
            **{"claim": "ask", "retry_seconds": lambda count: 3, **options},
        )

    return make


def test_a_granted_item_is_worked_on_and_its_end_carries_the_granted_attempt(asking, queue, seen):
    ledger, waiting = FakeLedger(claim=[granted(7)]), FakeWorkQueue(work("a"))

    with Running(asking(waiting, ledger, lease_seconds=60)):
        assert waiting.wait_until(lambda fake: fake.deleted)

    assert seen == [7]
    assert ledger.requests == [("claim", {"workerId": "w-1", "leaseSeconds": 60})]
    assert [(c["type"], c["attempt"]) for c in queue.commands] == [("complete", 7)]


@pytest.mark.parametrize("reason", OVER)
def test_the_message_of_an_item_that_is_over_is_deleted_and_its_handler_does_not_run(
    asking, queue, seen, reason
):
    ledger, waiting = FakeLedger(claim=[refused(reason)]), FakeWorkQueue(work("a"))

    with Running(asking(waiting, ledger)) as running:
        assert waiting.wait_until(lambda fake: fake.deleted)

    assert (seen, queue.commands) == ([], [])
    assert str(running.summary).endswith("0 handed back, 1 dropped")


@pytest.mark.parametrize(
    ("answer", "wait_seconds"),
    [
        (refused("lease_held", leaseUntil="2026-11-21T10:00:40.500Z"), 41),
        (refused("lease_held", leaseUntil="2026-11-21T10:00:01.000Z"), 3),
        (refused("not_due", dueAt="2026-11-21T10:10:00.000Z"), 601),
        (refused("job_held"), 30),
        (refused("stale_attempt"), 3),
        (refused("unknown_attempt"), 3),
        (refused("job_sealed"), 3),
        (repeated(state="PENDING"), 3),
        (unknown("unknown_item", outcome="rejected"), 3),
        (unknown("job_not_found"), 3),
        (None, 3),
        ((503, {}), 3),
        ((401, {}), 3),
    ],
    ids=lambda value: str(value)[:60],
)
def test_an_item_that_may_not_be_begun_now_comes_again_when_that_may_have_changed(
    asking, queue, seen, answer, wait_seconds
):
    ledger, waiting = FakeLedger(claim=[answer]), FakeWorkQueue(work("a"))

    with Running(asking(waiting, ledger)) as running:
        assert waiting.wait_until(lambda fake: fake.visibilities)

    assert (seen, queue.commands, waiting.deleted) == ([], [], [])
    assert waiting.visibilities == [("m0", wait_seconds)]
    assert running.summary.handed_back == 1


@pytest.mark.parametrize("reason", ["already_canceled", "job_closed"])
def test_the_message_of_an_item_that_is_still_to_be_resumed_comes_again(asking, seen, reason):
    ledger = FakeLedger(claim=[refused(reason), granted(3)], resuming=True)
    waiting = FakeWorkQueue(work("a"), work("a"))

    with Running(asking(waiting, ledger, concurrency=1)):
        assert waiting.wait_until(lambda fake: fake.visibilities and fake.deleted)

    assert (waiting.visibilities, waiting.deleted, seen) == ([("m0", 3)], ["m1"], [3])


def test_a_claim_whose_answer_was_lost_is_granted_when_it_is_repeated(asking, seen):
    ledger, waiting = FakeLedger(claim=[None, repeated(1)]), FakeWorkQueue(work("a"))

    with Running(asking(waiting, ledger)):
        assert waiting.wait_until(lambda fake: fake.deleted)

    assert seen == [1]


def test_two_messages_of_an_item_do_not_run_at_once_in_one_worker(asking, seen):
    begun, go_on = threading.Event(), threading.Event()

    def handler(item):
        seen.append(item.item_id)
        begun.set()
        assert go_on.wait(20)

    # To the ledger the second claim is the first one again, by the same worker.
    ledger = FakeLedger(claim=[granted(1), repeated(1)])
    waiting = FakeWorkQueue(work("a"), work("a"))

    with Running(asking(waiting, ledger, handler)):
        assert begun.wait(10)
        assert waiting.wait_until(lambda fake: fake.visibilities)
        go_on.set()
        assert waiting.wait_until(lambda fake: fake.deleted)

    assert seen == ["a"]


def test_an_attempt_that_this_worker_has_ended_is_not_run_again_while_its_end_is_on_the_way(
    asking, seen
):
    ledger = FakeLedger(claim=[granted(1), repeated(1), repeated(1), granted(2)])
    waiting = FakeWorkQueue(work("a"), work("a"))

    with Running(asking(waiting, ledger, retry_seconds=lambda count: 0)):
        assert waiting.wait_until(lambda fake: len(fake.deleted) == 2)

    assert seen == [1, 2]


def test_a_ledger_that_does_not_answer_uses_up_no_deliveries(asking):
    # The clock stands still, so that the pause does not end.
    ledger = FakeLedger(claim=[None])
    waiting = FakeWorkQueue(*(work(f"item-{n}") for n in range(50)))

    with Running(asking(waiting, ledger, concurrency=1)):
        assert waiting.wait_until(lambda fake: fake.visibilities)

    assert waiting.receives <= 2
    assert len(waiting.visibilities) <= 2


def test_one_message_that_the_ledger_refuses_holds_up_no_other(asking, seen):
    ledger = FakeLedger(claim=[(422, {"code": "invalid_request"}), granted(1)])
    waiting = FakeWorkQueue(work("wrong"), work("a"))

    with Running(asking(waiting, ledger, concurrency=1)):
        assert waiting.wait_until(lambda fake: fake.deleted and fake.visibilities)

    assert seen == [1]


@pytest.mark.parametrize("reason", ["already_canceled", "already_completed", "stale_attempt"])
def test_a_handler_hears_from_its_heartbeats_that_its_item_is_not_its_own_any_more(
    asking, seen, reason
):
    ledger = FakeLedger(claim=[granted(4)], heartbeat=[granted(4), refused(reason)])
    waiting = FakeWorkQueue(work("a"))

    def handler(item):
        seen.append(item.canceled)
        while not item.canceled:
            assert ledger.wait_for("heartbeat", 2)
        seen.append(item.canceled)

    with Running(asking(waiting, ledger, handler, heartbeat_seconds=0.01)):
        assert waiting.wait_until(lambda fake: fake.deleted)

    assert seen == [False, True]
    assert ("heartbeat", {"attempt": 4}) in ledger.requests


def test_a_heartbeat_that_gets_no_answer_takes_the_queue(asking, queue):
    ledger = FakeLedger(claim=[granted(4)], heartbeat=[None])
    waiting = FakeWorkQueue(work("a"))

    def handler(item):
        assert ledger.wait_for("heartbeat")
        while ("heartbeat", "a") not in queue.reported():
            threading.Event().wait(0.01)
        assert not item.canceled

    with Running(asking(waiting, ledger, handler, heartbeat_seconds=0.01)):
        assert waiting.wait_until(lambda fake: fake.deleted)

    assert {command["attempt"] for command in queue.commands} == {4}


def test_without_asking_the_messages_of_a_canceled_job_are_dropped(asking, queue, seen):
    ledger = FakeLedger(status="CANCELED")
    waiting = FakeWorkQueue(*(work(f"item-{n}") for n in range(30)))

    with Running(asking(waiting, ledger, claim="report")) as running:
        assert waiting.wait_until(lambda fake: len(fake.deleted) == 30)

    # A thread that comes while another looks does not wait for it.
    assert len(seen) <= 1
    assert running.summary.dropped >= 29
    assert ledger.count("job") == 1


def test_without_asking_a_ledger_that_does_not_answer_changes_nothing(asking, queue, seen):
    ledger, waiting = FakeLedger(status=None), FakeWorkQueue(work("a"))

    with Running(asking(waiting, ledger, claim="report")):
        assert waiting.wait_until(lambda fake: fake.deleted)

    assert queue.reported() == [("claim", "a"), ("complete", "a")]


def test_a_handler_hears_that_its_job_was_canceled_meanwhile(asking, monkeypatch, seen):
    monkeypatch.setattr("forgeledger.sdk.work.ledger_link._TICK_SECONDS", 0.01)
    ledger, waiting = FakeLedger(), FakeWorkQueue(work("a"))

    def handler(item):
        seen.append(item.canceled)
        ledger.status = "CANCELED"
        while not item.canceled:
            ledger.now += 1
            threading.Event().wait(0.01)
        seen.append(item.canceled)

    with Running(asking(waiting, ledger, handler, claim="report", heartbeat_seconds=0)):
        assert waiting.wait_until(lambda fake: fake.deleted)

    assert seen == [False, True]


def test_an_asked_item_that_is_released_at_a_stop_comes_again_after_its_release(asking, queue):
    begun, go_on = threading.Event(), threading.Event()
    waiting = FakeWorkQueue(work("a"))

    def handler(item):
        begun.set()
        go_on.wait(20)

    worker = asking(waiting, FakeLedger(claim=[granted(2)]), handler, grace_seconds=0.05)
    with Running(worker) as running:
        assert begun.wait(10)
        running.worker.stop()
        running.thread.join(20)
        go_on.set()

    assert [(c["type"], c["attempt"]) for c in queue.commands] == [("release", 2)]
    # Not at once: the next claim, over HTTP, would overtake the release in its queue.
    assert waiting.visibilities == [("m0", 3)]


def test_an_address_to_which_no_key_may_be_sent_costs_only_the_lookups(caplog):
    addresses = {"api_url": "http://ledger.example", "api_key": "secret"}
    endpoints = Endpoints(command_queue_url="https://queue.example/c.fifo", **addresses)

    Worker("url", {"a": print}, endpoints=endpoints)

    assert "cannot be looked up: api_url" in caplog.text
    with pytest.raises(WrongAddressError):
        Worker("url", {"a": print}, options=WorkerOptions(claim="ask"), endpoints=endpoints)


def test_a_worker_that_shall_ask_needs_the_address_of_the_ledger():
    endpoints = Endpoints(command_queue_url="https://queue.example/commands.fifo")

    with pytest.raises(ConfigurationError, match="FORGELEDGER_API_URL"):
        Worker("url", {"a": print}, options=WorkerOptions(claim="ask"), endpoints=endpoints)


def test_wrong_ways_to_claim_are_refused():
    with pytest.raises(InvalidSettingError, match=r"^claim: must be 'report' or 'ask', not 'no'$"):
        WorkerOptions(claim="no")
    with pytest.raises(InvalidSettingError, match=r"^fenced: goes with claim='report'"):
        WorkerOptions(claim="ask", fenced=True)
