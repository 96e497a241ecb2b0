"""A job as text for people."""

from typing import TYPE_CHECKING

from forgeledger.cli import exit_codes
from forgeledger.cli.deployment import Where
from forgeledger.cli.error_messages import LedgerRefusal
from forgeledger.cli.output import duration, facts, moment, short_json
from forgeledger.plural import plural

if TYPE_CHECKING:
    from forgeledger.sdk.records import Job


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
    seal = seal_command(job.job_id, where)
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


def seal_command(job_id: str, where: Where) -> str:
    return f"forgeledger job seal {job_id}{where.as_options('api_url')}"
