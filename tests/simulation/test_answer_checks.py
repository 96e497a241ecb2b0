"""Answers must report committed changes, and show jobs and items as they were stored."""

from dataclasses import replace
from random import Random
from typing import Any

import pytest

from forgeledger.jobs.model.commands import Command, CommandKind
from forgeledger.jobs.model.events import Event, EventKind
from forgeledger.jobs.model.ids import make_job_id
from forgeledger.jobs.model.items import Item, ItemState
from forgeledger.jobs.model.job_lifecycle import cancel, create, reopen, seal
from forgeledger.jobs.model.jobs import Job, JobSpec, JobStatus
from forgeledger.jobs.model.lanes import Counts
from forgeledger.jobs.model.outcomes import Outcome, OutcomeKind, Reason
from forgeledger.jobs.model.progress import Progress
from forgeledger.jobs.ports import JobView
from forgeledger.jobs.usecases.change_job import ChangeResult
from tests.simulation.checks import Checks
from tests.simulation.job_checks import ObservedJob
from tests.simulation.lane_checks import ReplayedLane, Violation
from tests.simulation.request_checks import AnsweredCommand, RequestLog
from tests.simulation.world import SimulatedWorld
from tests.simulation.world_rules import WorldRules

SPEC = JobSpec(job_id=make_job_id(0, 0, 1), name="night run", lanes=1, created_at=7)
JOB, HEADS, CREATED = create(SPEC)


@pytest.fixture
def checks() -> Checks:
    """The checks of a world with one new job."""
    world = SimulatedWorld(random=Random(1), rules=WorldRules())
    checks = Checks(world, RequestLog(world.commands))
    checks.jobs.by_pk[f"JOB#{SPEC.job_id}"] = ObservedJob(JOB, [CREATED], versions=[JOB])
    checks.lanes.by_pk[f"JOB#{SPEC.job_id}#0"] = ReplayedLane(HEADS[0])
    return checks


def apply_step(checks: Checks, step: Any) -> Job:
    observed = checks.jobs.by_pk[f"JOB#{SPEC.job_id}"]
    observed.facts += step.facts
    observed.versions += [step.job] * len(step.facts)
    observed.job = step.job
    return observed.job


def answer(
    checks: Checks,
    what: str,
    outcome: OutcomeKind,
    job: Job,
    *,
    facts_before: int,
    reason: Any = None,
) -> None:
    view = JobView(job=job, heads=(), progress=Progress(), published=0)
    checks.request_log.record_lifecycle_answer(
        what, SPEC.job_id, facts_before, ChangeResult(outcome=outcome, view=view, reason=reason)
    )
    checks.after_step()


def test_what_was_granted_was_done_since_it_was_asked_for(checks: Checks) -> None:
    sealed = apply_step(checks, seal(JOB, Counts(), 8))

    answer(checks, "seal", OutcomeKind.APPLIED, sealed, facts_before=1)
    with pytest.raises(Violation, match=r"applied to a seal .* no such fact"):
        answer(checks, "seal", OutcomeKind.APPLIED, sealed, facts_before=2)


def test_two_are_not_granted_one_and_the_same_seal(checks: Checks) -> None:
    sealed = apply_step(checks, seal(JOB, Counts(), 8))
    answer(checks, "seal", OutcomeKind.APPLIED, sealed, facts_before=1)

    with pytest.raises(Violation, match="no such fact"):
        answer(checks, "seal", OutcomeKind.APPLIED, sealed, facts_before=1)


def test_a_repetition_has_something_to_repeat(checks: Checks) -> None:
    answer(checks, "reopen", OutcomeKind.DUPLICATE, JOB, facts_before=1)
    for what in ("seal", "cancel"):
        with pytest.raises(Violation, match=f"duplicate to a {what}"):
            answer(checks, what, OutcomeKind.DUPLICATE, JOB, facts_before=1)
        checks.request_log.lifecycle_answers.clear()

    sealed = apply_step(checks, seal(JOB, Counts(), 8))

    answer(checks, "seal", OutcomeKind.DUPLICATE, sealed, facts_before=2)


def test_only_the_cancel_of_a_job_that_ends_otherwise_is_refused(checks: Checks) -> None:
    with pytest.raises(Violation, match="rejected to a cancel"):
        answer(
            checks, "cancel", OutcomeKind.REJECTED, JOB, facts_before=1, reason=Reason.JOB_FINISHED
        )
    checks.request_log.lifecycle_answers.clear()
    closing = apply_step(checks, cancel(JOB, Counts(), 8))

    answer(checks, "cancel", OutcomeKind.APPLIED, closing, facts_before=1)
    with pytest.raises(Violation, match="rejected to a cancel"):
        answer(
            checks,
            "cancel",
            OutcomeKind.REJECTED,
            closing,
            facts_before=2,
            reason=Reason.JOB_FINISHED,
        )


