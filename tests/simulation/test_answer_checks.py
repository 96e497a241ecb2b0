"""An answer about a job is true, and a job is shown as it is."""

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
from forgeledger.jobs.ports import JobView, Progress
from forgeledger.jobs.usecases.change_job import ChangeResult as Answer
from tests.simulation.checks import Checks
from tests.simulation.job_checks import JobTruth
from tests.simulation.lane_checks import LaneTruth, Violation
from tests.simulation.request_checks import Asked, ItemAnswer
from tests.simulation.world import Rules, World

SPEC = JobSpec(job_id=make_job_id(0, 0, 1), name="night run", lanes=1, created_at=7)
JOB, HEADS, CREATED = create(SPEC)


@pytest.fixture
def checks() -> Checks:
    """Of a world with one job, that was created."""
    world = World(random=Random(1), rules=Rules())
    checks = Checks(world, Asked(world.commands))
    checks.jobs.truths[f"JOB#{SPEC.job_id}"] = JobTruth(JOB, [CREATED], stages=[JOB])
    checks.lanes.truths[f"JOB#{SPEC.job_id}#0"] = LaneTruth(HEADS[0])
    return checks


def happens(checks: Checks, step: Any) -> Job:
    truth = checks.jobs.truths[f"JOB#{SPEC.job_id}"]
    truth.facts += step.facts
    truth.stages += [step.job] * len(step.facts)
    truth.job = step.job
    return truth.job


def answer(
    checks: Checks, what: str, verdict: OutcomeKind, job: Job, *, begun: int, reason: Any = None
) -> None:
    view = JobView(job=job, heads=(), progress=Progress(), published=0)
    checks.asked.lived(what, SPEC.job_id, begun, Answer(outcome=verdict, view=view, reason=reason))
    checks.stepped()


def test_what_was_granted_was_done_since_it_was_asked_for(checks: Checks) -> None:
    sealed = happens(checks, seal(JOB, Counts(), 8))

    answer(checks, "seal", OutcomeKind.APPLIED, sealed, begun=1)
    with pytest.raises(Violation, match=r"applied to a seal .* nothing was done"):
        answer(checks, "seal", OutcomeKind.APPLIED, sealed, begun=2)


def test_two_are_not_granted_one_and_the_same_seal(checks: Checks) -> None:
    sealed = happens(checks, seal(JOB, Counts(), 8))
    answer(checks, "seal", OutcomeKind.APPLIED, sealed, begun=1)

    with pytest.raises(Violation, match="nothing was done"):
        answer(checks, "seal", OutcomeKind.APPLIED, sealed, begun=1)


def test_a_repetition_has_something_to_repeat(checks: Checks) -> None:
    answer(checks, "reopen", OutcomeKind.DUPLICATE, JOB, begun=1)
    for what in ("seal", "cancel"):
        with pytest.raises(Violation, match=f"duplicate to a {what}"):
            answer(checks, what, OutcomeKind.DUPLICATE, JOB, begun=1)
        checks.asked.lives.clear()

    sealed = happens(checks, seal(JOB, Counts(), 8))

    answer(checks, "seal", OutcomeKind.DUPLICATE, sealed, begun=2)


def test_only_the_cancel_of_a_job_that_ends_otherwise_is_refused(checks: Checks) -> None:
    with pytest.raises(Violation, match="rejected to a cancel"):
        answer(checks, "cancel", OutcomeKind.REJECTED, JOB, begun=1, reason=Reason.JOB_FINISHED)
    checks.asked.lives.clear()
    closing = happens(checks, cancel(JOB, Counts(), 8))

    answer(checks, "cancel", OutcomeKind.APPLIED, closing, begun=1)
    with pytest.raises(Violation, match="rejected to a cancel"):
        answer(checks, "cancel", OutcomeKind.REJECTED, closing, begun=2, reason=Reason.JOB_FINISHED)


def test_a_job_that_is_ending_is_not_one_that_runs_already(checks: Checks) -> None:
    closing = happens(checks, cancel(JOB, Counts(), 8))

    with pytest.raises(Violation, match="duplicate to a reopen"):
        answer(checks, "reopen", OutcomeKind.DUPLICATE, closing, begun=2)


def test_the_retry_of_an_item_is_not_the_reopening_that_was_granted(checks: Checks) -> None:
    ended = replace(JOB, status="COMPLETED", mode="sealed")
    happens(checks, replace(seal(JOB, Counts(), 8), job=ended))
    running = happens(checks, reopen(ended, 9, mode=ended.mode))

    with pytest.raises(Violation, match=r"applied to a reopen .* nothing was done"):
        answer(checks, "reopen", OutcomeKind.APPLIED, running, begun=2)


def test_an_answer_shows_the_job_as_it_was_behind_the_change(checks: Checks) -> None:
    happens(checks, seal(JOB, Counts(), 8))

    with pytest.raises(Violation, match="and showed"):
        answer(checks, "seal", OutcomeKind.APPLIED, JOB, begun=1)


