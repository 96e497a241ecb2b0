"""A row without an end is noticed, and so is a key that stands for its job for too long."""

from dataclasses import replace
from typing import Any

import pytest

from forgeledger.jobs.model.ids import make_job_id
from forgeledger.jobs.model.job_lifecycle import create
from forgeledger.jobs.model.jobs import JobSpec
from forgeledger.jobs.model.lanes import LaneRules
from tests.simulation.end_checks import DAY_MS
from tests.simulation.job_checks import JobChecks, ObservedJob
from tests.simulation.lane_checks import Violation
from tests.simulation.registration_checks import check_creation
from tests.simulation.retention_checks import check_expiration, check_key

SPEC = JobSpec(job_id=make_job_id(0, 0, 1), name="night run", lanes=1, created_at=0)
JOB, _, _ = create(SPEC)
ENDLESS, _, _ = create(replace(SPEC, rules=LaneRules(ttl_days=0)))
PK = f"JOB#{SPEC.job_id}"
MINUTES_MS = 60_000


def key(**attributes: int) -> dict[str, Any]:
    return {"id": {"S": "a"}, **{name: {"N": str(value)} for name, value in attributes.items()}}


def test_a_key_expires_after_ten_minutes() -> None:
    check_key(key(expiration=600), now=0)
    check_key(None, now=0)


@pytest.mark.parametrize("row", [key(), key(expiration=602)])
def test_a_key_that_lasts_longer_is_noticed(row: dict[str, Any]) -> None:
    with pytest.raises(Violation, match="the key a never expires"):
        check_key(row, now=0)


def test_rows_of_a_job_expire_after_its_days_or_never() -> None:
    check_expiration(PK, {"JOB": {"ttl": {"N": "1"}}}, JOB, now=0)
    check_expiration(PK, {"JOB": {"ttl": {"N": str(30 * DAY_MS // 1000)}}}, JOB, now=0)
    check_expiration(PK, {"JOB": {}}, ENDLESS, now=0)


@pytest.mark.parametrize("row", [{}, {"ttl": {"N": str(31 * DAY_MS // 1000)}}])
def test_a_row_that_does_not_expire_in_time_is_noticed(row: dict[str, Any]) -> None:
    with pytest.raises(Violation, match="JOB never expires"):
        check_expiration(PK, {"JOB": row}, JOB, now=0)


def test_a_row_that_must_never_expire_is_noticed() -> None:
    with pytest.raises(Violation, match="although its job has no ttlDays"):
        check_expiration(PK, {"JOB": {"ttl": {"N": "1"}}}, ENDLESS, now=0)


def checks_of(*jobs: ObservedJob) -> JobChecks:
    checks = JobChecks.__new__(JobChecks)
    checks.by_pk = {f"JOB#{observed.job.job_id}": observed for observed in jobs}
    return checks


def test_a_key_may_stand_for_its_job_for_twenty_minutes() -> None:
    check_creation(checks_of(ObservedJob(JOB)), JOB.job_id, 20 * MINUTES_MS, once=True)


def test_a_key_that_stands_for_its_job_for_longer_is_noticed() -> None:
    with pytest.raises(Violation, match="is the answer to a request at"):
        check_creation(checks_of(ObservedJob(JOB)), JOB.job_id, 22 * MINUTES_MS, once=False)


def test_a_job_that_was_created_twice_is_noticed() -> None:
    again, _, _ = create(replace(SPEC, job_id=make_job_id(1, 1, 1)))
    checks = checks_of(ObservedJob(JOB), ObservedJob(again))

    check_creation(checks, JOB.job_id, 0, once=False)
    with pytest.raises(Violation, match="was created 2 times"):
        check_creation(checks, JOB.job_id, 0, once=True)
