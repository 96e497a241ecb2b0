"""A dispatched job is looked after: dead leases end, lost messages are found and sent again."""

import pytest

from forgeledger.execution.model.dead_work import DeadWork
from forgeledger.execution.model.leases import BUSY_MS, CONSIDERED_MS
from forgeledger.execution.usecases.end_dead_work import DeadWorkEnder
from forgeledger.jobs.model.items import ItemState
from forgeledger.jobs.model.lanes import LaneRules
from forgeledger.runtime import no_deadline
from tests.support.dispatch_ledger import DispatchingLedger

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
LEASE_MS = 300_000
ONE_ATTEMPT = LaneRules(dispatched=True, lease_seconds=300)


@pytest.fixture
def ledger() -> DispatchingLedger:
    return DispatchingLedger()


def claim(ledger: DispatchingLedger, job_id: str, *items: str, dispatch: int = 1) -> None:
    ledger.do(job_id, "claim", *items, dispatch=dispatch, attempt=dispatch, worker_id="w")


def test_a_silent_death_costs_the_lease_and_hardly_more(ledger: DispatchingLedger) -> None:
    job_id = ledger.dispatching_job()
    ledger.do(job_id, "register", "a")
    ledger.run(job_id)
    claim(ledger, job_id, "a")
    claimed_at = ledger.now

    look_at = ledger.run(job_id)
    looks = 0
    while ledger.item(job_id, "a").state is ItemState.IN_PROGRESS:
        assert look_at is not None
        ledger.now = look_at
        look_at = ledger.run(job_id)
        looks += 1

    assert ledger.now - claimed_at <= LEASE_MS + 75_000
    assert looks <= 3
    assert ledger.item(job_id, "a").failure is not None


def test_a_death_is_found_though_its_claim_came_after_the_last_look(
    ledger: DispatchingLedger,
) -> None:
    """A look that finds the lane changed waits a minute, until it has been quiet."""
    job_id = ledger.dispatching_job()
    ledger.do(job_id, "register", "a", "b", "c")
    ledger.run(job_id)
    claim(ledger, job_id, "a")
    look_at = ledger.run(job_id) or 0
    ledger.now = look_at - 1_000
    ledger.do(job_id, "complete", "a", attempt=1)
    claim(ledger, job_id, "b")
    claimed_at = ledger.now

    while ledger.item(job_id, "b").state is ItemState.IN_PROGRESS:
        ledger.now = max(look_at, ledger.now)
        look_at = ledger.run(job_id) or 0

    assert ledger.now - claimed_at <= LEASE_MS + 75_000


def test_a_busy_lane_is_read_for_dead_leases_every_quarter_of_an_hour(
    ledger: DispatchingLedger,
) -> None:
    job_id = ledger.dispatching_job()
    ledger.do(job_id, "register", "dead", *(f"i{n}" for n in range(200)))
    ledger.run(job_id)
    claim(ledger, job_id, "dead")
    ledger.run(job_id)
    claimed_at, scans = ledger.now, count_scans(ledger)

    for n in range(200):
        ledger.now += MINUTE_MS // 2
        ledger.do(job_id, "complete", f"i{n}")
        ledger.run(job_id)
        if ledger.item(job_id, "dead").state is not ItemState.IN_PROGRESS:
            break

    assert ledger.now - claimed_at <= LEASE_MS + BUSY_MS + CONSIDERED_MS
    assert len(scans) <= 2


def count_scans(ledger: DispatchingLedger) -> list[int]:
    scans: list[int] = []
    scan_items = ledger.store.scan_items

    def counted(*arguments: object, **options: object) -> object:
        scans.append(ledger.now)
        return scan_items(*arguments, **options)  # type: ignore[arg-type]

    ledger.store.scan_items = counted  # type: ignore[method-assign, assignment]
    return scans


def test_a_heartbeat_that_comes_before_the_sweep_is_committed_wins(
    ledger: DispatchingLedger,
) -> None:
    job_id = ledger.dispatching_job()
    ledger.do(job_id, "register", "a")
    ledger.run(job_id)
    claim(ledger, job_id, "a")
    ledger.run(job_id)
    ledger.now += LEASE_MS
    scan_items = ledger.store.scan_items

    def beaten(*arguments: object, **options: object) -> object:
        page = scan_items(*arguments, **options)  # type: ignore[arg-type]
        ledger.do(job_id, "heartbeat", "a", attempt=1)
        return page

    ledger.store.scan_items = beaten  # type: ignore[method-assign, assignment]
    ledger.run(job_id)

    assert ledger.item(job_id, "a").state is ItemState.IN_PROGRESS


def test_what_was_purged_from_the_queue_is_sent_again_once(ledger: DispatchingLedger) -> None:
    job_id = ledger.dispatching_job(max_in_flight=3, lanes=2)
    ledger.do(job_id, "register", "a", "b", "c", "later")
    ledger.run(job_id)
    purged = ledger.sent()

    look_at = ledger.run(job_id)
    ledger.now = look_at or 0
    ledger.run(job_id)
    found = ledger.sent()
    again = ledger.run(job_id)

    assert look_at == ledger.view(job_id).progress.at + HOUR_MS
    assert sorted(found) == sorted(purged)
    assert ledger.sent() == []
    assert again == ledger.now + 2 * HOUR_MS
    assert ledger.out(job_id) == 3


def test_what_waits_for_its_window_or_its_time_is_not_lost(ledger: DispatchingLedger) -> None:
    job_id = ledger.dispatching_job(max_in_flight=1)
    ledger.do(job_id, "register", "later", not_before=ledger.now + 5 * HOUR_MS)
    ledger.do(job_id, "register", "a", "b")
    ledger.run(job_id)
    ledger.sent()

    ledger.now += HOUR_MS
    ledger.run(job_id)

    assert ledger.sent() == ["a:1"]


