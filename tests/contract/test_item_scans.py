"""A scan of a lane answers the items that keep its job from being done, and no others."""

from forgeledger.fast_dataclass import replace
from forgeledger.jobs.model.commands import FollowGate
from forgeledger.jobs.model.items import Failure
from forgeledger.jobs.model.job_lifecycle import cancel, reopen
from forgeledger.jobs.model.lanes import Counts, LaneRules
from forgeledger.jobs.ports import LaneScan, LedgerStore
from tests.support.builders import NOW, make_command
from tests.support.lane_steps import (
    apply,
    create_job,
    follow,
    lane_view,
    loaded,
    register,
    registrations,
)

AGAIN = LaneRules(max_attempts=5, lease_seconds=60, backoff_base_seconds=600)


def scan(store: LedgerStore, job_id: str, *, after: str | None = None, now: int = NOW) -> LaneScan:
    return store.scan_items(lane_view(store, job_id).head, after, now, consistent=True)


def test_claimed_items_are_answered_with_what_shows_how_they_are_held(
    store: LedgerStore, job_id: str
) -> None:
    create_job(store, job_id, rules=AGAIN)
    register(store, job_id, ["a"])
    apply(store, job_id, make_command("claim", item_id="a", worker_id="w-1"), now=NOW + 5)

    page = scan(store, job_id)

    (item,) = page.items
    assert (item.item_id, item.state) == ("a", "IN_PROGRESS")
    assert (item.claimed_at, item.lease_until) == (NOW + 5, NOW + 5 + 60_000)
    assert (item.due_at, item.error_type) == (None, None)


def test_items_that_failed_and_are_not_finished_are_answered_with_the_error(
    store: LedgerStore, job_id: str
) -> None:
    create_job(store, job_id, rules=AGAIN)
    register(store, job_id, ["again"])
    failure = Failure(type="Timeout", message="x" * 4_000)
    apply(store, job_id, make_command("fail", item_id="again", failure=failure))
    due_at = lane_view(store, job_id, "again").items["again"].due_at

    before, later = scan(store, job_id), scan(store, job_id, now=NOW + 3_600_000)

    assert before.items == later.items
    (item,) = before.items
    assert (item.state, item.due_at, item.error_type) == ("PENDING", due_at, "Timeout")


def test_items_that_are_finished_or_just_wait_for_a_worker_are_left_out(
    store: LedgerStore, job_id: str
) -> None:
    create_job(store, job_id)
    register(store, job_id, ["waits", "completed", "failed", "released"])
    apply(
        store,
        job_id,
        make_command("complete", item_id="completed"),
        make_command("fail", item_id="failed"),
        make_command("claim", item_id="released"),
        make_command("release", item_id="released"),
    )

    page = scan(store, job_id)

    assert page.items == ()
    assert page.items_scanned == 4
    assert page.read_units > 0
    assert page.next_after is None


def test_items_that_a_closing_canceled_are_left_out_after_a_reopening(
    store: LedgerStore, job_id: str
) -> None:
    job = create_job(store, job_id).job
    register(store, job_id, ["before"])
    apply(store, job_id, make_command("claim", item_id="before"))
    closing = cancel(job, Counts(), NOW).job
    follow(store, closing)
    ended = replace(closing, status=closing.ending, ending=None, finished_at=NOW)
    follow(store, reopen(ended, NOW).job)
    register(store, job_id, ["after"])
    apply(store, job_id, make_command("claim", item_id="after"))

    page = scan(store, job_id)

    assert [item.item_id for item in page.items] == ["after"]
    assert page.items_scanned == 2


def test_a_page_ends_at_a_megabyte_whatever_of_it_is_answered(
    store: LedgerStore, job_id: str
) -> None:
    create_job(store, job_id)
    payload = f'"{"x" * 30_000}"'
    names = [f"item-{number:02d}" for number in range(80)]
    for start in range(0, len(names), 8):
        part = registrations(names[start : start + 8])
        apply(store, job_id, *(replace(command, payload=payload) for command in part))
    apply(store, job_id, make_command("claim", item_id=names[-1]))

    pages = [scan(store, job_id)]
    while pages[-1].next_after is not None:
        pages.append(scan(store, job_id, after=pages[-1].next_after))

    assert sum(page.items_scanned for page in pages) == len(names)
    assert 3 <= len(pages) <= 4
    assert all(page.read_units <= 270 for page in pages)
    assert [[item.item_id for item in page.items] for page in pages][:2] == [[], []]
    assert [item.item_id for page in pages for item in page.items] == names[-1:]


def test_a_scan_that_is_not_consistent_costs_half(store: LedgerStore, job_id: str) -> None:
    create_job(store, job_id)
    payload = f'"{"x" * 30_000}"'
    apply(store, job_id, make_command("register", item_id="a", payload=payload))
    head = loaded(store, job_id).heads[0]

    dear = store.scan_items(head, None, NOW, consistent=True)
    cheap = store.scan_items(head, None, NOW, consistent=False)

    assert dear.read_units == 2 * cheap.read_units


def test_the_times_of_the_latest_two_closings_are_stored(store: LedgerStore, job_id: str) -> None:
    job = create_job(store, job_id).job
    register(store, job_id, ["a"])
    for number in range(3):
        closing = cancel(job, Counts(), NOW).job
        gate = FollowGate(gate=closing.gate, mode=closing.mode)
        apply(store, job_id, gate, now=NOW + 1_000 * number)
        ended = replace(closing, status=closing.ending, ending=None, finished_at=NOW)
        job = reopen(ended, NOW).job
        follow(store, job)

    head = lane_view(store, job_id).head

    assert head.closed_at == NOW + 2_000
    assert head.earlier_closing == (4, NOW + 1_000)
    assert head.canceled_below == 6
