"""Each request for maintenance leads to its use case, within the invocation's time."""

from typing import Any

import pytest

from forgeledger.jobs.model.reconciliation import (
    MaintenanceReport,
    MaintenanceRequest,
    Reconciled,
    ReconcileJob,
    ReconcileOpenJobs,
    RunRound,
)
from forgeledger.jobs.usecases.run_maintenance import Maintenance
from forgeledger.runtime import REQUEST_MS, HasTime
from tests.support.builders import JOB_ID

ONE_JOB = Reconciled(job_id=JOB_ID, status="RUNNING")


class UseCases:
    """Records which use case is called; each reports one job."""

    def __init__(self, left_ms: int = 100_000) -> None:
        self.left_ms = left_ms
        self.calls: list[tuple[Any, ...]] = []
        self.had_time: list[tuple[bool, bool]] = []

    def maintenance(self) -> Maintenance:
        return Maintenance(reconciler=self, scheduled_round=self)

    def reconcile(self, job_id: str, has_time: HasTime) -> Reconciled:
        self.calls.append(("reconcile", job_id, has_time()))
        return ONE_JOB

    def recount(self, job_id: str, has_time: HasTime, first_lane: int) -> Reconciled:
        self.calls.append(("recount", job_id, has_time(), first_lane))
        return ONE_JOB

    def reconcile_open(
        self, has_time: HasTime, after: str | None, *, recount: bool
    ) -> tuple[list[Reconciled], str | None]:
        self.calls.append(("reconcile_open", after, has_time(), recount))
        return [ONE_JOB], "the last job"

    def run(self, has_half: HasTime, has_time: HasTime) -> tuple[list[Reconciled], bool]:
        self.calls.append(("run", has_half(), has_time()))
        for self.left_ms in (60_000, 50_000, REQUEST_MS):
            self.had_time.append((has_half(), has_time()))
        return [ONE_JOB], False


@pytest.mark.parametrize(
    ("request_", "call", "report"),
    [
        (ReconcileJob(job_id=JOB_ID), ("reconcile", JOB_ID, True), {}),
        (
            ReconcileJob(job_id=JOB_ID, recount=True, from_lane=3),
            ("recount", JOB_ID, True, 3),
            {},
        ),
        (
            ReconcileOpenJobs(recount=True, after="a job"),
            ("reconcile_open", "a job", True, True),
            {"after": "the last job"},
        ),
        (
            ReconcileOpenJobs(),
            ("reconcile_open", None, True, False),
            {"after": "the last job"},
        ),
        (RunRound(), ("run", True, True), {"round_complete": False}),
    ],
)
def test_each_request_leads_to_its_use_case(
    request_: MaintenanceRequest, call: tuple[Any, ...], report: dict[str, Any]
) -> None:
    use_cases = UseCases()

    result = use_cases.maintenance().run(request_, lambda: use_cases.left_ms)

    assert use_cases.calls == [call]
    assert result == MaintenanceReport(jobs=(ONE_JOB,), **report)


def test_no_use_case_starts_a_request_when_the_invocation_nearly_ends() -> None:
    use_cases = UseCases(left_ms=REQUEST_MS)

    use_cases.maintenance().run(ReconcileJob(job_id=JOB_ID), lambda: use_cases.left_ms)

    assert use_cases.calls == [("reconcile", JOB_ID, False)]


def test_a_round_reconciles_for_half_of_its_time_and_extends_retention_in_the_rest() -> None:
    use_cases = UseCases(left_ms=100_000)

    use_cases.maintenance().run(RunRound(), lambda: use_cases.left_ms)

    assert use_cases.had_time == [(True, True), (False, True), (False, False)]
