"""`forgeledger reconcile`: have the relay make good from the table what was left undone."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from forgeledger.cli import exit_codes
from forgeledger.cli.command import Needs, command
from forgeledger.cli.deployment import RELAY_FUNCTION
from forgeledger.cli.error_messages import CliError
from forgeledger.cli.relay_client import Invoke, lambda_invoke, reconcile_job, reconcile_open
from forgeledger.cli.session import Session
from forgeledger.jobs.model.ids import lanes_of


def add_to(app: typer.Typer) -> None:
    command(app, "reconcile", needs=Needs.RELAY, example='forgeledger reconcile "$JOB" --recount')(
        reconcile
    )


def reconcile(
    session: Session,
    *,
    job_id: Annotated[
        str | None, typer.Argument(metavar="JOB_ID", help="This job.", show_default=False)
    ] = None,
    running: Annotated[
        bool, typer.Option("--running", help="Instead: every job that is still open.")
    ] = False,
    recount: Annotated[
        bool, typer.Option("--recount", help="Count its items and set wrong counts right.")
    ] = False,
) -> None:
    """Make good what a lost stream left undone.

    The relay takes the jobs on from what the table says, and tells what was not told.

    The exit code is 1 where a recount found wrong counts: they are right now, and somebody should
    know why they were not. It is 1 as well where one of several jobs could not be taken on.
    """
    if (job_id is None) != running:
        raise CliError("JOB_ID: give either one job or --running")
    if recount and running:
        raise CliError("--recount: goes with one JOB_ID")
    if job_id is not None and lanes_of(job_id) is None:
        raise CliError(f"JOB_ID: {job_id} is not the id of a job", exit_codes.NOT_FOUND)
    drifted = busy = 0
    broken = False
    with _relay(session) as invoke:
        answers = (
            reconcile_open(invoke)
            if job_id is None
            else reconcile_job(invoke, job_id, recount=recount)
        )
        for job in answers:
            drifted += len(job.get("driftedLanes", ()))
            busy += len(job.get("busyLanes", ()))
            broken = broken or "error" in job
            session.output.record(job, _line(dict(job)))
    if recount and job_id is not None and not session.output.as_json:
        session.output.lines([_counted(lanes_of(job_id) or 0, drifted, busy)])
    if drifted or busy or broken:
        raise typer.Exit(exit_codes.NOT_AS_HOPED)


@contextmanager
def _relay(session: Session) -> Iterator[Invoke]:
    function = session.deployment.needed("relay_function", RELAY_FUNCTION)
    if not session.deployment.is_local:
        yield lambda_invoke(session.client("lambda"), function)
        return
    from forgeledger.cli.local_relay import local_invoke
    from forgeledger.cli.local_state import local_state

    with local_invoke(session.deployment, local_state(session.runtime.environ).logs) as invoke:
        yield invoke


def _counted(lanes: int, drifted: int, busy: int) -> str:
    """A recount that finds nothing wrong must be told from one that never was."""
    told = f"{lanes} {'lane' if lanes == 1 else 'lanes'} counted, {drifted + busy} wrong"
    return f"{told}, {busy} of them too busy to be set right" if busy else told


def _line(job: dict[str, object]) -> str:
    if "error" in job:
        return f"{job['jobId']}  {job['error']}"
    parts = [f"{job['jobId']}  {job['status']}, {job['eventsPublished']} events told"]
    for name, words in (
        ("driftedLanes", "counts set right in lanes"),
        ("busyLanes", "counts wrong in lanes too busy to be set right:"),
    ):
        lanes = job.get(name)
        if isinstance(lanes, list) and lanes:
            parts.append(f"{words} {', '.join(str(lane) for lane in lanes)}")
    return ", ".join(parts)
