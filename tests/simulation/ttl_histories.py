"""Weeks in which nothing but the schedule is at work, and rows vanish whose time is over."""

from typing import TYPE_CHECKING

from tests.simulation.coverage import Happening
from tests.simulation.end_checks import DAY_MS, rows_vanish_at
from tests.simulation.expressions import Row
from tests.simulation.job_checks import JobTruth
from tests.simulation.lambdas import Faults
from tests.simulation.lane_checks import Violation
from tests.simulation.quiescence import calm_down, drain
from tests.simulation.table import Tables

if TYPE_CHECKING:
    from tests.simulation.history_run import History

# How many of the rows whose time is over are gone when somebody looks.
_GONE = 0.7
# Some weeks after which a job may not run again, and its rows have not vanished yet.
_LATE_MS = 59 * DAY_MS // 2
# From then on nobody relies on a job's rows.
_MARGIN_MS = 3_600_000
# When a row was written last, whatever kind of row it is; the rest lasts as long as the job.
_WRITTEN = ("updatedAt", "at")
# A job that was reopened just now may be missing among the open ones.
_INDEX_LAGS_MS = 5_000
_NEVER = {"N": str(1 << 62)}


def weeks_pass(history: "History", seed: int, faults: Faults) -> None:
    """All that is under way comes to rest; a round a week does what thousands would do."""
    world = history.world
    if world.depth:
        # Whoever stands still would be ended long before.
        return
    calm_down(history)
    _round(history)
    weeks, week_ms = 1 + seed % 5, _LATE_MS // (4 + (seed >> 8) % 2)
    for _ in range(weeks):
        world.now += week_ms
        world.note(f"{week_ms // DAY_MS} days pass")
        _vanish(history)
        if faults:
            history.lambdas.reconcile({"scheduled": True}, faults)
        _round(history)
        drain(history)


def _round(history: "History") -> None:
    """It goes on where the one before was cut short, if it was; by now the index has followed."""
    history.world.now += _INDEX_LAGS_MS
    assert history.lambdas.reconcile({"scheduled": True}, {}) is not None


def expired(tables: Tables, now: int) -> list[tuple[str, str, Row]]:
    """Rows whose time is over."""
    return [
        (pk, sk, row)
        for pk in tables.partition_keys()
        for sk, row in tables.partition(pk).items()
        if int(row.get("ttl", row.get("expiration", _NEVER))["N"]) < now // 1000
    ]


def _vanish(history: "History") -> None:
    """DynamoDB deletes rows some time after they expired, in any order."""
    world, checks = history.world, history.checks
    truths = checks.jobs.truths
    for pk, sk, row in expired(world.tables, world.now):
        # All others answer requests that came long ago.
        if pk != "id":
            _judge(truths[pk if pk in truths else pk.rpartition("#")[0]], pk, sk, row)
        if world.random.random() < _GONE:
            world.met[Happening.VANISHED] += 1
            world.tables.delete(pk, sk)
    for pk, truth in truths.items():
        job = truth.job
        if job.rows_lost:
            raise Violation(f"{pk}: was kept too late")
        if job.finished and rows_vanish_at(job) - _MARGIN_MS <= world.now:
            checks.gone |= {pk, *(f"{pk}#{lane}" for lane in range(job.spec.lanes))}
    # Nobody asks for them any more; workers that come late do not know.
    people = history.people
    people.jobs = [job for job in people.jobs if f"JOB#{job.job_id}" not in checks.gone]
    people.given = [each for each in people.given if f"JOB#{each[0].job_id}" not in checks.gone]


def _judge(truth: JobTruth, pk: str, sk: str, row: Row) -> None:
    """Rows last their days, and as long as their job runs."""
    job = truth.job
    if not job.finished or job.finished_at is None:
        raise Violation(f"{pk} {sk} vanishes, and the job runs")
    written = [int(row[name]["N"]) for name in _WRITTEN if name in row] or [job.finished_at]
    if int(row["ttl"]["N"]) * 1000 + 1000 < written[0] + job.spec.rules.ttl_days * DAY_MS:
        raise Violation(f"{pk} {sk} vanishes too early")
