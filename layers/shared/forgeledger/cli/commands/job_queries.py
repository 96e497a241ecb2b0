"""`forgeledger job why|report|items|item|events|watch`: inspect a job and its items."""

from typing import Annotated

import typer

from forgeledger.cli import exit_codes
from forgeledger.cli.arguments import ITEM_ID, JOB_ID, not_empty
from forgeledger.cli.command import Needs, command
from forgeledger.cli.event_text import event_cells, event_line, item_facts
from forgeledger.cli.output import aligned, moment, short_json
from forgeledger.cli.pages import Pages
from forgeledger.cli.report_text import report_lines
from forgeledger.cli.session import Session
from forgeledger.cli.why_text import why_lines
from forgeledger.jobs.model.limits import PAGE_ROWS

app = typer.Typer()

FOLLOW_SECONDS = 1.0


@command(app, "why", needs=Needs.API, example='forgeledger job why "$JOB"')
def why(
    session: Session,
    *,
    job_id: JOB_ID,
    cursor: Annotated[
        str | None, typer.Option(help="Go on after this cursor, which an earlier answer printed.")
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="Go on until all items were looked at.")
    ] = False,
) -> None:
    """Say why a job is not done.

    Prints what it waits for, which items delay it, its failures by type of error, and recently
    rejected commands that may hold it up; of a finished job all that came after its end. Of a very
    large job it looks at a part of the items; the last line says so, and how to go on.
    """
    answer = session.ledger.why(job_id, cursor=cursor, whole=every)
    session.output.record(answer.raw, why_lines(answer, session.where))


@command(app, "report", needs=Needs.API, example='forgeledger job report "$JOB"')
def report(session: Session, job_id: JOB_ID) -> None:
    """Say how a job went.

    Prints its outcome, its epochs, how often and for how long its items were worked on, and its
    failures by type of error. Of a job that still runs it is what is known so far.
    """
    answer = session.ledger.report(job_id)
    session.output.record(answer.raw, report_lines(answer))


@command(app, "items", needs=Needs.API, example='forgeledger job items "$JOB" --state FAILED')
def items(
    session: Session,
    *,
    job_id: JOB_ID,
    state: Annotated[
        str | None,
        typer.Option(
            help="PENDING, IN_PROGRESS, COMPLETED, FAILED or CANCELED.", callback=not_empty
        ),
    ] = None,
    error_type: Annotated[
        str | None,
        typer.Option(help="Only items whose latest failure is of this type.", callback=not_empty),
    ] = None,
    worker_id: Annotated[
        str | None,
        typer.Option(help="Only items that this worker claimed or ended last.", callback=not_empty),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="Print at most so many.")] = 100,
    every: Annotated[bool, typer.Option("--all", help="Print all of them.")] = False,
) -> None:
    """List the items of a job, or those for which all given conditions hold."""
    listed = Pages(
        lambda cursor: session.ledger.items_page(
            job_id,
            state=state and state.upper(),
            error_type=error_type,
            worker_id=worker_id,
            limit=PAGE_ROWS,
            cursor=cursor,
        ),
        None if every else limit,
    )
    session.output.table(
        ("ITEM", "STATE", "ATTEMPT", "WORKER", "UPDATED (UTC)", "ERROR"),
        (
            (
                item.raw,
                (
                    item.item_id,
                    item.state,
                    item.attempt,
                    item.worker_id,
                    moment(item.updated_at),
                    short_json(dict(item.error)) if item.error else "",
                ),
            )
            for item in listed
        ),
        empty="no items",
    )
    listed.remark_cut(session.output)


@command(app, "item", needs=Needs.API, example='forgeledger job item "$JOB" invoice-17')
def item(
    session: Session,
    *,
    job_id: JOB_ID,
    item_id: ITEM_ID,
) -> None:
    """Show one item with its whole history."""
    shown = session.ledger.item(job_id, item_id)
    history = aligned([event_cells(event) for event in shown.history]) if shown.history else []
    session.output.record(shown.raw, [*item_facts(shown), "", *history])


@command(app, "events", needs=Needs.API, example='forgeledger job events "$JOB" --follow')
def events(
    session: Session,
    *,
    job_id: JOB_ID,
    cursor: Annotated[
        str | None,
        typer.Option("--from", help="Continue after this cursor, which --cursor printed."),
    ] = None,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Wait for more until the job is finished.")
    ] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="Print at most so many.")] = None,
    print_cursor: Annotated[
        bool, typer.Option("--cursor", help="Print the last cursor on stderr, for --from.")
    ] = False,
) -> None:
    """Print the journal of a job.

    Its events and those of its items, in order within each lane. A line ends with "by" and who
    asked for it over HTTP, if it came that way.
    """
    left = limit
    while left is None or left > 0:
        finished = follow and session.ledger.status(job_id).is_finished
        page = session.ledger.events_page(
            job_id, cursor=cursor, limit=min(left or PAGE_ROWS, PAGE_ROWS)
        )
        for event in page.rows:
            session.output.record(event.raw, event_line(event))
        cursor = page.cursor
        left = None if left is None else left - len(page.rows)
        if page.more:
            continue
        if not follow or finished:
            break
        session.seams.sleep(FOLLOW_SECONDS)
    if print_cursor and cursor:
        session.output.remark(cursor)


@command(app, "watch", needs=Needs.API, example='forgeledger job watch "$JOB" --timeout 3600')
def watch(
    session: Session,
    *,
    job_id: JOB_ID,
    timeout: Annotated[
        float | None, typer.Option(min=0, help="Stop after so many seconds with exit code 124.")
    ] = None,
) -> None:
    """Watch a job until it is finished.

    The exit code is the job's end: 0 completed, 10 completed with failures, 11 failed, 12
    canceled. On a terminal a bar shows progress, rate, time left, failures, retrying items and
    lanes; elsewhere a line is printed whenever something has changed. A job in which no item was
    finished for a while is unchanged for so long, and has no time left. If the job is not sealed
    and so cannot complete, the command that seals it is printed once.
    """
    from forgeledger.cli.job_progress import watch_job

    job = watch_job(session, job_id, timeout_seconds=timeout)
    if job is None:
        raise typer.Exit(exit_codes.TIMED_OUT)
    raise typer.Exit(exit_codes.of_status(job.status))
