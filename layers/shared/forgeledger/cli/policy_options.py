"""The options that make a job's policy: what becomes of items that fail, and of late workers."""

from typing import Annotated, Any

import typer

from forgeledger.cli.arguments import not_empty
from forgeledger.jobs.model.limits import BACKOFF_SECONDS

MAX_ATTEMPTS = Annotated[
    int | None,
    typer.Option(
        min=1, help="The attempt whose failure is final; default: 1, so nothing is retried."
    ),
]
LEASE_SECONDS = Annotated[
    int | None,
    typer.Option(min=0, help="How long a claim lasts without a heartbeat; 0: no lease."),
]
BACKOFF_BASE_SECONDS = Annotated[
    float | None,
    typer.Option(
        min=0,
        max=BACKOFF_SECONDS,
        help="The wait after a first failure is below it, and "
        "doubles with each further one; default: 0, no wait.",
    ),
]
BACKOFF_CAP_SECONDS = Annotated[
    float | None,
    typer.Option(
        min=0, max=BACKOFF_SECONDS, help="No wait after a failure is longer; default: 300."
    ),
]
PERMANENT_ERROR = Annotated[
    list[str] | None,
    typer.Option(help="An error type that is never retried; may be given ten times."),
]
RUN_SECONDS = Annotated[
    int | None,
    typer.Option(min=1, help="The longest attempt: no heartbeat extends a lease beyond it."),
]
TOLERATED_FAILURES = Annotated[
    int | None, typer.Option(min=0, help="More failed items than this fail the job.")
]
TOLERATED_FAILURE_PERCENT = Annotated[
    float | None,
    typer.Option(min=0, max=100, help="A larger share of failed items fails the job too."),
]

EXECUTE_AT = Annotated[
    str | None,
    typer.Option(
        callback=not_empty,
        help="When it starts, as 2026-12-01T09:00:00Z: until then it grants no claims.",
    ),
]
MAX_IN_FLIGHT = Annotated[
    int | None,
    typer.Option(min=1, help="So many items are handed out at once; it implies --dispatch."),
]


def dispatch_of(max_in_flight: int | None, *, asked: bool) -> dict[str, Any] | None:
    """How the items are handed out; None if workers get them in some other way."""
    if max_in_flight is not None:
        return {"maxInFlight": max_in_flight}
    return {} if asked else None
