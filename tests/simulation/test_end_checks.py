"""The checks know when and for what reason a job may end, and when it must."""

from dataclasses import replace
from typing import Any

import pytest

from forgeledger.jobs.model.facts import Fact, FactKind
from forgeledger.jobs.model.ids import make_job_id
from forgeledger.jobs.model.jobs import Job, JobSpec, JobStatus, Tolerance
from forgeledger.jobs.model.lanes import Counts, LaneMode
from tests.simulation.end_checks import CLOCK_SKEW_MS, check_closing, check_verdict, overdue
from tests.simulation.lane_checks import Violation

BEGIN = 1_000_000
PASSES = BEGIN + 60_000
SPEC = JobSpec(job_id=make_job_id(0, 0, 1), name="night run", lanes=1, created_at=BEGIN)


def job(*, mode: LaneMode = LaneMode.OPEN, epoch: int = 1, **spec: Any) -> Job:
    at_verdict = Counts(failed=1, failings=1, completed=1) if epoch > 1 else Counts()
    return Job(spec=replace(SPEC, **spec), mode=mode, epoch=epoch, counts_at_verdict=at_verdict)


def fact(kind: FactKind, *, at: int = BEGIN, epoch: int = 1, **more: Any) -> Fact:
    more = {"counts": Counts(), **more}
    return Fact(
        number=0, kind=kind, epoch=epoch, at=at, status=JobStatus.RUNNING, duration_ms=0, **more
    )


CREATED = fact(FactKind.CREATED)
REOPENED = fact(FactKind.REOPENED, epoch=2, at=BEGIN + 7_000)
FIRST_FAILURE = fact(FactKind.FIRST_FAILURE)


def items(**counts: int) -> dict[str, int]:
    states = ("PENDING", "IN_PROGRESS", "COMPLETED", "FAILED", "CANCELED")
    return {state: counts.get(state.lower(), 0) for state in states}


def test_a_deadline_closes_no_job_before_it_passes() -> None:
    early = fact(FactKind.CLOSING, at=PASSES - CLOCK_SKEW_MS - 1, reason="deadline")
    late = replace(early, at=PASSES)
    running = job(deadline_seconds=60)

    check_closing("here", running, [CREATED], late, PASSES)
    with pytest.raises(Violation, match="the deadline is at"):
        check_closing("here", running, [CREATED], early, PASSES)
    with pytest.raises(Violation, match="the deadline is at None"):
        check_closing("here", job(), [CREATED], late, PASSES)


def test_each_epoch_has_a_deadline_of_its_own() -> None:
    closing = fact(FactKind.CLOSING, epoch=2, at=PASSES, reason="deadline")

    with pytest.raises(Violation, match="the deadline is at"):
        check_closing(
            "here", job(epoch=2, deadline_seconds=60), [CREATED, REOPENED], closing, PASSES
        )


def test_a_clock_that_finds_a_deadline_passed_is_not_ahead_of_the_time() -> None:
    closing = fact(FactKind.CLOSING, at=PASSES, reason="deadline")

    with pytest.raises(Violation, match="the deadline is at"):
        check_closing("here", job(deadline_seconds=60), [CREATED], closing, BEGIN)


@pytest.mark.parametrize("reason", ["tolerance", "weather", None])
def test_a_job_is_closed_for_no_other_reason(reason: str | None) -> None:
    closing = fact(FactKind.CLOSING, counts=Counts(failed=1), reason=reason)
    running = job(tolerance=Tolerance(failures=1))

    with pytest.raises(Violation, match="here"):
        check_closing("here", running, [CREATED], closing, BEGIN)


def test_a_job_that_ends_is_not_closed_again() -> None:
    closing = fact(FactKind.CLOSING, reason="canceled")
    ending = replace(job(), ending=JobStatus.FAILED)

    check_closing("here", job(), [CREATED], closing, BEGIN)
    with pytest.raises(Violation, match="the job was RUNNING, ending FAILED"):
        check_closing("here", ending, [CREATED], closing, BEGIN)


