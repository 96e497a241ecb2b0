"""`forgeledger job create|list|status`: create and list jobs, and show their status."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from forgeledger.cli.arguments import ALLOW_EMPTY, JOB_ID, not_empty
from forgeledger.cli.command import Needs, command, group
from forgeledger.cli.commands.job_changes import note
from forgeledger.cli.error_messages import WrongValue
from forgeledger.cli.job_text import (
    job_facts,
    job_headline,
    percent_done,
    sealed_short_note,
    status_text,
)
from forgeledger.cli.json_options import json_object
from forgeledger.cli.output import moment
from forgeledger.cli.pages import Pages
from forgeledger.cli.policy_options import (
    BACKOFF_BASE_SECONDS,
    BACKOFF_CAP_SECONDS,
    EXECUTE_AT,
    LEASE_SECONDS,
    MAX_ATTEMPTS,
    MAX_IN_FLIGHT,
    PERMANENT_ERROR,
    RUN_SECONDS,
    TOLERATED_FAILURE_PERCENT,
    TOLERATED_FAILURES,
    dispatch_of,
)
from forgeledger.cli.session import Session
from forgeledger.jobs.model.ids import LANES_RULE

if TYPE_CHECKING:
    from forgeledger.sdk.records import Job

app = group(
    "job",
    "Create jobs, inspect them, and seal, pause, cancel or reopen them.",
    "forgeledger job create nightly-invoices --items-file invoices.txt --seal",
)


class KeyReuse(StrEnum):
    AFTER_FAILURE = "after-failure"


@command(
    app,
    "create",
    needs=Needs.API,
    example="forgeledger job create nightly-invoices --items-file invoices.txt --seal",
)
def create(
    session: Session,
    *,
    name: Annotated[str, typer.Argument(help="A name for people.", show_default=False)],
    items_file: Annotated[
        Path | None,
        typer.Option(
            help="Register items from it: one id a line, or JSON lines (.jsonl); - is stdin."
        ),
    ] = None,
    expected_items: Annotated[
        int | None, typer.Option(min=0, help="The job seals itself when it has so many items.")
    ] = None,
    planned_items: Annotated[
        int | None,
        typer.Option(
            min=0, help="About how many items there will be: chooses the lanes, nothing else."
        ),
    ] = None,
    seal: Annotated[
        bool,
        typer.Option("--seal", help="Seal the job afterwards: it takes no new items then."),
    ] = False,
    allow_empty: ALLOW_EMPTY = False,
    auto_register: Annotated[
        bool | None,
        typer.Option(
            help="Whether a claim, complete or fail registers an unknown item; "
            "default: with --expected-items."
        ),
    ] = None,
    lanes: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=64,
            help="Never changes; default: by --planned-items, else --expected-items, else the "
            f"items of a file that is sealed or has more than 1,000: {LANES_RULE}.",
        ),
    ] = None,
    max_attempts: MAX_ATTEMPTS = None,
    lease_seconds: LEASE_SECONDS = None,
    backoff_base_seconds: BACKOFF_BASE_SECONDS = None,
    backoff_cap_seconds: BACKOFF_CAP_SECONDS = None,
    permanent_error: PERMANENT_ERROR = None,
    run_seconds: RUN_SECONDS = None,
    tolerated_failures: TOLERATED_FAILURES = None,
    tolerated_failure_percent: TOLERATED_FAILURE_PERCENT = None,
    metadata: Annotated[
        str | None, typer.Option(help="A JSON object that every event carries.")
    ] = None,
    tag: Annotated[list[str] | None, typer.Option(help="May be given several times.")] = None,
    ttl_days: Annotated[
        int | None, typer.Option(min=0, help="Days that its rows are retained; 0: without limit.")
    ] = None,
    deadline_seconds: Annotated[
        int | None,
        typer.Option(min=1, help="Fail the job if it takes longer; noticed up to 5 minutes late."),
    ] = None,
    job_key: Annotated[
        str | None,
        typer.Option(
            help="Your own name of the job: whenever it comes again, it is that job.",
            callback=not_empty,
        ),
    ] = None,
    job_key_reuse: Annotated[
        KeyReuse | None,
        typer.Option(help="Create a new job if the one with the key failed or was canceled."),
    ] = None,
    execute_at: EXECUTE_AT = None,
    dispatch: Annotated[
        bool,
        typer.Option("--dispatch", help="The ledger sends the items to the work queue itself."),
    ] = False,
    max_in_flight: MAX_IN_FLIGHT = None,
    idempotency_key: Annotated[
        str | None,
        typer.Option(help="A call repeated with the same key within 10 minutes is one call."),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print only the job's id.")] = False,
) -> None:
    """Create a job, with or without its items."""
    from forgeledger.cli.item_files import Form, planned_items_of, read_items
    from forgeledger.cli.item_positions import PositionedItems

    policy: dict[str, Any] = {
        "maxAttempts": max_attempts,
        "leaseSeconds": lease_seconds,
        "backoffBaseSeconds": backoff_base_seconds,
        "backoffCapSeconds": backoff_cap_seconds,
        "permanentErrors": permanent_error or None,
        "runSeconds": run_seconds,
        "toleratedFailures": tolerated_failures,
        "toleratedFailurePercent": tolerated_failure_percent,
    }
    given = {rule: value for rule, value in policy.items() if value is not None}
    if idempotency_key is not None:
        _check_key(idempotency_key)
    items = PositionedItems(
        read_items(items_file, Form.AUTO, session.output.remark) if items_file else ()
    )
    if items_file and (lanes, planned_items, expected_items) == (None, None, None):
        planned_items = planned_items_of(items_file)
    with items.named_in_errors():
        job = session.ledger.create_job(
            name,
            items=items,
            expected_items=expected_items,
            planned_items=planned_items,
            seal=seal,
            allow_empty=allow_empty,
            auto_register=auto_register,
            lanes=lanes,
            policy=given or None,
            dispatch=dispatch_of(max_in_flight, asked=dispatch),
            metadata=None if metadata is None else json_object("--metadata", metadata),
            tags=tag or (),
            ttl_days=ttl_days,
            deadline_seconds=deadline_seconds,
            job_key=job_key,
            job_key_reuse=None if job_key_reuse is None else "afterFailure",
            execute_at=execute_at,
            idempotency_key=idempotency_key,
        )
    session.output.record(job.raw, job.job_id if quiet else job_headline(job))
    if items_file and not items.taken:
        session.output.remark(f"{items_file}: the input has no items")
    note(session, _existed_note(job))
    note(session, sealed_short_note(job))


@command(app, "list", needs=Needs.API, example="forgeledger job list --status RUNNING")
def list_jobs(
    session: Session,
    *,
    status: Annotated[
        str | None,
        typer.Option(help="RUNNING, COMPLETED, COMPLETED_WITH_FAILURES, ...", callback=not_empty),
    ] = None,
    tag: Annotated[
        str | None, typer.Option(help="Only jobs with this tag.", callback=not_empty)
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(
            help="Only jobs whose name contains this, whatever its case.", callback=not_empty
        ),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="Print at most so many.")] = 20,
    every: Annotated[bool, typer.Option("--all", help="Print all of them.")] = False,
) -> None:
    """List jobs, newest first.

    The counts are those of the last roll-up; `job status` has the current ones.
    """
    jobs = Pages(
        lambda cursor: session.ledger.jobs_page(
            status=status and status.upper(), tag=tag, name=name, cursor=cursor
        ),
        None if every else limit,
    )
    session.output.table(
        ("JOB", "NAME", "STATUS", "DONE", "FAILED", "RETRYING", "TOTAL", "CREATED (UTC)"),
        (
            (
                job.raw,
                (
                    job.job_id,
                    job.name,
                    status_text(job),
                    percent_done(job),
                    job.failed,
                    job.retrying,
                    job.total,
                    moment(job.created_at),
                ),
            )
            for job in jobs
        ),
        empty="no jobs",
    )
    jobs.remark_cut(session.output)


@command(app, "status", needs=Needs.API, example='forgeledger job status "$JOB" --json')
def status(session: Session, job_id: JOB_ID) -> None:
    """Show one job: counts, rate and time left, or for how long nothing has moved."""
    job = session.ledger.status(job_id)
    session.output.record(job.raw, job_facts(job, session.where))


def _check_key(key: str) -> None:
    """Checked before the file is read, and the error names the option."""
    from forgeledger.sdk.api.api_client import checked_key
    from forgeledger.sdk.errors import InvalidCommandError

    try:
        checked_key(key)
    except InvalidCommandError as error:
        raise WrongValue("--idempotency-key", error.rule) from error


def _existed_note(job: "Job") -> str | None:
    """For a job that its key named before; None for one that was just created."""
    if job.raw.get("created", True):
        return None
    return "a job with this key existed already, and is the one that is shown"
