"""Each job has a report, whose outcome and counts are those of its facts and items."""

from random import Random
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from forgeledger.execution.http.report_bodies import forgerun_body, report_body
from forgeledger.execution.model.errors import NotOneItem
from forgeledger.execution.services import execution_on
from forgeledger.jobs.model.facts import Fact
from forgeledger.json_text import iso
from tests.simulation.checks import Checks
from tests.simulation.end_checks import VERDICTS
from tests.simulation.http_side import request
from tests.simulation.job_checks import ObservedJob
from tests.simulation.key_checks import ended_badly
from tests.simulation.lambdas import PlannedFaults
from tests.simulation.lane_checks import Violation
from tests.simulation.list_checks import job_of

if TYPE_CHECKING:
    from tests.simulation.operators import Operators

_HTTP_SHARE, _FORGERUN_SHARE = 0.1, 0.4
_FORGERUN = {"as": "forgerun"}
_COUNTS = {
    "pending": "PENDING",
    "inProgress": "IN_PROGRESS",
    "completed": "COMPLETED",
    "failed": "FAILED",
    "canceled": "CANCELED",
}
_SUMS = {
    "attempts": {name: name for name in ("claims", "failures", "expired", "released")},
    "time": {"queueMs": "queue_ms", "runMs": "run_ms"},
}
# ForgeRun's transitions, and three that it has not: a takeover, a resumed item, and an item that
# waits while its job fails.
_TRANSITIONS = frozenset(
    {
        ("CREATED", "CREATED"),
        ("CREATED", "QUEUED"),
        ("QUEUED", "ASSIGNED"),
        ("QUEUED", "CANCELED"),
        ("ASSIGNED", "RUNNING"),
        ("RUNNING", "QUEUED"),
        ("RUNNING", "SUCCEEDED"),
        ("RUNNING", "FAILED"),
        ("RUNNING", "CANCELED"),
        ("FAILED", "QUEUED"),
        ("CANCELED", "QUEUED"),
        ("QUEUED", "FAILED"),
    }
)


def check_a_report(operators: "Operators", random: Random, faults: PlannedFaults) -> None:
    """Read the report of a job, and compare it unless others wrote meanwhile."""
    world, checks = operators.world, operators.world.observer
    job = random.choice(operators.jobs)
    http = random.random() < _HTTP_SHARE
    query = _FORGERUN if random.random() < _FORGERUN_SHARE else None
    commits = world.commits

    def work(_: Any) -> Any:
        if http:
            return (request(world, "GET", f"/jobs/{job.job_id}/report", query=query),)
        reports = execution_on(operators.store, world.runtime).reports
        if query is None:
            body: BaseModel = report_body(reports.report(job.job_id))
            return (body.model_dump(mode="json", by_alias=True),)
        try:
            body = forgerun_body(reports.forgerun(job.job_id))
        except NotOneItem:
            return ({"status": 422},)
        return (body.model_dump(mode="json"),)

    shown = operators._request(lambda: f"report on {job.new.name}", work, faults)
    if shown is None or commits != world.commits or not isinstance(checks, Checks):
        return
    (_check_report if query is None else _check_forgerun)(checks, job.job_id, *shown)


def _check_report(checks: Checks, job_id: str, shown: Any) -> None:
    observed = job_of(checks, job_id)
    job, total = observed.job, _total(checks, job_id)
    tolerated = job.status == "COMPLETED_WITH_FAILURES" and not ended_badly(job)
    expected = {
        "status": job.status,
        "final": job.finished,
        "outcome": _outcome(observed, total),
        "outcomeReason": "failures_tolerated" if tolerated else job.ending_reason,
        "clientId": job.spec.client_id,
    }
    for name, value in expected.items():
        _compare(job_id, name, shown[name], value)
    folds = [lane.fold for lane in checks.jobs.lanes_of(job)]
    for name, fields in _SUMS.items():
        sums = {field: sum(getattr(fold, of) for fold in folds) for field, of in fields.items()}
        _compare(job_id, name, shown[name], sums)
    failures = sum(failure["count"] for failure in shown["failuresByType"])
    _compare(job_id, "number of failures by type", failures, total["FAILED"])
    facts = observed.facts
    _compare(job_id, "facts", [e["type"] for e in shown["events"]], [f.kind for f in facts])
    numbers = [epoch["epoch"] for epoch in shown["epochs"]]
    _compare(job_id, "epochs", numbers, list(range(1, job.epoch + 1)))
    for epoch in shown["epochs"]:
        _check_epoch(job_id, epoch, observed, total)


def _check_epoch(job_id: str, epoch: Any, observed: ObservedJob, total: dict[str, int]) -> None:
    number = epoch["epoch"]
    facts = [fact for fact in observed.facts if fact.epoch == number]
    verdict = next((fact for fact in facts if fact.kind in VERDICTS), None)
    where = f"epoch {number}: "
    _compare(job_id, f"{where}opened", epoch["openedAt"], iso(facts[0].at))
    if verdict is None:
        _compare(
            job_id,
            f"{where}end",
            (epoch["status"], epoch["finishedAt"]),
            (observed.job.status, None),
        )
        counts = total
    else:
        end = (epoch["status"], epoch["finishedAt"], epoch["durationMs"])
        _compare(job_id, f"{where}end", end, (verdict.status, iso(verdict.at), verdict.duration_ms))
        counts = _by_state(verdict)
    shown = {state: epoch["counts"][name] for name, state in _COUNTS.items()}
    _compare(job_id, f"{where}counts", shown, {state: counts[state] for state in shown})


def _check_forgerun(checks: Checks, job_id: str, shown: Any) -> None:
    observed, total = job_of(checks, job_id), _total(checks, job_id)
    single = sum(total.values()) == 1
    _compare(job_id, "refused", shown.get("status") == 422, not single)
    if not single:
        return
    _compare(job_id, "outcome", shown["outcome"], _outcome(observed, total))
    state = "CREATED"
    for event in shown["events"]:
        step = (event["prev_state"], event["next_state"])
        if event["prev_state"] != state or step not in _TRANSITIONS:
            raise Violation(f"{job_id}: {step} after {state} in {shown}")
        state = event["next_state"]
    if (shown["finished_at"] is not None) is not observed.job.finished:
        raise Violation(f"{job_id}: {observed.job.status}, and reported as {shown}")


def _outcome(observed: ObservedJob, total: dict[str, int]) -> str | None:
    """By the contract: a job of one item goes as its item."""
    job = observed.job
    if not job.finished:
        return None
    if job.status == "COMPLETED_WITH_FAILURES" and sum(total.values()) == 1:
        return "FAILED" if total["FAILED"] else "CANCELED"
    return job.status if job.status in ("FAILED", "CANCELED") else "SUCCESS"


def _total(checks: Checks, job_id: str) -> dict[str, int]:
    return checks.jobs.total(job_of(checks, job_id).job)


def _by_state(fact: Fact) -> dict[str, int]:
    names = ("pending", "in_progress", "completed", "failed", "canceled")
    return {name.upper(): getattr(fact.counts, name) for name in names}


def _compare(job_id: str, what: str, shown: Any, expected: Any) -> None:
    if shown != expected:
        raise Violation(f"{job_id}: the report shows {what} {shown}, not {expected}")
