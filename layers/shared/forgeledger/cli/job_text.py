"""A job, and what it waits for, in words for people."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from forgeledger.cli.deployment import Where
from forgeledger.cli.output import duration, facts, moment, short_json

if TYPE_CHECKING:
    from forgeledger.sdk.records import Item, Job, Why

_REASONS = {
    "finished": "It is finished; there is nothing to wait for.",
    "unsealed": "It is not sealed, so more items may come, and it cannot complete before it is: "
    "forgeledger job seal {job_id}{by_api}",
    "items_missing": "It expects {expected} items and knows {total}. It seals itself, and can "
    "complete, when it knows them all, so register the rest; if no more will come: "
    "forgeledger job seal {job_id}{by_api}",
    "items_pending": "{pending} items wait for a worker.",
    "items_due_later": "{due_later} items failed and wait for the time of their next attempt.",
    "items_in_progress": "Workers have {in_progress} items.",
    "leases_expired": "{expired} items have not been heard of within their lease. The next claim "
    "takes one over; where none will come, this counts as a failure: forgeledger send expire "
    "{job_id} ITEM_ID{on_it}",
    "ending": "Its verdict is certain; the lanes are being closed.",
    "lanes_lagging": "Lanes {lagging} have not followed yet: forgeledger reconcile {job_id}{on_it}",
    "deadline_passed": "Its deadline {deadline} has passed: forgeledger reconcile {job_id}{on_it}",
    "verdict_due": "All is done but the verdict: forgeledger reconcile {job_id}{on_it}",
}
_WITHOUT_LEASE = (
    "An item without a lease is its worker's until that one tells its end or another one claims "
    "it; where neither will come, it is taken back: forgeledger send release {job_id} "
    "ITEM_ID{on_it}; or given up: forgeledger send fail {job_id} ITEM_ID{on_it}"
)
_UNKNOWN = (
    "An unknown item is one that nobody registered; ids are compared letter by letter. Those that "
    "there are: forgeledger job items {job_id}{by_api}"
)
# Why a job failed, or is about to.
_FAILED_BY = {
    "tolerance": "More of its items failed than its policy tolerates.",
    "deadline": "Its deadline {deadline} passed before it was done.",
}
# What is said instead where the number with this name is 1.
_REASONS_OF_ONE = {
    "items_missing": (
        "expected",
        (
            "It expects 1 item and knows {total}. It seals itself, and can complete, when it knows "
            "it, so register it; if it will not come: forgeledger job seal {job_id}{by_api}"
        ),
    ),
    "items_pending": ("pending", "1 item waits for a worker."),
    "items_due_later": ("due_later", "1 item failed and waits for the time of its next attempt."),
    "items_in_progress": ("in_progress", "A worker has 1 item."),
    "leases_expired": (
        "expired",
        (
            "1 item has not been heard of within its lease. The next claim takes it over; "
            "where none will come, this counts as a failure: "
            "forgeledger send expire {job_id} ITEM_ID{on_it}"
        ),
    ),
}


def job_headline(job: "Job") -> str:
    """One line: which job, and where it stands."""
    sealed = ", sealed" if job.sealed else ""
    lanes = "1 lane" if job.lanes == 1 else f"{job.lanes} lanes"
    return f"{job.job_id}  {job.status}{sealed}, {counts(job)}, {lanes}"


def counts(job: "Job") -> str:
    parts = [f"{job.completed:,} of {job.total:,} items completed"]
    for number, name in (
        (job.failed, "failed"),
        (job.canceled, "canceled"),
        (job.in_progress, "in progress"),
        (job.pending, "pending"),
    ):
        if number:
            parts.append(f"{number:,} {name}")
    return ", ".join(parts)


def left_canceled(job: "Job") -> str | None:
    """Why a job with nothing failed is completed with failures; None for any other."""
    if job.status != "COMPLETED_WITH_FAILURES" or job.failed or not job.canceled:
        return None
    canceled = "were canceled before it was reopened; they stay so"
    if job.canceled == 1:
        canceled = "was canceled before it was reopened; it stays so"
    return (
        f"{job.canceled:,} of its items {canceled}, and a job is COMPLETED only with all its items"
    )


def stay_canceled(job: "Job") -> str | None:
    """What whoever reopens a canceled job may hope for, and will not get."""
    if job.canceled == 0:
        return None
    which = "1 of its items stays" if job.canceled == 1 else f"{job.canceled:,} of its items stay"
    return f"{which} canceled; register under another name what is to be done after all"


def sealed_short(job: "Job") -> str | None:
    """Of one that was sealed by hand before its expected items had come; None for any other."""
    expected = job.expected_items
    if not job.sealed or expected is None or job.total >= expected:
        return None
    if job.status in {"FAILED", "CANCELED"}:
        return None
    if job.total:
        return (
            f"sealed with {job.total:,} of the {expected:,} items that it expects; "
            "the others cannot come any more"
        )
    without = "the item" if expected == 1 else f"any of the {expected:,} items"
    return f"sealed without {without} that it expects, and so it completes at once"


def not_sealed(job: "Job", where: Where) -> str | None:
    """What keeps a job from ever completing, and how that ends; None where sealing ends nothing."""
    if job.sealed or job.is_finished or job.ending:
        return None
    by_hand = f"forgeledger job seal {job.job_id}{where.repeated('api_url')}"
    expected = job.expected_items
    # One that was reopened with all of them takes more until somebody seals it.
    if expected is not None and (job.epoch == 1 or job.total < expected):
        items = "its item" if expected == 1 else f"its {expected:,} items"
        return f"not sealed: it cannot complete before it knows {items}; sooner: {by_hand}"
    return f"not sealed, so more items may come, and it cannot complete before it is: {by_hand}"


def job_facts(job: "Job", where: Where) -> list[str]:
    running = not job.is_finished
    rate = "" if job.items_per_second is None else f"{job.items_per_second:,.1f} items/s"
    eta = "" if job.eta_seconds is None or not running else duration(job.eta_seconds)
    return facts(
        [
            ("job", job.job_id),
            ("name", job.name),
            ("status", job.status),
            ("reason", job.reason),
            ("epoch", job.epoch if job.epoch > 1 else None),
            ("sealed", job.sealed),
            ("progress", f"{job.progress:.1%}"),
            ("total", job.total),
            ("expected", job.expected_items),
            ("pending", job.pending),
            ("in progress", job.in_progress),
            ("completed", job.completed),
            ("failed", job.failed),
            ("canceled", job.canceled),
            ("note", left_canceled(job) or sealed_short(job) or not_sealed(job, where)),
            ("rate", rate),
            ("time left", eta),
            ("lanes", job.lanes),
            ("created", moment(job.created_at)),
            ("deadline", moment(job.deadline_at)),
            ("finished", moment(job.completed_at)),
            ("tags", ", ".join(job.tags)),
            ("metadata", short_json(dict(job.metadata)) if job.metadata else ""),
        ]
    )


def why_lines(why: "Why", where: Where) -> Iterator[str]:
    yield f"{why.job_id} is {why.status}."
    known = {
        "job_id": why.job_id,
        "on_it": where.repeated(),
        "by_api": where.repeated("api_url"),
        "expected": f"{why.expected_items or 0:,}",
        "total": f"{why.total:,}",
        "pending": f"{why.pending:,}",
        "in_progress": f"{why.in_progress:,}",
        "due_later": f"{why.due_later.count:,}",
        "expired": f"{why.expired_leases.count:,}",
        "lagging": ", ".join(str(lane) for lane in why.lagging_lanes),
        "deadline": moment(why.deadline_at),
    }
    if why.reason in _FAILED_BY:
        yield _FAILED_BY[why.reason].format_map(known)
    for reason in why.reasons:
        number, of_one = _REASONS_OF_ONE.get(reason, ("", ""))
        text = of_one if known.get(number) == "1" else _REASONS.get(reason, reason)
        yield text.format_map(known)
    yield from _items("Longest in progress:", why.oldest_in_progress, "claimed_at")
    if any(_is_unbound(item) for item in why.oldest_in_progress):
        yield _WITHOUT_LEASE.format_map(known)
    yield from _items("Leases that are over:", why.expired_leases.items, "lease_until")
    yield from _items("Due next:", why.due_later.items, "due_at")
    if why.failures:
        yield "Failed items by type of error:"
        for failure in why.failures:
            yield f"  {failure.count:,}  {failure.type}"
    if why.rejections:
        yield "Commands that were rejected lately:"
        for told in why.rejections:
            latest = f"{told.latest_item_id} at {moment(told.latest_at)}"
            yield f"  {told.count:,}  {told.command}: {told.reason}, the latest of {latest}"
    if any(told.reason == "unknown_item" for told in why.rejections):
        yield _UNKNOWN.format_map(known)


def _items(title: str, items: "tuple[Item, ...]", time: str) -> Iterator[str]:
    if not items:
        return
    yield title
    for item in items:
        worker = f" by {item.worker_id}" if item.worker_id else ""
        lease = ", without a lease" if _is_unbound(item) else ""
        told = f"{item.item_id}, attempt {item.attempt}{worker}{lease}"
        yield f"  {moment(getattr(item, time))}  {told}"


def _is_unbound(item: "Item") -> bool:
    return item.state == "IN_PROGRESS" and item.lease_until is None
