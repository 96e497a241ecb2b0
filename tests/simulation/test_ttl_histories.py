"""Rows expire `ttlDays` after their last write, and never while their job runs."""

from dataclasses import replace
from random import Random
from typing import Any

import pytest

from forgeledger.jobs.model.ids import make_job_id
from forgeledger.jobs.model.job_lifecycle import cancel, create, reopen
from forgeledger.jobs.model.jobs import Job, JobSpec, JobStatus
from forgeledger.jobs.model.lanes import Counts, LaneRules
from tests.simulation.checks import Checks
from tests.simulation.clock_steps import keys_expire
from tests.simulation.coverage import CoveragePoint
from tests.simulation.end_checks import DAY_MS
from tests.simulation.history_run import History, start_history
from tests.simulation.job_checks import ObservedJob
from tests.simulation.lane_checks import Violation
from tests.simulation.request_checks import CLIENT, OPERATOR, RequestLog
from tests.simulation.script import SEEDS_PER_GROUP, Script
from tests.simulation.steps import ScriptStep
from tests.simulation.table import RowChange, Tables
from tests.simulation.ttl_histories import _check_expiry, expired_rows
from tests.simulation.workloads import StepKind, Workload
from tests.simulation.world import Invocation, SimulatedWorld
from tests.simulation.world_rules import WorldRules

SPEC = JobSpec(job_id=make_job_id(0, 0, 1), name="night run", lanes=1, created_at=0)
JOB, _, CREATED = create(SPEC)
PK = f"JOB#{SPEC.job_id}"
FINISHED = replace(JOB, status=JobStatus.CANCELED, finished_at=DAY_MS)
# A seed in whose history no idle job is canceled.
KEEPS_IDLE = SEEDS_PER_GROUP
# The only job, so that all later requests are for it; it has no deadline and starts at once.
ONE_JOB = ScriptStep(StepKind.CREATE, 8)
# Four periods of about a week.
WEEKS = ScriptStep(StepKind.WEEKS, 3)