def test_a_job_that_is_ending_is_not_one_that_runs_already(checks: Checks) -> None:
    closing = apply_step(checks, cancel(JOB, Counts(), 8))

    with pytest.raises(Violation, match="duplicate to a reopen"):
        answer(checks, "reopen", OutcomeKind.DUPLICATE, closing, facts_before=2)


def test_the_retry_of_an_item_is_not_the_reopening_that_was_granted(checks: Checks) -> None:
    ended = replace(JOB, status="COMPLETED", mode="sealed")
    apply_step(checks, replace(seal(JOB, Counts(), 8), job=ended))
    running = apply_step(checks, reopen(ended, 9, mode=ended.mode))

    with pytest.raises(Violation, match=r"applied to a reopen .* no such fact"):
        answer(checks, "reopen", OutcomeKind.APPLIED, running, facts_before=2)


def test_an_answer_shows_the_job_as_it_was_behind_the_change(checks: Checks) -> None:
    apply_step(checks, seal(JOB, Counts(), 8))

    with pytest.raises(Violation, match="and showed"):
        answer(checks, "seal", OutcomeKind.APPLIED, JOB, facts_before=1)


RUNNING, DONE = {"ending": None}, {"status": JobStatus.FAILED}
CANCELING, FAILING = {"ending": JobStatus.CANCELED}, {"ending": JobStatus.FAILED}
GRANTED, REPEATED = (EventKind.RETRIED, None), (EventKind.DUPLICATE, None)
CANCELED, CLOSED = (
    (EventKind.REJECTED, reason) for reason in (Reason.JOB_CANCELED, Reason.JOB_CLOSED)
)
NOT_FAILED = (EventKind.REJECTED, Reason.NOT_FAILED)


@pytest.mark.parametrize(
    ("life", "allowed", "refused"),
    [
        (RUNNING, (GRANTED, REPEATED, NOT_FAILED), (CANCELED, CLOSED)),
        (DONE, (GRANTED, NOT_FAILED), (CANCELED, CLOSED)),
        (FAILING, (CLOSED, REPEATED, NOT_FAILED), (GRANTED, CANCELED)),
        (CANCELING, (CANCELED,), (GRANTED, REPEATED, NOT_FAILED, CLOSED)),
        ({"status": JobStatus.CANCELED}, (CANCELED,), (GRANTED, NOT_FAILED, CLOSED)),
    ],
    ids=str,
)
def test_a_retry_is_answered_as_its_job_has_it(
    checks: Checks, life: Any, allowed: Any, refused: Any
) -> None:
    checks.jobs.by_pk[f"JOB#{SPEC.job_id}"].job = replace(JOB, **life)

    def retried(kind: EventKind, reason: Reason | None) -> None:
        event = Event(kind=kind, at=9, item_id="a", command=CommandKind.RETRY, reason=reason)
        checks.jobs.check_retry(f"JOB#{SPEC.job_id}#0", event)

    for what in allowed:
        retried(*what)
    for what in refused:
        with pytest.raises(Violation, match="a: a retry is"):
            retried(*what)


def status(checks: Checks, *, commits: int = 0, **wrong: Any) -> None:
    counts = dict.fromkeys(("total", "pending", "inProgress", "completed", "failed", "canceled"), 0)
    shown = {
        **counts,
        "name": "night run",
        "status": "RUNNING",
        "epoch": 1,
        "sealed": False,
        **dict.fromkeys(("retrying", "progress", "itemsPerSecond"), 0),
        **dict.fromkeys(("createdAt", "openedAt", "startedAt"), "1970-01-01T00:00:00.007Z"),
        **dict.fromkeys(("held", "isComplete"), False),
        **dict.fromkeys(("sealedAt", "completedAt", "deadlineAt", "executeAt", "pausedUntil")),
        **dict.fromkeys(("ending", "reason", "etaSeconds", "unchangedSeconds")),
        **wrong,
    }
    checks.request_log.record_status_answer(SPEC.job_id, 1, commits, shown)
    checks.after_step()


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "day run"},
        {"status": "COMPLETED"},
        {"epoch": 2},
        {"sealed": True},
        {"isComplete": True},
        {"total": 1, "pending": 1},
        {"total": 1},
        {"createdAt": "1970-01-01T00:00:00.008Z"},
        {"openedAt": "1970-01-01T00:00:00.008Z"},
        {"pausedUntil": "1970-01-01T00:00:00.008Z"},
        {"sealedAt": "1970-01-01T00:00:00.007Z"},
        {"completedAt": "1970-01-01T00:00:00.007Z"},
        {"deadlineAt": "1970-01-01T00:00:00.007Z"},
        {"ending": "CANCELED"},
        {"reason": "canceled"},
        {"total": 1, "pending": 1, "progress": 1.0},
        {"unchangedSeconds": 61, "etaSeconds": 9},
    ],
    ids=str,
)
def test_a_look_shows_what_the_lanes_count_and_how_the_job_stands(
    checks: Checks, wrong: dict[str, Any]
) -> None:
    status(checks)

    with pytest.raises(Violation, match="showed"):
        status(checks, **wrong)