RUNNING, DONE = {"ending": None}, {"status": JobStatus.FAILED}
CANCELING, FAILING = {"ending": JobStatus.CANCELED}, {"ending": JobStatus.FAILED}
GRANTED, REPEATED = (EventKind.RETRIED, None), (EventKind.DUPLICATE, None)
CANCELED, CLOSED = (
    (EventKind.REJECTED, reason) for reason in (Reason.JOB_CANCELED, Reason.JOB_CLOSED)
)
NOT_FAILED = (EventKind.REJECTED, Reason.NOT_FAILED)


@pytest.mark.parametrize(
    ("life", "lawful", "unlawful"),
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
    checks: Checks, life: Any, lawful: Any, unlawful: Any
) -> None:
    checks.jobs.truths[f"JOB#{SPEC.job_id}"].job = replace(JOB, **life)

    def retried(kind: EventKind, reason: Reason | None) -> None:
        event = Event(kind=kind, at=9, item_id="a", command=CommandKind.RETRY, reason=reason)
        checks.jobs.retried(f"JOB#{SPEC.job_id}#0", event)

    for what in lawful:
        retried(*what)
    for what in unlawful:
        with pytest.raises(Violation, match="a: a retry is"):
            retried(*what)


def look(checks: Checks, *, commits: int = 0, **wrong: Any) -> None:
    counts = dict.fromkeys(("total", "pending", "inProgress", "completed", "failed", "canceled"), 0)
    shown = {
        **counts,
        "name": "night run",
        "status": "RUNNING",
        "epoch": 1,
        "sealed": False,
        "isComplete": False,
        "createdAt": "1970-01-01T00:00:00.007Z",
        "openedAt": "1970-01-01T00:00:00.007Z",
        **dict.fromkeys(("sealedAt", "completedAt", "deadlineAt", "ending", "reason")),
        **wrong,
    }
    checks.asked.looked(SPEC.job_id, 1, commits, shown)
    checks.stepped()


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
        {"sealedAt": "1970-01-01T00:00:00.007Z"},
        {"completedAt": "1970-01-01T00:00:00.007Z"},
        {"deadlineAt": "1970-01-01T00:00:00.007Z"},
        {"ending": "CANCELED"},
        {"reason": "canceled"},
    ],
    ids=str,
)
def test_a_look_shows_what_the_lanes_count_and_how_the_job_stands(
    checks: Checks, wrong: dict[str, Any]
) -> None:
    look(checks)

    with pytest.raises(Violation, match="showed"):
        look(checks, **wrong)


def test_while_others_write_a_look_may_show_what_was(checks: Checks) -> None:
    checks.world.commits = 1

    look(checks, commits=0, total=1, pending=1)


CLAIM = Command(kind=CommandKind.CLAIM, item_id="a", command_id="c", worker_id="w", attempt=1)
CLAIMED = Item(item_id="a", state=ItemState.IN_PROGRESS, attempt=1, worker_id="w", offset=3)
TAKEN = replace(CLAIMED, attempt=2, worker_id="v", offset=4)


@pytest.fixture
def lane(checks: Checks) -> LaneTruth:
    return checks.lanes.truths[f"JOB#{SPEC.job_id}#0"]


def told(checks: Checks, *outcome: Any, again: bool = False, item: Item | None = None) -> None:
    verdict, reason = outcome
    shown = Outcome(kind=verdict, reason=reason, item=item)
    checks.asked.answered(ItemAnswer(SPEC.job_id, CLAIM, "mark", shown, again))
    try:
        checks.stepped()
    finally:
        checks.asked.answers.clear()


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
    lane = checks.lanes.truths[f"JOB#{SPEC.job_id}#0"]
    lane.marks["mark"] = (kind,)
    lane.reasons["mark"] = (Reason.LEASE_HELD,) if kind == "rejected" else ()

    told(checks, *first)
    told(checks, *later, again=True, item=item)
    for wrong in {APPLIED, DUPLICATE, HELD, STALE, NOT_DUE} - {first}:
        with pytest.raises(Violation, match="the journal has"):
            told(checks, *wrong)
    for wrong in {APPLIED, DUPLICATE, HELD, STALE, NOT_DUE} - {later}:
        with pytest.raises(Violation, match=r"the journal has|applied before"):
            told(checks, *wrong, again=True, item=item)


def test_an_answer_shows_the_item_as_the_command_left_it(checks: Checks, lane: LaneTruth) -> None:
    lane.marks["mark"] = (EventKind.CLAIMED,)
    lane.items["a"] = CLAIMED

    told(checks, *APPLIED, item=CLAIMED)
    told(checks, *DUPLICATE, again=True, item=CLAIMED)
    with pytest.raises(Violation, match="and showed"):
        told(checks, *DUPLICATE, again=True, item=replace(CLAIMED, attempt=0))
