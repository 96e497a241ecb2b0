"""Every row must have an end: a finished job's rows after its days, a key after ten minutes."""

from collections.abc import Mapping

from forgeledger.jobs.model.jobs import Job
from forgeledger.web.limits import IDEMPOTENCY_SECONDS
from tests.simulation.end_checks import CLOCK_SKEW_MS, DAY_MS
from tests.simulation.expressions import Row
from tests.simulation.lane_checks import Violation


def check_key(row: Row | None, now: int) -> None:
    """A row of the idempotency table expires ten minutes after it was written."""
    latest = (now + CLOCK_SKEW_MS) // 1000 + IDEMPOTENCY_SECONDS
    if row is not None and ("expiration" not in row or int(row["expiration"]["N"]) > latest):
        raise Violation(f"the key {row['id']['S']} never expires: {row.get('expiration')}")


def check_expiration(pk: str, rows: Mapping[str, Row], job: Job, now: int) -> None:
    """Each row of a finished job expires `ttlDays` after it was written; with 0 days none does."""
    days = job.spec.rules.ttl_days
    latest = (now + CLOCK_SKEW_MS + days * DAY_MS) // 1000
    for sk, row in rows.items():
        if not days and "ttl" in row:
            raise Violation(f"{pk} {sk} expires although its job has no ttlDays")
        if days and ("ttl" not in row or int(row["ttl"]["N"]) > latest):
            raise Violation(f"{pk} {sk} never expires: {row.get('ttl')}")