def written_at(ms: int, *, lasting_days: int, by: str = "at") -> dict[str, Any]:
    return {by: {"N": str(ms)}, "ttl": {"N": str((ms + lasting_days * DAY_MS) // 1000)}}


@pytest.mark.parametrize(
    "row",
    [
        written_at(0, lasting_days=30),
        written_at(1_999, lasting_days=30, by="updatedAt"),
        # Header and heads expire as long after the end of their job.
        written_at(DAY_MS, lasting_days=30, by="finishedAt"),
    ],
)
def test_a_finished_jobs_rows_may_expire_when_their_days_are_over(row: dict[str, Any]) -> None:
    _check_expiry(ObservedJob(FINISHED), PK, "some row", row)


@pytest.mark.parametrize(
    "row",
    [
        written_at(0, lasting_days=29),
        written_at(5_000, lasting_days=29, by="updatedAt"),
        written_at(0, lasting_days=30, by="createdAt"),
    ],
)
def test_no_row_expires_earlier(row: dict[str, Any]) -> None:
    with pytest.raises(Violation, match="some row expires too early"):
        _check_expiry(ObservedJob(FINISHED), PK, "some row", row)


def test_no_row_of_a_job_that_runs_expires() -> None:
    with pytest.raises(Violation, match="expires while the job runs"):
        _check_expiry(ObservedJob(JOB), PK, "some row", written_at(0, lasting_days=30))


def test_an_expired_row_is_in_no_index_and_counts_as_no_commit() -> None:
    commits: list[list[RowChange]] = []
    tables = Tables(lambda: 5_000, commits.append)
    for pk, seconds in (("a", 4), ("b", 5), ("c", 6)):
        row = {"PK": {"S": pk}, "SK": {"S": "JOB"}, "ttl": {"N": str(seconds)}, "jobId": {"S": pk}}
        tables.put_item({"Item": row})

    assert [(pk, sk) for pk, sk, _ in expired_rows(tables, 5_000)] == [("a", "JOB")]
    tables.delete("a", "JOB")

    listed = tables.query(
        {
            "IndexName": "jobs",
            "KeyConditionExpression": "SK = :sk",
            "ExpressionAttributeValues": {":sk": {"S": "JOB"}},
        },
    )
    assert [row["PK"]["S"] for row in listed["Items"]] == ["b", "c"]
    assert tables.get("a", "JOB") is None
    assert len(commits) == 3


@pytest.fixture
def checks() -> Checks:
    """The checks of a world with one job, whose rows have expired."""
    world = SimulatedWorld(random=Random(1), rules=WorldRules())
    checks = Checks(world, RequestLog(world.commands))
    checks.jobs.by_pk[PK] = ObservedJob(FINISHED, [CREATED], versions=[FINISHED])
    checks.expired_pks = {PK, f"{PK}#0"}
    return checks


@pytest.mark.parametrize(("pk", "sk"), [(PK, "JOB"), (PK, "FACT#3"), (f"{PK}#0", "ITEM#a")])
def test_nothing_new_comes_to_a_job_whose_rows_expire(checks: Checks, pk: str, sk: str) -> None:
    with pytest.raises(Violation, match="was written after the job expired"):
        checks.committed([RowChange(pk, sk, None, {})])


def test_what_comes_late_may_be_noted(checks: Checks) -> None:
    checks.committed(
        [RowChange(f"{PK}#0", "LANE", {}, {}), RowChange(f"{PK}#0", "LOG#7", None, {})]
    )


def job_that_was_reopened(*, days_after: int) -> tuple[Job, Job]:
    now = JOB.renewed_since + days_after * DAY_MS
    canceled = replace(cancel(JOB, Counts(), 1).job, status=JobStatus.CANCELED, finished_at=1)
    return canceled, reopen(canceled, now).job


@pytest.mark.parametrize("days", [0, 29])
def test_a_job_may_run_again_until_a_day_before_its_rows_expire(checks: Checks, days: int) -> None:
    checks.world.now = days * DAY_MS
    checks.request_log.record_reopen(SPEC.job_id, CLIENT)

    checks.jobs._check_reopening(PK, *job_that_was_reopened(days_after=days), retried=False)


def test_a_job_may_not_run_again_when_its_rows_are_about_to_expire(checks: Checks) -> None:
    checks.world.now = 29 * DAY_MS + 1_000
    checks.request_log.record_reopen(SPEC.job_id, CLIENT)

    with pytest.raises(Violation, match="reopened although its rows are about to expire"):
        checks.jobs._check_reopening(PK, *job_that_was_reopened(days_after=29), retried=False)


def test_rows_that_never_expire_are_never_renewed(checks: Checks) -> None:
    lasting = replace(SPEC, rules=LaneRules(ttl_days=0))
    checks.world.now = 10_000 * DAY_MS
    checks.request_log.record_reopen(SPEC.job_id, CLIENT)
    canceled, reopened = job_that_was_reopened(days_after=10_000)

    checks.jobs._check_reopening(
        PK, replace(canceled, spec=lasting), replace(reopened, spec=lasting), retried=False
    )


def after_weeks(*steps: ScriptStep) -> History:
    history = start_history(
        Script(seed=KEEPS_IDLE, workload=Workload.LIFECYCLE, steps=(ONE_JOB, *steps, WEEKS, WEEKS))
    )
    history.run_steps(len(history.script.steps))
    return history


def test_a_job_that_runs_for_months_has_all_its_rows() -> None:
    history = after_weeks(ScriptStep(StepKind.REGISTER, 1))

    (job,) = history.operators.jobs
    history.checks.at_rest()
    assert history.world.now - history.checks.jobs.by_pk[f"JOB#{job.job_id}"].job.opened_at > (
        45 * DAY_MS
    )
    assert history.world.tables.get(f"JOB#{job.job_id}", "FACT#000000000000") is not None
    assert history.checks.expired_pks == set()


def test_a_job_that_ended_is_gone_and_is_asked_for_no_more() -> None:
    steps = [
        ScriptStep(kind, 1) for kind in (StepKind.REGISTER, StepKind.HTTP_COMMAND, StepKind.CANCEL)
    ]
    history = after_weeks(*steps)

    assert history.operators.jobs == []
    assert history.operators.given_commands == []
    assert len(history.checks.expired_pks) > 1
    assert history.world.coverage[CoveragePoint.ROWS_EXPIRED] > 0
    history.checks.at_rest()


def test_nobody_stands_still_for_weeks() -> None:
    history = start_history(Script(seed=1, workload=Workload.LIFECYCLE, steps=(WEEKS,)))
    begun, history.world.depth = history.world.now, 1

    history.run_steps(1)

    assert history.world.now == begun


def test_an_expired_row_is_deleted_while_a_process_runs() -> None:
    world = SimulatedWorld(random=Random(1), rules=WorldRules())
    for name, seconds in (("old", 0), ("new", 1 << 40)):
        row = {"id": {"S": name}, "expiration": {"N": str(seconds)}}
        world.tables.put_item({"Item": row})
        world.expired.append(("id", name))
    process = Invocation("api", {}, deadline=world.now + 600_000)

    def call_often() -> None:
        for _ in range(100):
            world.call("GetItem", world.tables.get_item, {"Key": {"id": {"S": "new"}}})

    world.invoke(process, call_often)

    # One whose retention was extended meanwhile stays.
    assert list(world.tables.partition("id")) == ["new"]
    assert world.coverage[CoveragePoint.EXPIRED_MEANWHILE] == 1
    assert world.expired == []


def test_keys_may_be_deleted_ten_minutes_after_they_were_written() -> None:
    world = SimulatedWorld(random=Random(1), rules=WorldRules())
    seconds = world.now // 1000
    row = {"id": {"S": "key"}, "expiration": {"N": str(seconds + 600)}}
    world.tables.put_item({"Item": row})

    keys_expire(world)
    before = list(world.expired)
    world.now += 601_000
    keys_expire(world)
    keys_expire(world)

    assert (before, world.expired) == ([], [("id", "key")])


def test_operators_look_for_a_job_that_is_gone() -> None:
    history = start_history(Script(seed=1, workload=Workload.LIFECYCLE, steps=(ONE_JOB,)))
    history.run_steps(1)
    operators = history.operators
    (job,) = operators.jobs
    operators.expired_jobs = [job]
    for pk in [pk for pk in history.world.tables.partition_keys() if job.job_id in pk]:
        for sk in list(history.world.tables.partition(pk)):
            history.world.tables.delete(pk, sk)

    for seed in range(20):
        operators.ask_for_expired(Random(seed))


def test_a_job_that_runs_although_its_rows_have_expired_is_noticed() -> None:
    history = start_history(Script(seed=1, workload=Workload.LIFECYCLE, steps=(ONE_JOB,)))
    history.run_steps(1)
    operators = history.operators
    operators.expired_jobs = list(operators.jobs)
    for name in ("seal", "cancel"):
        getattr(operators.request_log, f"record_{name}")(operators.jobs[0].job_id, OPERATOR)

    def ask_often() -> None:
        for seed in range(40):
            operators.ask_for_expired(Random(seed))

    with pytest.raises(Violation, match="of an expired job is answered"):
        ask_often()
