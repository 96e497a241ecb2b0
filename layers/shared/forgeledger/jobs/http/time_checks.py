"""Checks of the times at which a job starts and a pause ends, by the ledger's clock."""

from collections.abc import Iterator
from contextlib import contextmanager

from forgeledger.errors import ExecuteAtPast
from forgeledger.jobs.http.change_bodies import PauseJob
from forgeledger.jobs.messages.field_checks import milliseconds
from forgeledger.jobs.model.limits import HELD_SECONDS, START_LATE_SECONDS
from forgeledger.jobs.services import Services
from forgeledger.web.error_responses import invalid_field

_EXECUTE_AT = "executeAt"


def check_start(services: Services, execute_at: int) -> None:
    if not services.execution:
        raise invalid_field(
            _EXECUTE_AT, "execution_off", "needs a deployment with the parameter Execution on"
        )
    _check_ahead(services, _EXECUTE_AT, execute_at)


@contextmanager
def refused_when_past() -> Iterator[None]:
    try:
        yield
    except ExecuteAtPast as error:
        message = (
            f"is {error.late_ms / 1000:.1f} s ago; at most {START_LATE_SECONDS} s is taken as now"
        )
        raise invalid_field(_EXECUTE_AT, "execute_at_past", message) from error


def pause_end(services: Services, body: PauseJob) -> int | None:
    if body.until is None:
        return None
    until = milliseconds(body.until)
    if until <= services.runtime.clock():
        raise invalid_field("until", "minimum", "must be later than now")
    _check_ahead(services, "until", until)
    return until


def _check_ahead(services: Services, field: str, at: int) -> None:
    if at > services.runtime.clock() + HELD_SECONDS * 1000:
        days = HELD_SECONDS // 86_400
        raise invalid_field(field, "maximum", f"must be at most {days} days ahead")