def test_a_lost_message_is_found_though_a_command_for_its_item_was_refused(
    ledger: DispatchingLedger,
) -> None:
    """The refusal is a later event than where the window has stopped the dispatcher."""
    job_id = ledger.dispatching_job(max_in_flight=1)
    ledger.do(job_id, "register", "a", "b")
    ledger.run(job_id)
    ledger.sent()
    ledger.do(job_id, "complete", "a", attempt=1, dispatch=7)
    ledger.do(job_id, "complete", "b", attempt=1, dispatch=7)
    ledger.run(job_id)

    ledger.now += HOUR_MS
    ledger.run(job_id)

    assert ledger.sent() == ["a:1"]


def test_an_item_that_was_handed_out_again_and_lost_is_found(ledger: DispatchingLedger) -> None:
    job_id = ledger.dispatching_job(max_in_flight=1)
    ledger.do(job_id, "register", "a")
    ledger.run(job_id)
    claim(ledger, job_id, "a")
    ledger.do(job_id, "release", "a", attempt=1)
    ledger.run(job_id)
    ledger.sent()

    ledger.now += HOUR_MS
    ledger.run(job_id)

    assert ledger.sent() == ["a:2"]


def test_a_search_goes_on_where_the_time_ended(ledger: DispatchingLedger) -> None:
    job_id = ledger.dispatching_job(lanes=4)
    ledger.do(job_id, "register", *(f"i{n}" for n in range(20)))
    ledger.run(job_id)
    first = sorted(ledger.sent())
    ledger.now += HOUR_MS
    looks = iter([True] * 8)

    ledger.runner().run(ledger.view(job_id), lambda: next(looks, False))
    cut_short = len(ledger.sent())
    ledger.queue.sent.clear()
    stopped_at = ledger.store.load_work(job_id).search_lane
    ledger.run(job_id)

    assert stopped_at is not None
    assert 0 < cut_short < 20
    assert cut_short + len(ledger.sent()) == len(first)
    assert ledger.store.load_work(job_id).search_lane is None


def dead(ledger: DispatchingLedger, job_id: str, item_id: str, dispatch: int = 1) -> None:
    work = DeadWork(message_id="m", job_id=job_id, items=((item_id, dispatch),))
    DeadWorkEnder(ledger.lane_writer).end(work, no_deadline)


@pytest.mark.parametrize("claimed", [False, True])
def test_a_poison_item_ends_whether_it_kills_before_or_after_its_claim(
    ledger: DispatchingLedger, claimed: bool
) -> None:
    job_id = ledger.dispatching_job(lanes=4)
    ledger.do(job_id, "register", "a")
    ledger.run(job_id)
    if claimed:
        ledger.do(job_id, "claim", "a", dispatch=1, attempt=5, worker_id="w")
        ledger.now += LEASE_MS

    dead(ledger, job_id, "a")
    dead(ledger, job_id, "a")

    item = ledger.item(job_id, "a")
    assert item.state is ItemState.FAILED
    assert item.failure is not None
    assert item.failure.type == "WorkerLost"
    assert ledger.out(job_id) == 0


def test_a_dead_message_of_a_paused_job_gives_its_item_back(ledger: DispatchingLedger) -> None:
    """Workers that ask hand its messages back, until they were delivered too often."""
    job_id = ledger.dispatching_job(max_in_flight=1)
    ledger.do(job_id, "register", "a")
    ledger.run(job_id)
    ledger.sent()
    ledger.lifecycle.pause(job_id)

    dead(ledger, job_id, "a")
    ledger.run(job_id)
    while_paused = ledger.sent()
    ledger.lifecycle.resume(job_id)
    ledger.run(job_id)

    assert while_paused == []
    assert ledger.sent() == ["a:2"]
    assert ledger.out(job_id) == 1


def test_a_paused_job_hands_out_nothing(ledger: DispatchingLedger) -> None:
    job_id = ledger.dispatching_job()
    ledger.lifecycle.pause(job_id)
    ledger.do(job_id, "register", "a")

    ledger.run(job_id)
    while_paused = ledger.sent()
    ledger.lifecycle.resume(job_id)
    ledger.run(job_id)

    assert while_paused == []
    assert ledger.sent() == ["a:1"]


def test_a_dead_message_of_an_earlier_dispatch_ends_nothing(ledger: DispatchingLedger) -> None:
    job_id = ledger.dispatching_job()
    ledger.do(job_id, "register", "a")
    ledger.run(job_id)
    claim(ledger, job_id, "a")
    ledger.do(job_id, "release", "a", attempt=1)

    dead(ledger, job_id, "a", dispatch=1)

    assert ledger.item(job_id, "a").state is ItemState.PENDING


def test_a_dead_message_does_not_end_a_lease_that_stands(ledger: DispatchingLedger) -> None:
    job_id = ledger.dispatching_job(rules=ONE_ATTEMPT)
    ledger.do(job_id, "register", "a")
    ledger.run(job_id)
    claim(ledger, job_id, "a")

    dead(ledger, job_id, "a")

    assert ledger.item(job_id, "a").state is ItemState.IN_PROGRESS


def test_a_job_without_dispatch_is_left_alone(ledger: DispatchingLedger) -> None:
    job_id = ledger.job()
    ledger.do(job_id, "register", "a")

    assert ledger.run(job_id) is None
    assert ledger.sent() == []
