import json
import re
from datetime import UTC, datetime

import pytest

from forgeledger.cli.deployment import Where
from forgeledger.cli.why_text import why_lines
from forgeledger.jobs.usecases import scan_lanes
from forgeledger.jobs.usecases.explain_job import Cause
from forgeledger.sdk.records import FoundItems, Item, Why
from tests.support import memory_store


@pytest.fixture
def job(ledger):
    return ledger.create_job(
        "nightly", items=["a", "b", "c"], lanes=1, policy={"maxAttempts": 2, "leaseSeconds": 60}
    )


def test_why_says_what_a_job_waits_for(forgeledger, ledger, job, world):
    ledger.commands.claim(job.job_id, "a", worker_id="w-1")
    ledger.commands.fail(job.job_id, "b", ValueError("bad"))
    world.clock.pass_seconds(120)

    ended = forgeledger("job", "why", job.job_id)

    assert (
        "It is not sealed, and only a sealed job can complete; if no more items will come: "
        f"forgeledger job seal {job.job_id}"
    ) in ended.lines
    assert (
        "1 item has an expired lease: no heartbeat came in time. A worker that is alive still ends "
        "its item, and the next claim takes over. If the worker is gone and no claim will come, "
        "end the attempt as failed, which refuses a late end if it was the last one: "
        f"forgeledger send expire {job.job_id} ITEM_ID"
    ) in ended.lines
    assert any(line.endswith("a, attempt 1 by w-1") for line in ended.lines)


def test_why_says_what_ends_an_item_that_has_no_lease(forgeledger, ledger, job):
    without = ledger.create_job("without", items=["a", "b"])
    ledger.commands.claim(without.job_id, "a", worker_id="w-1")
    ledger.commands.claim(job.job_id, "a", worker_id="w-1")

    ended = forgeledger("job", "why", without.job_id, "--api-url", "http://api.test")
    leased = forgeledger("job", "why", job.job_id)

    assert ended.lines[-2].endswith("  a, attempt 1 by w-1, without a lease")
    assert ended.lines[-1] == (
        "An item without a lease belongs to its worker until that worker finishes it or another "
        "one claims it. If neither will happen, make it pending again: forgeledger send release "
        f"{without.job_id} ITEM_ID; or fail it: forgeledger send fail {without.job_id} ITEM_ID"
    )
    assert "without a lease" not in leased.out


def test_an_item_that_nobody_has_is_not_said_to_have_no_lease():
    failed = Item(
        item_id="a", state="PENDING", attempt=1, worker_id="w-1", due_at=datetime.now(UTC)
    )
    why = Why(job_id="j", status="RUNNING", due_later=FoundItems(count=1, items=(failed,)))

    assert list(why_lines(why, Where()))[-1].endswith("  a, attempt 1 by w-1")


def test_why_says_what_was_wrong_with_items_that_are_tried_again(forgeledger, ledger):
    policy = {"maxAttempts": 3, "backoffBaseSeconds": 600, "backoffCapSeconds": 600}
    retried = ledger.create_job("retried", items=["a", "b"], policy=policy)
    for item in ("a", "b"):
        ledger.commands.fail(retried.job_id, item, ValueError("bad"))

    ended = forgeledger("job", "why", retried.job_id)

    assert "2 unfinished items have failed before." in ended.lines
    (due,) = (line for line in ended.lines if "for the next attempt" in line)
    assert due.startswith("2 failed items wait for the next attempt; the first is due at 20")
    title = ended.lines.index("Unfinished items that failed before, by type of error:")
    assert ended.lines[title + 1] == "  2  ValueError"


def test_why_prints_what_is_rejected_and_where_to_find_the_right_ids(forgeledger, ledger, job):
    for item in ("A", "B"):
        ledger.commands.complete(job.job_id, item)

    ended = forgeledger("job", "why", job.job_id)

    assert "Recently rejected commands:" in ended.lines
    (rejected,) = (line for line in ended.lines if "unknown_item" in line)
    assert rejected.startswith("  2  complete: unknown_item, the latest for B at ")
    assert ended.lines[-1].endswith(f"forgeledger job items {job.job_id}")


def test_why_tells_of_commands_that_came_after_the_end(forgeledger, ledger, job):
    ledger.cancel(job)
    ledger.commands.complete(job.job_id, "a")

    ended = forgeledger("job", "why", job.job_id)

    assert "Commands rejected since its end:" in ended.lines
    assert any(line.startswith("  1  complete: already_canceled") for line in ended.lines)
    assert ended.lines[-1].endswith(f"forgeledger job reopen {job.job_id}")


@pytest.fixture
def one_page_each(monkeypatch):
    """A request reads one page of ten items."""
    monkeypatch.setattr(memory_store, "_PAGE_BYTES", 6_000)
    monkeypatch.setattr(scan_lanes, "SCANNED_READ_UNITS", 256)


