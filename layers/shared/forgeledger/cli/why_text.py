"""Why a job is not done, as text for people."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from forgeledger.cli.deployment import Where
from forgeledger.cli.job_text import seal_command
from forgeledger.cli.output import moment
from forgeledger.plural import plural

if TYPE_CHECKING:
    from forgeledger.sdk.records import FailureCount, Item, Why


def why_lines(why: "Why", where: Where) -> Iterator[str]:
    yield f"{why.job_id} is {why.status}."
    ends = {
        "tolerance": "More of its items failed than its policy tolerates.",
        "deadline": f"Its deadline {moment(why.deadline_at)} passed before it was done.",
        "idle": "Nothing was committed to it for the deployment's MaximumIdleDays.",
    }
    if why.reason in ends:
        yield ends[why.reason]
    reasons = _reasons(why, where)
    for reason in why.reasons:
        yield reasons.get(reason, reason)
    yield from _items("Longest in progress:", why.oldest_in_progress, "claimed_at")
    job_id, options = why.job_id, where.as_options()
    if any(_is_without_lease(item) for item in why.oldest_in_progress):
        yield (
            "An item without a lease belongs to its worker until that worker finishes it or "
            "another one claims it. If neither will happen, make it pending again: forgeledger "
            f"send release {job_id} ITEM_ID{options}; or fail it: forgeledger send fail {job_id} "
            f"ITEM_ID{options}"
        )
    yield from _items("Expired leases:", why.expired_leases.items, "lease_until")
    yield from _items("Due next:", why.due_later.items, "due_at")
    yield from _counts("Unfinished items that failed before, by type of error:", why.retries)
    yield from _counts("Failed items by type of error:", why.failures)
    yield from _rejections(why, where)
    if not why.scan_complete:
        api = where.as_options("api_url")
        yield (
            f"Looked at {why.items_scanned:,} of {plural(why.items_total, 'item')}; what is said "
            f"of items is true of those. All of them: forgeledger job why {job_id} --all{api}; "
            f"the next ones: forgeledger job why {job_id} --cursor {why.next_cursor}{api}"
        )


def _counts(title: str, failures: Sequence["FailureCount"]) -> Iterator[str]:
    if failures:
        yield title
    for failure in failures:
        yield f"  {failure.count:,}  {failure.type}"


def _rejections(why: "Why", where: Where) -> Iterator[str]:
    if not why.rejections:
        return
    yield "Commands rejected since its end:" if why.is_complete else "Recently rejected commands:"
    for rejection in why.rejections:
        latest = f"{rejection.latest_item_id} at {moment(rejection.latest_at)}"
        yield (
            f"  {rejection.count:,}  {rejection.command}: {rejection.reason}, "
            f"the latest for {latest}"
        )
    api = where.as_options("api_url")
    if any(rejection.reason == "unknown_item" for rejection in why.rejections):
        yield (
            "An unknown item is not registered; ids must match exactly. The registered items: "
            f"forgeledger job items {why.job_id}{api}"
        )
    if why.is_complete:
        yield (
            "What is sent after the end does not count. Stop the worker that sends it, or run the "
            f"job again: forgeledger job reopen {why.job_id}{api}"
        )


def _reasons(why: "Why", where: Where) -> dict[str, str]:
    """Each reason of a job that is not done, with the command that helps."""
    options = where.as_options()
    seal = seal_command(why.job_id, where)
    reconcile = f"forgeledger reconcile {why.job_id}{options}"
    expected = plural(why.expected_items or 0, "expected item")
    start, resume = (
        f"forgeledger job {change} {why.job_id}{where.as_options('api_url')}"
        for change in ("start", "resume")
    )
    until = f" until {moment(why.paused_until)}" if why.paused_until else ""
    pending = plural(why.pending, "item waits", "items wait")
    retrying = plural(why.retrying, "unfinished item has", "unfinished items have")
    due_later = plural(why.due_later.count, "failed item waits", "failed items wait")
    next_due = f"; the first is due at {moment(why.next_due_at)}" if why.next_due_at else ""
    in_progress = plural(why.in_progress, "item is", "items are")
    expired = plural(why.expired_leases.count, "item has", "items have")
    lagging = ", ".join(str(lane) for lane in why.lagging_lanes)
    return {
        "finished": "It is finished; there is nothing to wait for.",
        "scheduled": f"It starts at {moment(why.execute_at)}, and grants no claims before. To "
        f"start it now: {start}",
        "paused": f"It is paused{until}, and grants no claims. To go on now: {resume}",
        "unsealed": "It is not sealed, and only a sealed job can complete; if no more items will "
        f"come: {seal}",
        "items_missing": f"{why.total:,} of {expected} registered. It seals itself when all are; "
        f"register the rest, or if no more will come: {seal}",
        "items_pending": f"{pending} for a worker.",
        "items_retrying": f"{retrying} failed before.",
        "items_due_later": f"{due_later} for the next attempt{next_due}.",
        "items_in_progress": f"{in_progress} in progress.",
        "leases_expired": f"{expired} an expired lease: no heartbeat came in time. A worker that "
        "is alive still ends its item, and the next claim takes over. If the worker is gone and no "
        "claim will come, end the attempt as failed, which refuses a late end if it was the last "
        f"one: forgeledger send expire {why.job_id} ITEM_ID{options}",
        "ending": "Its verdict is certain; its lanes are being closed.",
        "resuming": "Items that were canceled with it are being resumed.",
        "lanes_lagging": f"These lanes do not have the job's state yet: {lagging}. To update them "
        f"now: {reconcile}",
        "deadline_passed": f"Its deadline {moment(why.deadline_at)} has passed. To end it now: "
        f"{reconcile}",
        "verdict_due": f"Only the verdict is missing; to give it now: {reconcile}",
    }


def _items(title: str, items: "tuple[Item, ...]", time: str) -> Iterator[str]:
    if not items:
        return
    yield title
    for item in items:
        worker = f" by {item.worker_id}" if item.worker_id else ""
        lease = ", without a lease" if _is_without_lease(item) else ""
        yield (
            f"  {moment(getattr(item, time))}  {item.item_id}, attempt {item.attempt}"
            f"{worker}{lease}"
        )


def _is_without_lease(item: "Item") -> bool:
    return item.state == "IN_PROGRESS" and item.lease_until is None
