"""A job, and why it is not done, as text for people."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from forgeledger.cli import exit_codes
from forgeledger.cli.deployment import Where
from forgeledger.cli.error_messages import LedgerRefusal
from forgeledger.cli.output import duration, facts, moment, short_json
from forgeledger.plural import plural

if TYPE_CHECKING:
    from forgeledger.sdk.records import FailureCount, Item, Job, Why


def job_headline(job: "Job") -> str:
    """One line: id, status, counts and lanes."""
    sealed = ", sealed" if job.sealed else ""
    status = f"{status_text(job)}{sealed}"
    return f"{job.job_id}  {status}, {counts(job)}, {plural(job.lanes, 'lane')}"


def status_text(job: "Job") -> str:
    resuming = ", resuming" if job.resuming else ""
    return f"{job.status}{', paused' if _is_paused(job) else ''}{resuming}"


def _is_paused(job: "Job") -> bool:
    return job.held and job.status != "SCHEDULED"


def held_note(job: "Job", where: Where) -> str | None:
    """Why a job grants no claims, and the command that ends that; None for any other job."""
    if not job.held:
        return None
    options = where.as_options("api_url")
    if _is_paused(job):
        until = f" until {moment(job.paused_until)}" if job.paused_until else ""
        return f"paused{until}; to go on now: forgeledger job resume {job.job_id}{options}"
    start = f"forgeledger job start {job.job_id}{options}"
    return f"waits for its start at {moment(job.execute_at)}; to start it now: {start}"


def counts(job: "Job") -> str:
    parts = [f"{job.completed:,} of {plural(job.total, 'item')} completed"]
    for number, name in (
        (job.failed, "failed"),
        (job.canceled, "canceled"),
        (job.in_progress, "in progress"),
        (job.pending, "pending"),
        (job.retrying, "retrying"),
    ):
        if number:
            parts.append(f"{number:,} {name}")
    return ", ".join(parts)


def percent_done(job: "Job", decimals: int = 0) -> str:
    """Rounded down: never 100% while something is left. The ledger gives six decimals."""
    step = 10 ** (4 - decimals)
    return f"{round(job.progress * 1_000_000) // step / 10**decimals:.{decimals}f}%"


def canceled_note(job: "Job") -> str | None:
    """Why a job without failed items is COMPLETED_WITH_FAILURES; None for any other job."""
    if job.status != "COMPLETED_WITH_FAILURES" or job.failed or not job.canceled:
        return None
    canceled = plural(job.canceled, "item was", "items were")
    return f"{canceled} canceled; the job is COMPLETED only if all its items are"


def reopened_note(job: "Job") -> str | None:
    """What becomes of items that are canceled; a job that runs again is not resumed any more."""
    if job.resuming:
        return (
            "its canceled items are being resumed. Send their work when `forgeledger job status` "
            "no longer says so: until then some still count as canceled"
        )
    if job.canceled == 0:
        return None
    stay = plural(job.canceled, "item stays", "items stay")
    return (
        f"{stay} canceled while the job runs. What was canceled with it can be resumed when it has "
        "ended again: `forgeledger job reopen --resume` (after `job cancel`, say); what was "
        "canceled by itself can be registered under another id"
    )


def sealed_short_note(job: "Job") -> str | None:
    """For a job that was sealed before it had its expected items; None for any other job."""
    expected = job.expected_items
    if not job.sealed or expected is None or job.total >= expected:
        return None
    if job.status in {"FAILED", "CANCELED"}:
        return None
    sealed = f"sealed with {job.total:,} of {plural(expected, 'expected item')}"
    if job.total:
        return f"{sealed}; the others can no longer be registered"
    return f"{sealed}, so it completes at once"


def not_sealed(job: "Job") -> LedgerRefusal:
    """For a job that someone wanted to seal after it had ended."""
    detail = f"it is {job.status} and not sealed; to continue it: `forgeledger job reopen`"
    return LedgerRefusal("job_finished", detail, exit_codes.REFUSED)


def not_reopened(job: "Job") -> LedgerRefusal:
    """For a job that someone wanted to reopen while it runs and takes no items."""
    detail = f"it is {job.status} and sealed; a job is reopened after its end"
    return LedgerRefusal("job_sealed", detail, exit_codes.REFUSED)


def not_resumed(job: "Job") -> LedgerRefusal:
    """For a job that someone wanted to resume after its end."""
    detail = f"it is {job.status}; to run it again: `forgeledger job reopen`"
    return LedgerRefusal("job_finished", detail, exit_codes.REFUSED)


def unsealed_note(job: "Job", where: Where) -> str | None:
    """How an unsealed job can complete; None for a job that is sealed or about to end."""
    if job.sealed or job.is_finished or job.ending:
        return None
    seal = _seal(job.job_id, where)
    expected = job.expected_items
    # A job that was reopened with all its expected items does not seal itself again.
    if expected is not None and (job.epoch == 1 or job.total < expected):
        items = plural(expected, "expected item is", "expected items are")
        return f"not sealed: it seals itself once its {items} registered; to seal it now: {seal}"
    return f"not sealed, and only a sealed job can complete; if no more items will come: {seal}"


def job_facts(job: "Job", where: Where) -> list[str]:
    rate = f"{job.items_per_second:,.1f} items/s" if job.items_per_second else ""
    eta = "" if job.eta_seconds is None or job.is_finished else duration(job.eta_seconds)
    unchanged = "" if job.unchanged_seconds is None else duration(job.unchanged_seconds)
    return facts(
        [
            ("job", job.job_id),
            ("name", job.name),
            ("status", status_text(job)),
            ("reason", job.reason),
            ("epoch", job.epoch if job.epoch > 1 else None),
            ("sealed", job.sealed),
            ("progress", percent_done(job, decimals=1)),
            ("total", job.total),
            ("expected", job.expected_items),
            ("pending", job.pending),
            ("in progress", job.in_progress),
            ("completed", job.completed),
            ("failed", job.failed),
            ("canceled", job.canceled),
            ("retrying", job.retrying),
            ("held", held_note(job, where)),
            ("note", canceled_note(job) or sealed_short_note(job) or unsealed_note(job, where)),
            ("rate", rate),
            ("time left", eta),
            ("unchanged", unchanged),
            ("lanes", job.lanes),
            ("key", job.job_key),
            ("key moved to", job.job_key_moved_to),
            ("created", moment(job.created_at)),
            ("starts", moment(job.execute_at) if job.status == "SCHEDULED" else ""),
            ("started", moment(job.started_at) if job.execute_at else ""),
            ("deadline", moment(job.deadline_at)),
            ("finished", moment(job.completed_at)),
            ("tags", ", ".join(job.tags)),
            ("metadata", short_json(dict(job.metadata)) if job.metadata else ""),
        ]
    )


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
    seal = _seal(why.job_id, where)
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


def _seal(job_id: str, where: Where) -> str:
    return f"forgeledger job seal {job_id}{where.as_options('api_url')}"


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