@pytest.mark.usefixtures("one_page_each")
def test_why_says_that_it_did_not_look_at_all_items_and_how_to_go_on(forgeledger, ledger, world):
    items = [f"i{number:02}" for number in range(30)]
    job = ledger.create_job("large", items=items, lanes=1, policy={"leaseSeconds": 60})
    ledger.commands.claim(job.job_id, "i29", worker_id="w-1")
    world.clock.pass_seconds(120)

    first = forgeledger("job", "why", job.job_id)
    as_json = json.loads(forgeledger("job", "why", job.job_id, "--json").out)
    second = forgeledger("job", "why", job.job_id, "--cursor", as_json["nextCursor"], "--json")
    whole = forgeledger("job", "why", job.job_id, "--all")

    assert "expired lease" not in first.out
    assert first.lines[-1] == (
        "Looked at 10 of 30 items; what is said of items is true of those. All of them: "
        f"forgeledger job why {job.job_id} --all; the next ones: forgeledger job why "
        f"{job.job_id} --cursor {as_json['nextCursor']}"
    )
    assert (as_json["itemsScanned"], as_json["scanComplete"]) == (10, False)
    assert json.loads(second.out)["itemsScanned"] == 10
    assert any("1 item has an expired lease" in line for line in whole.lines)
    assert "Looked at" not in whole.out


def test_why_speaks_of_one_item_as_of_one(forgeledger, ledger, world):
    job = ledger.create_job("two", items=["a", "b"], policy={"maxAttempts": 2, "leaseSeconds": 60})
    later = ledger.create_job("one", expected_items=1)
    ledger.commands.claim(job.job_id, "a", worker_id="w-1")
    ledger.commands.fail(job.job_id, "b", ValueError("bad"))

    one = forgeledger("job", "why", job.job_id)
    missing = forgeledger("job", "why", later.job_id)
    world.clock.pass_seconds(120)
    ledger.commands.claim(job.job_id, "b", worker_id="w-1")
    two = forgeledger("job", "why", job.job_id)

    assert "1 item is in progress." in one.lines
    assert "1 item waits for a worker." in one.lines
    assert "2 items are in progress." in two.lines
    assert (
        "0 of 1 expected item registered. It seals itself when all are; register the rest, or if "
        f"no more will come: forgeledger job seal {later.job_id}"
    ) in missing.lines
    assert not re.search(r"\b1 items\b", one.out + two.out + missing.out)


def test_why_names_the_reason_of_a_job_that_failed(forgeledger, ledger, world):
    intolerant = ledger.create_job("few", items=["a"], policy={"toleratedFailures": 0})
    late = ledger.create_job("late", items=["a"], deadline_seconds=60)
    canceled = ledger.create_job("canceled")
    ledger.commands.fail(intolerant.job_id, "a", ValueError("bad"))
    deadline = f"{ledger.status(late.job_id).deadline_at:%Y-%m-%d %H:%M:%S}"
    world.clock.pass_seconds(61)
    for job in (intolerant, late):
        ledger.seal(job.job_id)
    ledger.cancel(canceled.job_id)

    few, passed, by_hand = (
        forgeledger("job", "why", job.job_id).lines[1:3] for job in (intolerant, late, canceled)
    )

    finished = "It is finished; there is nothing to wait for."
    assert few == ["More of its items failed than its policy tolerates.", finished]
    assert passed == [f"Its deadline {deadline} passed before it was done.", finished]
    assert by_hand == [finished]


@pytest.mark.parametrize("cause", Cause)
def test_each_reason_is_told_in_words(cause):
    why = Why(job_id="j", status="RUNNING", reasons=(cause,))

    assert cause not in list(why_lines(why, Where()))


@pytest.mark.parametrize(
    "reason",
    [
        *("unsealed", "items_missing", "leases_expired", "lanes_lagging", "deadline_passed"),
        "verdict_due",
    ],
)
def test_what_is_suggested_speaks_to_the_same_ledger(reason):
    why = Why(job_id="j", status="RUNNING", reasons=(reason,))

    plain, local, by_api = (
        " ".join(why_lines(why, where))
        for where in (Where(), Where(local=True), Where(stack="s", api_url="http://a"))
    )

    assert local == f"{plain} --local"
    api = " --api-url http://a" if "job seal" in plain else ""
    assert by_api == f"{plain} --stack s{api}"


def test_why_counts_failures_by_type_of_error(forgeledger, ledger, job):
    for _ in range(2):
        ledger.commands.fail(job.job_id, "b", ValueError("bad"))

    ended = forgeledger("job", "why", job.job_id)

    assert ended.lines[-2:] == ["Failed items by type of error:", "  1  ValueError"]