def test_a_share_of_failures_counts_once_the_number_does_not_grow() -> None:
    closing = fact(FactKind.CLOSING, counts=Counts(failed=2, completed=1), reason="tolerance")
    tolerance = Tolerance(failure_percent=50.0)

    check_closing("here", job(tolerance=tolerance, expected_items=3), [], closing, BEGIN)
    for running in (job(tolerance=tolerance), job(tolerance=tolerance, expected_items=4)):
        with pytest.raises(Violation, match="is within"):
            check_closing("here", running, [], closing, BEGIN)


def test_a_verdict_has_the_reason_for_which_the_lanes_were_closed() -> None:
    closing = fact(FactKind.CLOSING, reason="deadline")
    failed = fact(FactKind.FAILED, reason="deadline")

    check_verdict("here", job(), [closing], failed, items(canceled=1))
    for wrong in (
        replace(failed, reason="tolerance"),
        replace(failed, reason=None),
        replace(failed, kind=FactKind.CANCELED),
        fact(FactKind.COMPLETED),
    ):
        with pytest.raises(Violation, match=r"not job\.failed for deadline"):
            check_verdict("here", job(), [closing], wrong, items(canceled=1))


def test_a_sealed_job_with_too_many_failures_fails_in_each_epoch() -> None:
    completed = fact(FactKind.COMPLETED)
    failed = fact(FactKind.FAILED, reason="tolerance")
    before = job(epoch=2, tolerance=Tolerance(failures=0))

    check_verdict("here", before, [], failed, items(failed=1))
    with pytest.raises(Violation, match=r"not job\.failed for tolerance"):
        check_verdict("here", before, [], completed, items(failed=1))
    with pytest.raises(Violation, match=r"not job\.completed for None"):
        check_verdict("here", before, [], failed, items(completed=1))


def test_no_verdict_comes_before_the_first_failure_is_recorded() -> None:
    completed = fact(FactKind.COMPLETED)

    check_verdict("here", job(), [FIRST_FAILURE], completed, items(failed=1))
    with pytest.raises(Violation, match="no fact for the first failure"):
        check_verdict("here", job(), [], completed, items(failed=1))


def test_nothing_is_due_to_a_job_that_waits_for_its_items() -> None:
    running = job(expected_items=2, deadline_seconds=60, tolerance=Tolerance(failures=1))

    due = overdue(running, [CREATED, FIRST_FAILURE], items(failed=1), 1, PASSES)

    assert due is None


def test_expected_items_that_came_seal_a_job_unless_it_was_reopened_with_them() -> None:
    came = items(pending=1, failed=1)
    facts = [CREATED, REOPENED]

    assert overdue(job(expected_items=2), facts, items(pending=2), 0, BEGIN) is not None
    assert overdue(job(expected_items=3, epoch=2), facts, items(pending=3), 0, BEGIN) is not None
    assert overdue(job(expected_items=2, epoch=2), facts, came, 1, BEGIN) is None
    sealed = job(expected_items=2, mode=LaneMode.SEALED)
    assert overdue(sealed, facts, items(pending=2), 0, BEGIN) is None


def test_a_job_does_not_outlive_its_deadline() -> None:
    late = PASSES + CLOCK_SKEW_MS + 1

    due = overdue(job(deadline_seconds=60), [CREATED], items(), 0, late)

    assert due == "still running after its deadline"


def test_too_many_failures_end_a_job_unless_it_was_reopened_with_them() -> None:
    tolerance = Tolerance(failures=0)
    facts = [CREATED, FIRST_FAILURE, REOPENED]

    first = overdue(job(tolerance=tolerance), facts, items(pending=1, failed=1), 1, BEGIN)
    second = overdue(job(tolerance=tolerance, epoch=2), facts, items(pending=1, failed=1), 1, BEGIN)

    assert first is not None
    assert "still running with" in first
    assert second is None


def test_a_failure_that_was_retried_is_still_published() -> None:
    due = overdue(job(), [CREATED], items(pending=1), 1, BEGIN)

    assert due == "no fact for the first failure of epoch 1"