def test_while_others_write_a_look_may_show_what_was(checks: Checks) -> None:
    checks.world.commits = 1

    status(checks, commits=0, total=1, pending=1)


CLAIM = Command(kind=CommandKind.CLAIM, item_id="a", command_id="c", worker_id="w", attempt=1)
CLAIMED = Item(item_id="a", state=ItemState.IN_PROGRESS, attempt=1, worker_id="w", offset=3)
TAKEN = replace(CLAIMED, attempt=2, worker_id="v", offset=4)


@pytest.fixture
def lane(checks: Checks) -> ReplayedLane:
    return checks.lanes.by_pk[f"JOB#{SPEC.job_id}#0"]


def command_answer(
    checks: Checks, *outcome: Any, again: bool = False, item: Item | None = None
) -> None:
    kind, reason = outcome
    shown = Outcome(kind=kind, reason=reason, item=item)
    checks.request_log.record_command_answer(
        AnsweredCommand(SPEC.job_id, CLAIM, "mark", shown, again)
    )
    try:
        checks.after_step()
    finally:
        checks.request_log.command_answers.clear()


APPLIED, DUPLICATE = (OutcomeKind.APPLIED, None), (OutcomeKind.DUPLICATE, None)
HELD, STALE, NOT_DUE = (
    (OutcomeKind.REJECTED, reason)
    for reason in (Reason.LEASE_HELD, Reason.STALE_ATTEMPT, Reason.NOT_DUE)
)


@pytest.mark.parametrize(
    ("kind", "first", "item", "later"),
    [
        (EventKind.CLAIMED, APPLIED, CLAIMED, DUPLICATE),
        (EventKind.CLAIMED, APPLIED, TAKEN, STALE),
        (EventKind.DUPLICATE, DUPLICATE, CLAIMED, DUPLICATE),
        (EventKind.DUPLICATE, DUPLICATE, TAKEN, STALE),
        (EventKind.REJECTED, HELD, CLAIMED, HELD),
        (EventKind.REJECTED, HELD, None, HELD),
    ],
    ids=str,
)
def test_a_command_is_answered_as_it_was_decided_and_so_it_is_again(
    checks: Checks, kind: Any, first: Any, item: Any, later: Any
) -> None:
    lane = checks.lanes.by_pk[f"JOB#{SPEC.job_id}#0"]
    lane.marks["mark"] = (kind,)
    lane.reasons["mark"] = (Reason.LEASE_HELD,) if kind == "rejected" else ()

    command_answer(checks, *first)
    command_answer(checks, *later, again=True, item=item)
    for wrong in {APPLIED, DUPLICATE, HELD, STALE, NOT_DUE} - {first}:
        with pytest.raises(Violation, match="the journal has"):
            command_answer(checks, *wrong)
    for wrong in {APPLIED, DUPLICATE, HELD, STALE, NOT_DUE} - {later}:
        with pytest.raises(Violation, match=r"the journal has|applied before"):
            command_answer(checks, *wrong, again=True, item=item)


def test_an_answer_shows_the_item_as_the_command_left_it(
    checks: Checks, lane: ReplayedLane
) -> None:
    lane.marks["mark"] = (EventKind.CLAIMED,)
    lane.items["a"] = CLAIMED

    command_answer(checks, *APPLIED, item=CLAIMED)
    command_answer(checks, *DUPLICATE, again=True, item=CLAIMED)
    with pytest.raises(Violation, match="and showed"):
        command_answer(checks, *DUPLICATE, again=True, item=replace(CLAIMED, attempt=0))
