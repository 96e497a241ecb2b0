"""`forgeledger job seal|start|pause|resume|cancel|reopen|retry`: change a job as a whole."""

from typing import TYPE_CHECKING, Annotated

import typer

from forgeledger.cli.arguments import JOB_ID, not_empty
from forgeledger.cli.command import Needs, command
from forgeledger.cli.job_text import (
    job_headline,
    not_reopened,
    not_resumed,
    not_sealed,
    reopened_note,
    sealed_short_note,
)
from forgeledger.cli.session import Session

if TYPE_CHECKING:
    from forgeledger.sdk.records import Job

app = typer.Typer()


@command(app, "seal", needs=Needs.API, example='forgeledger job seal "$JOB"')
def seal_job(session: Session, job_id: JOB_ID) -> None:
    """Seal a job: no more items will be added.

    Only a sealed job can complete.
    """
    job = session.ledger.seal(job_id)
    _print_change(session, job, "sealed")
    note(session, sealed_short_note(job))


@command(app, "start", needs=Needs.API, example='forgeledger job start "$JOB"')
def start(session: Session, job_id: JOB_ID) -> None:
    """Start a scheduled job before its time."""
    _print_change(session, session.ledger.start(job_id), "started")


@command(app, "pause", needs=Needs.API, example='forgeledger job pause "$JOB"')
def pause(
    session: Session,
    job_id: JOB_ID,
    *,
    until: Annotated[
        str | None,
        typer.Option(
            callback=not_empty, help="When the pause ends by itself, as 2026-12-01T09:00:00Z."
        ),
    ] = None,
) -> None:
    """Pause a job: it grants no claims until it is resumed.

    It still takes new items, and the reports of workers that have items already.
    """
    _print_change(session, session.ledger.pause(job_id, until=until), "paused")


@command(app, "resume", needs=Needs.API, example='forgeledger job resume "$JOB"')
def resume(session: Session, job_id: JOB_ID) -> None:
    """End the pause of a job.

    `forgeledger job reopen --resume` brings back the items of a canceled job.
    """
    _print_change(session, session.ledger.resume(job_id), "running")


@command(app, "cancel", needs=Needs.API, example='forgeledger job cancel "$JOB"')
def cancel(session: Session, job_id: JOB_ID) -> None:
    """Cancel a job.

    Its unfinished items count as canceled at once. `forgeledger job reopen --resume` brings them
    back. `forgeledger send cancel` cancels a single item.
    """
    _print_change(session, session.ledger.cancel(job_id), "canceled")


@command(app, "reopen", needs=Needs.API, example='forgeledger job reopen "$JOB"')
def reopen(
    session: Session,
    job_id: JOB_ID,
    *,
    resumes: Annotated[
        bool,
        typer.Option("--resume", help="Items that were canceled with the job are pending again."),
    ] = False,
) -> None:
    """Reopen a finished job.

    A new epoch begins, and the job takes new items until it is sealed. Items that were canceled
    with it stay canceled, unless --resume is given. Those that were canceled by themselves stay so.
    """
    job = session.ledger.reopen(job_id, resume=resumes)
    _print_change(session, job, "open")
    note(session, reopened_note(job))


@command(app, "retry", needs=Needs.API, example='forgeledger job retry "$JOB"')
def retry(session: Session, job_id: JOB_ID) -> None:
    """Retry a failed job of one item.

    Its item is pending again, and a finished job runs again in a new epoch. In a job of more items
    `forgeledger send retry` retries single ones.
    """
    _print_change(session, session.ledger.retry_job(job_id), "retried")


def _print_change(session: Session, job: "Job", wanted: str) -> None:
    """It is done if the job is now as wanted, whoever made it so."""
    session.output.record(job.raw, job_headline(job))
    if job.raw.get("outcome") != "duplicate":
        return
    if wanted == "sealed" and not job.sealed:
        raise not_sealed(job)
    if wanted == "open" and job.sealed:
        raise not_reopened(job)
    if wanted == "running" and job.is_finished:
        raise not_resumed(job)
    session.output.remark(f"it was {wanted} already; nothing changed")


def note(session: Session, text: str | None) -> None:
    if text is not None:
        session.output.remark(f"note: {text}")
