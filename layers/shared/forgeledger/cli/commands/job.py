"""`forgeledger job ...`: create jobs and change where they are in their life."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from forgeledger.cli.command import Needs, command, group
from forgeledger.cli.error_messages import WrongValue
from forgeledger.cli.job_text import job_facts, job_headline, sealed_short, stay_canceled
from forgeledger.cli.json_options import json_object
from forgeledger.cli.output import moment
from forgeledger.cli.pages import Pages
from forgeledger.cli.session import Session

if TYPE_CHECKING:
    from forgeledger.sdk.records import Job

app = group(
    "Create jobs, ask how they are, and seal, cancel or reopen them.",
    "forgeledger job create nightly-invoices --items-file invoices.txt --seal",
)


def not_empty(value: str) -> str:
    """Of an unset variable in a script; a path without it would lead somewhere else."""
    if not value:
        raise typer.BadParameter("is empty")
    return value


JOB_ID = Annotated[str, typer.Argument(metavar="JOB_ID", show_default=False, callback=not_empty)]


@command(
    app,
    "create",
    needs=Needs.API,
    example="forgeledger job create nightly-invoices --items-file invoices.txt --seal",
)
def create(
    session: Session,
    *,
    name: Annotated[str, typer.Argument(help="What people will call it.", show_default=False)],
    items_file: Annotated[
        Path | None,
        typer.Option(
            help="Register items from it: an id a line, or JSON lines (.jsonl); - is stdin."
        ),
    ] = None,
    expected_items: Annotated[
        int | None, typer.Option(min=0, help="Seals by itself when that many are known.")
    ] = None,
    seal: Annotated[bool, typer.Option("--seal", help="No more items will come.")] = False,
    auto_register: Annotated[
        bool | None,
        typer.Option(
            help="Whether a claim, complete or fail registers its item; else with --expected-items."
        ),
    ] = None,
    lanes: Annotated[
        int | None, typer.Option(min=1, max=64, help="Else chosen by the number of items.")
    ] = None,
    max_attempts: Annotated[
        int | None, typer.Option(min=1, help="The attempt whose failure is final; else the first.")
    ] = None,
    lease_seconds: Annotated[
        int | None, typer.Option(min=0, help="How long a claim stands without a heartbeat.")
    ] = None,
    tolerated_failures: Annotated[
        int | None, typer.Option(min=0, help="More failed items than that fail the job.")
    ] = None,
    tolerated_failure_percent: Annotated[
        float | None, typer.Option(min=0, max=100, help="A larger share of them fails it too.")
    ] = None,
    metadata: Annotated[
        str | None, typer.Option(help="A JSON object that comes with every event.")
    ] = None,
    tag: Annotated[list[str] | None, typer.Option(help="May be given again.")] = None,
    ttl_days: Annotated[
        int | None, typer.Option(min=0, help="How long its rows are kept; 0 is for ever.")
    ] = None,
    deadline_seconds: Annotated[
        int | None,
        typer.Option(min=1, help="Fail the job if it takes longer; noticed up to 5 minutes late."),
    ] = None,
    idempotency_key: Annotated[
        str | None, typer.Option(help="Repeating the call with the same key makes one job.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print the job's id alone.")] = False,
) -> None:
    """Create a job, with or without its items."""
    from forgeledger.cli.item_files import Form, read_items
    from forgeledger.cli.item_positions import PlacedItems

    policy: dict[str, Any] = {
        "maxAttempts": max_attempts,
        "leaseSeconds": lease_seconds,
        "toleratedFailures": tolerated_failures,
        "toleratedFailurePercent": tolerated_failure_percent,
    }
    given = {rule: value for rule, value in policy.items() if value is not None}
    if idempotency_key is not None:
        _check_key(idempotency_key)
    placed = read_items(items_file, Form.AUTO, session.output.remark) if items_file else ()
    items = PlacedItems(placed)
    with items.told_by_place():
        job = session.ledger.create_job(
            name,
            items=items,
            expected_items=expected_items,
            seal=seal,
            auto_register=auto_register,
            lanes=lanes,
            policy=given or None,
            metadata=json_object("--metadata", metadata) if metadata else None,
            tags=tag or (),
            ttl_days=ttl_days,
            deadline_seconds=deadline_seconds,
            idempotency_key=idempotency_key,
        )
    session.output.record(job.raw, job.job_id if quiet else job_headline(job))
    if items_file and not items.taken:
        session.output.remark(f"{items_file}: nothing was in it to be registered")
    _note(session, sealed_short(job))


@command(app, "list", needs=Needs.API, example="forgeledger job list --status RUNNING")
def list_jobs(
    session: Session,
    *,
    status: Annotated[
        str | None, typer.Option(help="RUNNING, COMPLETED, COMPLETED_WITH_FAILURES, ...")
    ] = None,
    tag: Annotated[str | None, typer.Option(help="Only jobs with this tag.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 20,
    every: Annotated[bool, typer.Option("--all", help="All of them.")] = False,
) -> None:
    """List jobs, newest first.

    The counts are those that were rolled up last; `job status` has those of this moment.
    """
    jobs = Pages(
        lambda cursor: session.ledger.jobs_page(
            status=status and status.upper(), tag=tag, cursor=cursor
        ),
        None if every else limit,
    )
    session.output.table(
        ("JOB", "NAME", "STATUS", "DONE", "FAILED", "TOTAL", "CREATED (UTC)"),
        (
            (
                job.raw,
                (
                    job.job_id,
                    job.name,
                    job.status,
                    f"{job.progress:.0%}",
                    job.failed,
                    job.total,
                    moment(job.created_at),
                ),
            )
            for job in jobs
        ),
        empty="no jobs",
    )
    jobs.tell_cut(session.output)


@command(app, "status", needs=Needs.API, example='forgeledger job status "$JOB" --json')
def status(session: Session, job_id: JOB_ID) -> None:
    """Show one job: counts, rate, time left."""
    job = session.ledger.status(job_id)
    session.output.record(job.raw, job_facts(job, session.where))


@command(app, "seal", needs=Needs.API, example='forgeledger job seal "$JOB"')
def seal_job(session: Session, job_id: JOB_ID) -> None:
    """Say that no more items will come.

    Only a sealed job can complete.
    """
    job = session.ledger.seal(job_id)
    _tell_change(session, job, "sealed")
    _note(session, sealed_short(job))


@command(app, "cancel", needs=Needs.API, example='forgeledger job cancel "$JOB"')
def cancel(session: Session, job_id: JOB_ID) -> None:
    """Cancel a job.

    Its unfinished items count as canceled at once, and stay so if it is reopened.
    """
    _tell_change(session, session.ledger.cancel(job_id), "canceled")


@command(app, "reopen", needs=Needs.API, example='forgeledger job reopen "$JOB"')
def reopen(session: Session, job_id: JOB_ID) -> None:
    """Open a finished job again.

    A new epoch begins, and the job takes items until it is sealed. Items that were canceled with
    it stay so.
    """
    job = session.ledger.reopen(job_id)
    _tell_change(session, job, "open")
    _note(session, stay_canceled(job))


def _check_key(key: str) -> None:
    """Told by its option, and before a file is read for it."""
    from forgeledger.sdk.api.api_client import checked_key
    from forgeledger.sdk.errors import InvalidCommandError

    try:
        checked_key(key)
    except InvalidCommandError as error:
        raise WrongValue("--idempotency-key", error.rule) from error


def _tell_change(session: Session, job: "Job", now: str) -> None:
    session.output.record(job.raw, job_headline(job))
    if job.raw.get("outcome") == "duplicate":
        session.output.remark(f"{_as_it_was(job, now)}; nothing changed")


def _as_it_was(job: "Job", now: str) -> str:
    """It need not be what was asked for: another end may have come first."""
    if now == "sealed" and not job.sealed:
        return f"it is {job.status} and not sealed: only `forgeledger job reopen` goes on"
    if now == "open" and job.sealed:
        return f"it is {job.status}, and sealed"
    return f"it was {now} already"


def _note(session: Session, note: str | None) -> None:
    if note is not None:
        session.output.remark(f"note: {note}")
