"""Weeks in which only the scheduled rounds run, and in which expired rows are deleted."""

from typing import TYPE_CHECKING

from tests.simulation.coverage import CoveragePoint
from tests.simulation.end_checks import DAY_MS, rows_expire_at
from tests.simulation.expressions import Row
from tests.simulation.job_checks import ObservedJob
from tests.simulation.key_checks import KEY_SK, check_key_expiry
from tests.simulation.lambdas import PlannedFaults
from tests.simulation.lane_checks import Violation
from tests.simulation.quiescence import drain, finish_in_flight, run_rounds
from tests.simulation.table import Tables
from tests.simulation.table_requests import has_expired

if TYPE_CHECKING:
    from tests.simulation.history_run import History

# The share of expired rows that DynamoDB has deleted by now.
_DELETED_SHARE = 0.5
# After this time a job may not be reopened, but its rows have not expired yet.
_LATE_MS = 59 * DAY_MS // 2
# This long before they expire, the checks stop relying on a job's rows.
_MARGIN_MS = 3_600_000
# Attributes with the time of a row's last write; other rows last as long as their job.
_WRITTEN_AT = ("updatedAt", "at")
# A job that was just reopened may be missing from the index of open jobs.
_INDEX_LAGS_MS = 5_000


def weeks_pass(history: "History", seed: int, faults: PlannedFaults) -> None:
    """Come to rest, then run one round per week in place of thousands."""
    world = history.world
    if world.depth:
        # A stalled process would have timed out long before.
        return
    finish_in_flight(history)
    _round(history)
    weeks, week_ms = 2 + seed % 4, _LATE_MS // (4 + (seed >> 8) % 2)
    for _ in range(weeks):
        world.now += week_ms
        world.log(f"{week_ms // DAY_MS} days pass")
        _expire_rows(history)
        if faults:
            history.lambdas.reconcile({"scheduled": True}, faults)
            # A command that was sent while it stalled may reopen a job, whose rows a round renews.
            drain(history)
        _round(history)
        drain(history)


def _round(history: "History") -> None:
    """Rounds without faults, after the index has caught up, until they looked at all jobs."""
    history.world.now += _INDEX_LAGS_MS
    run_rounds(history)


def expired_rows(tables: Tables, now: int) -> list[tuple[str, str, Row]]:
    """Rows whose TTL has passed."""
    return [
        (pk, sk, row)
        for pk in tables.partition_keys()
        for sk, row in tables.partition(pk).items()
        if has_expired(row, now)
    ]


def _expire_rows(history: "History") -> None:
    """DynamoDB deletes rows some time after they expired, in any order."""
    world, checks = history.world, history.checks
    jobs = checks.jobs.by_pk
    world.expired.clear()
    for pk, sk, row in expired_rows(world.tables, world.now):
        # Rows of the idempotency table belong to no job.
        if sk == KEY_SK:
            check_key_expiry(checks.jobs, pk, row)
        elif pk != "id":
            _check_expiry(jobs[pk if pk in jobs else pk.rpartition("#")[0]], pk, sk, row)
        if world.random.random() < _DELETED_SHARE:
            world.coverage[CoveragePoint.ROWS_EXPIRED] += 1
            world.tables.delete(pk, sk)
        else:
            world.expired.append((pk, sk))
    for pk, observed in jobs.items():
        job = observed.job
        if job.rows_lost:
            raise Violation(f"{pk}: its retention was extended too late")
        if job.finished and rows_expire_at(job) - _MARGIN_MS <= world.now:
            checks.expired_pks |= {pk, *(f"{pk}#{lane}" for lane in range(job.spec.lanes))}
    # Late workers still report on these jobs; operators only look whether they are gone.
    operators = history.operators
    gone = [job for job in operators.jobs if f"JOB#{job.job_id}" in checks.expired_pks]
    operators.expired_jobs += gone
    operators.jobs = [job for job in operators.jobs if job not in gone]
    operators.given_commands = [
        given
        for given in operators.given_commands
        if f"JOB#{given[0].job_id}" not in checks.expired_pks
    ]


def _check_expiry(observed: ObservedJob, pk: str, sk: str, row: Row) -> None:
    """Rows last `ttlDays` after their last write, and at least until their job is finished."""
    job = observed.job
    if not job.finished or job.finished_at is None:
        raise Violation(f"{pk} {sk} expires while the job runs")
    if sk.startswith("DUE#"):
        # When it was written it does not say.
        return
    written = [int(row[name]["N"]) for name in _WRITTEN_AT if name in row] or [job.finished_at]
    if int(row["ttl"]["N"]) * 1000 + 1000 < written[0] + job.spec.rules.ttl_days * DAY_MS:
        raise Violation(f"{pk} {sk} expires too early")
