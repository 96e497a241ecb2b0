"""How often a worker's items send heartbeats: by the shortest lease that is known."""

import threading

import pytest

from tests.support.fake_ledger import FakeLedger, granted, repeated
from tests.support.fake_queues import FakeWorkQueue
from tests.support.running_worker import Running, work

JUST_NOW = 4_000_000_000_000


@pytest.fixture
def intervals():
    return []


@pytest.fixture
def running(make_worker, intervals):
    """A worker whose handler notes the interval of its heartbeats."""

    def make(waiting, ledger, handler=None, **options):
        # Of an old message the job is looked up before it is begun.
        waiting.sent_at = JUST_NOW
        note = handler or (lambda item: intervals.append(item._heartbeat_seconds))
        return Running(make_worker(waiting, note, ledger=ledger, **options))

    return make


@pytest.mark.parametrize(
    ("lease", "options", "seconds"),
    [
        ({"leaseUntil": "2026-11-21T10:00:09.000Z"}, {}, 3.0),
        ({"leaseUntil": "2026-11-21T10:05:00.000Z"}, {}, 30.0),
        ({}, {}, 30.0),
        ({"leaseUntil": "2026-11-21T10:00:09.000Z"}, {"heartbeat_seconds": 7}, 7),
        ({"leaseUntil": "2026-11-21T10:00:09.000Z"}, {"heartbeat_seconds": 0}, 0),
    ],
)
def test_an_item_that_was_asked_for_beats_three_times_in_the_lease_that_was_granted(
    running, intervals, lease, options, seconds
):
    waiting, ledger = FakeWorkQueue(work("a")), FakeLedger(claim=[granted(1, **lease)])

    with running(waiting, ledger, claim="ask", **options):
        assert waiting.wait_until(lambda fake: fake.deleted)

    assert intervals == [seconds]
    assert ledger.count("job") == 0


@pytest.mark.parametrize(
    ("lease_until", "seconds"),
    [
        ("2026-11-21T09:59:00.000Z", 1.0),
        ("2026-11-21T10:00:00.010Z", 1.0),
        ("2026-11-21T10:00:06.000Z", 2.0),
    ],
)
def test_what_is_left_of_a_repeated_claim_paces_heartbeats_without_a_flood(
    running, intervals, lease_until, seconds
):
    ledger = FakeLedger(claim=[repeated(1, leaseUntil=lease_until)])
    waiting = FakeWorkQueue(work("a"))

    with running(waiting, ledger, claim="ask"):
        assert waiting.wait_until(lambda fake: fake.deleted)

    assert intervals == [seconds]


def test_an_item_whose_grant_is_short_really_sends_a_heartbeat_in_time(running):
    lease = {"leaseUntil": "2026-11-21T10:00:00.030Z"}
    ledger = FakeLedger(claim=[granted(1, **lease)], heartbeat=[granted(1, **lease)])
    waiting, heard = FakeWorkQueue(work("a")), []

    with running(
        waiting, ledger, lambda _: heard.append(ledger.wait_for("heartbeat")), claim="ask"
    ):
        assert waiting.wait_until(lambda fake: fake.deleted)

    assert heard == [True]


@pytest.mark.parametrize(
    ("message", "options", "seconds"),
    [
        ({"leaseSeconds": 12}, {}, 4.0),
        ({"leaseSeconds": 120}, {}, 30.0),
        ({"leaseSeconds": 12}, {"lease_seconds": 60}, 4.0),
        ({"leaseSeconds": 60}, {"lease_seconds": 12}, 4.0),
        ({}, {"lease_seconds": 60}, 20.0),
    ],
)
def test_the_lease_in_a_message_counts_as_well(running, intervals, message, options, seconds):
    waiting = FakeWorkQueue(work("a", **message))

    with running(waiting, None, **options):
        assert waiting.wait_until(lambda fake: fake.deleted)

    assert intervals == [seconds]


def test_without_asking_an_item_that_runs_for_a_while_learns_the_lease_of_its_job(
    running, queue, monkeypatch
):
    monkeypatch.setattr("forgeledger.sdk.work.ledger_link._TICK_SECONDS", 0.01)
    ledger, waiting = FakeLedger(policy={"leaseSeconds": 0.03}), FakeWorkQueue(work("a"))

    def handler(item):
        ledger.now += 1
        for _ in range(1_000):
            if ("heartbeat", "a") in queue.reported():
                return
            threading.Event().wait(0.01)

    with running(waiting, ledger, handler):
        assert waiting.wait_until(lambda fake: fake.deleted)

    assert ("heartbeat", "a") in queue.reported()
    assert ledger.count("job") == 1


@pytest.mark.parametrize("options", [{"lease_seconds": 60}, {"heartbeat_seconds": 0}])
def test_where_the_lease_of_the_job_changes_nothing_it_is_not_looked_up(
    running, monkeypatch, options
):
    monkeypatch.setattr("forgeledger.sdk.work.ledger_link._TICK_SECONDS", 0.001)
    ledger, waiting = FakeLedger(), FakeWorkQueue(work("a"))

    def handler(item):
        ledger.now += 10
        threading.Event().wait(0.05)

    with running(waiting, ledger, handler, **options):
        assert waiting.wait_until(lambda fake: fake.deleted)

    assert ledger.count("job") == 0


def test_later_items_of_a_job_beat_by_its_lease_from_the_start(running, intervals, monkeypatch):
    monkeypatch.setattr("forgeledger.sdk.work.ledger_link._TICK_SECONDS", 0.01)
    ledger, waiting = FakeLedger(policy={"leaseSeconds": 6}), FakeWorkQueue(work("a"), work("b"))

    def handler(item):
        intervals.append(item._heartbeat_seconds)
        ledger.now += 1
        assert ledger.wait_for("job")
        while item._heartbeat_seconds != 2.0:
            threading.Event().wait(0.01)

    with running(waiting, ledger, handler, concurrency=1):
        assert waiting.wait_until(lambda fake: len(fake.deleted) == 2)

    assert intervals == [30.0, 2.0]
