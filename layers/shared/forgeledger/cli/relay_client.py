"""Invokes the relay directly, again and again until it says that nothing is left to do."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from forgeledger.cli import exit_codes
from forgeledger.cli.error_messages import CliError

Invoke = Callable[[Mapping[str, Any]], Mapping[str, Any]]


def lambda_invoke(client: Any, function: str) -> Invoke:
    """The deployed function, by AWS Lambda."""

    def invoke(event: Mapping[str, Any]) -> Mapping[str, Any]:
        answer = client.invoke(FunctionName=function, Payload=json.dumps(event).encode())
        content = json.loads(answer["Payload"].read() or "null")
        if answer.get("FunctionError") or not isinstance(content, dict):
            told = content if isinstance(content, dict) else {}
            why = f"{told.get('errorType', 'Error')}: {told.get('errorMessage', content)}"
            missing = told.get("errorType") == "JobNotFound"
            raise CliError(why, exit_codes.NOT_FOUND if missing else exit_codes.UNREACHABLE)
        return content

    return invoke


def reconcile_job(invoke: Invoke, job_id: str, *, recount: bool) -> Iterator[Mapping[str, Any]]:
    """What was done, invocation by invocation; a recount goes on lane by lane."""
    request: dict[str, Any] = {"jobId": job_id}
    if recount:
        request["recount"] = True
    lane = 0
    while True:
        answer = invoke({"reconcile": request})
        yield from answer["jobs"]
        following = [job["nextLane"] for job in answer["jobs"] if "nextLane" in job]
        if not following:
            return
        # An invocation that had no time for a single lane must not go on for ever.
        if following[0] <= lane:
            raise CliError(f"lane {lane} takes longer than the relay has", exit_codes.UNREACHABLE)
        lane = request["fromLane"] = following[0]


def reconcile_open(invoke: Invoke) -> Iterator[Mapping[str, Any]]:
    """Every job that runs or has something to tell."""
    request: dict[str, Any] = {"running": True}
    while True:
        answer = invoke({"reconcile": request})
        yield from answer["jobs"]
        after = answer.get("after")
        if after is None:
            return
        if after == request.get("after"):
            raise CliError("one job takes longer than the relay has", exit_codes.UNREACHABLE)
        request["after"] = after
