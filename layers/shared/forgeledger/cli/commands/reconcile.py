"""`forgeledger reconcile`: have the relay repair jobs from what the table says."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated, Any

import typer

from forgeledger.cli import exit_codes
from forgeledger.cli.arguments import id_of_a_job
from forgeledger.cli.command import Needs, command
from forgeledger.cli.deployment import RELAY_FUNCTION, needed
from forgeledger.cli.error_messages import WrongValue
from forgeledger.cli.relay_client import Invoke, lambda_invoke, reconcile_job, reconcile_open
from forgeledger.cli.session import Session
from forgeledger.jobs.model.ids import lanes_of
from forgeledger.plural import plural

app = typer.Typer()


@command(app, "reconcile", needs=Needs.RELAY, example='forgeledger reconcile "$JOB" --recount')
def reconcile(
    session: Session,
    *,
    job_id: Annotated[
        str | None,
        typer.Argument(
            metavar="JOB_ID", help="This job.", show_default=False, callback=id_of_a_job
        ),
    ] = None,
    running: Annotated[
        bool, typer.Option("--running", help="Instead: every job that is still open.")
    ] = False,
    recount: Annotated[
        bool, typer.Option("--recount", help="Count its items and correct wrong counts.")
    ] = False,
) -> None:
    """Repair jobs after stream records were lost.

    The relay advances the jobs from what the table says, and publishes their unpublished events.

    The exit code is 1 if a recount found wrong counts: they are corrected, but their cause should
    be found. It is 1 as well if one of several jobs could not be advanced.
    """
    if (job_id is None) != running:
        raise WrongValue("JOB_ID", "give either one job or --running")
    if recount and running:
        raise WrongValue("--recount", "goes with one JOB_ID")
    drifted = busy = 0
    broken = False
    with _relay(session) as invoke:
        jobs = (
            reconcile_open(invoke)
            if job_id is None
            else reconcile_job(invoke, job_id, recount=recount)
        )
        for job in jobs:
            drifted += len(job.get("driftedLanes", ()))
            busy += len(job.get("busyLanes", ()))
            broken = broken or "error" in job
            session.output.record(job, _line(job))
    if recount and job_id is not None and not session.output.as_json:
        session.output.lines([_recount_line(lanes_of(job_id) or 0, drifted, busy)])
    if drifted or busy or broken:
        raise typer.Exit(exit_codes.NOT_AS_HOPED)


@contextmanager
def _relay(session: Session) -> Iterator[Invoke]:
    deployment = session.deployment
    function = needed(RELAY_FUNCTION, deployment.relay_function)
    if not deployment.endpoints.is_local:
        yield lambda_invoke(session.client("lambda"), function)
        return
    from forgeledger.cli.local_function import local_relay
    from forgeledger.cli.local_state import local_state

    with local_relay(deployment, local_state(session.seams.environ).logs) as invoke:
        yield invoke


def _recount_line(lanes: int, drifted: int, busy: int) -> str:
    """Also printed when all counts are right, to show that they were counted."""
    line = f"{plural(lanes, 'lane')} counted, {drifted + busy} wrong"
    return f"{line}, {busy} of them too busy to be corrected" if busy else line


def _line(job: Mapping[str, Any]) -> str:
    if "error" in job:
        return f"{job['jobId']}  {job['error']}"
    published = plural(job["eventsPublished"], "event")
    parts = [f"{job['jobId']}  {job['status']}, {published} published"]
    for name, words in (
        ("driftedLanes", "counts corrected in lanes"),
        ("busyLanes", "counts wrong in lanes that are too busy to be corrected:"),
    ):
        if lanes := job.get(name):
            parts.append(f"{words} {', '.join(str(lane) for lane in lanes)}")
    return ", ".join(parts)
