"""Invokes the relay directly and repeats until it reports that nothing is left to do."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from forgeledger.cli import exit_codes
from forgeledger.cli.error_messages import CliError, NoSuchJob
from forgeledger.errors import JobNotFound

Invoke = Callable[[Mapping[str, Any]], Mapping[str, Any]]


def lambda_invoke(client: Any, function: str) -> Invoke:
    """Invokes the deployed function through AWS Lambda."""

    def invoke(event: Mapping[str, Any]) -> Mapping[str, Any]:
        answer = client.invoke(FunctionName=function, Payload=json.dumps(event).encode())
        content = json.loads(answer["Payload"].read() or "null")
        if answer.get("FunctionError") or not isinstance(content, dict):
            error = content if isinstance(content, dict) else {}
            kind = error.get("errorType", "Error")
            raise relay_failure(kind, str(error.get("errorMessage", content)))
        return content

    return invoke


def relay_failure(kind: str, message: str) -> CliError:
    """An error of the relay; an unknown job is told as the API tells it."""
    if kind == JobNotFound.__name__:
        return NoSuchJob(message.removeprefix(JobNotFound.text.format("")))
    return CliError(f"{kind}: {message}", exit_codes.UNREACHABLE)


def reconcile_job(invoke: Invoke, job_id: str, *, recount: bool) -> Iterator[Mapping[str, Any]]:
    """The relay's report for each invocation; a recount continues lane by lane."""
    request: dict[str, Any] = {"jobId": job_id}
    if recount:
        request["recount"] = True
    lane = 0
    while True:
        answer = invoke({"reconcile": request})
        yield from answer["jobs"]
        next_lanes = [job["nextLane"] for job in answer["jobs"] if "nextLane" in job]
        if not next_lanes:
            return
        # An invocation whose time was too short for a single lane would be repeated without end.
        if next_lanes[0] <= lane:
            raise CliError(
                f"lane {lane} takes longer than the relay's time limit", exit_codes.UNREACHABLE
            )
        lane = request["fromLane"] = next_lanes[0]


def reconcile_open(invoke: Invoke) -> Iterator[Mapping[str, Any]]:
    """Every job that runs or has unpublished events."""
    request: dict[str, Any] = {"running": True}
    while True:
        answer = invoke({"reconcile": request})
        yield from answer["jobs"]
        after = answer.get("after")
        if after is None:
            return
        if after == request.get("after"):
            raise CliError(
                "one job takes longer than the relay's time limit", exit_codes.UNREACHABLE
            )
        request["after"] = after
