"""The report of a job of one item as ForgeRun has it: its item's history in ForgeRun's states."""

from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum

from forgeledger.fast_dataclass import fast_frozen
from forgeledger.jobs.model.events import Event, EventKind
from forgeledger.jobs.model.job_outcomes import JobOutcome, outcome_of
from forgeledger.jobs.model.jobs import Job, JobStatus


class RunState(StrEnum):
    CREATED = "CREATED"
    QUEUED = "QUEUED"
    ASSIGNED = "ASSIGNED"
    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CANCELED = "CANCELED"


_NAMES = {
    RunState.CREATED: "job_created",
    RunState.QUEUED: "job_queued",
    RunState.ASSIGNED: "job_assigned",
    RunState.RUNNING: "job_started",
    RunState.SUCCEEDED: "job_succeeded",
    RunState.FAILED: "job_failed",
    RunState.CANCELED: "job_canceled",
}
_ENDS = frozenset({RunState.SUCCEEDED, RunState.FAILED, RunState.CANCELED})
_START = (RunState.ASSIGNED, RunState.RUNNING)


@fast_frozen
class RunEvent:
    name: str
    before: RunState
    after: RunState
    at: int


@fast_frozen
class ForgeRunReport:
    job_id: str
    outcome: JobOutcome | None
    events: tuple[RunEvent, ...]
    # The first start, and the end of a finished job: what lies between counts all of its runs.
    started_at: int | None
    finished_at: int | None

    @property
    def duration_ms(self) -> int | None:
        if self.started_at is None or self.finished_at is None:
            return None
        return max(0, self.finished_at - self.started_at)


def forgerun_report(job: Job, history: Sequence[Event]) -> ForgeRunReport:
    """`history` has the events of the job's one item, and the closing that canceled it."""
    events = tuple(_run_events(job, history))
    ends = [event.at for event in events if event.after in _ENDS]
    return ForgeRunReport(
        job_id=job.job_id,
        outcome=outcome_of(job),
        events=events,
        started_at=next((event.at for event in events if event.after is RunState.RUNNING), None),
        finished_at=ends[-1] if job.finished and ends else None,
    )


def _run_events(job: Job, history: Iterable[Event]) -> Iterator[RunEvent]:
    state = RunState.CREATED
    for event in history:
        for after in _states_after(job, state, event):
            yield RunEvent(name=_NAMES[after], before=state, after=after, at=event.at)
            state = after


def _states_after(job: Job, state: RunState, event: Event) -> tuple[RunState, ...]:
    """The states that an event leads through, as ForgeRun's transitions have them."""
    match event.kind:
        case EventKind.REGISTERED:
            return (RunState.CREATED, RunState.QUEUED)
        case EventKind.CLAIMED:
            # Taken over from a worker that vanished: its run goes back to the queue first.
            return (RunState.QUEUED, *_START) if state is RunState.RUNNING else _START
        case EventKind.COMPLETED:
            return (*_started(state), RunState.SUCCEEDED)
        case EventKind.FAILED | EventKind.EXPIRED:
            again = event.due_at is not None
            return (*_started(state), RunState.QUEUED if again else RunState.FAILED)
        case EventKind.RELEASED | EventKind.RETRIED:
            return (RunState.QUEUED,)
        case EventKind.RESUMED:
            # The history has the closing that canceled an item only as long as it is canceled.
            return (RunState.CANCELED, RunState.QUEUED)
        case EventKind.CANCELED:
            return (RunState.CANCELED,)
        case EventKind.GATED:
            fails = job.status is JobStatus.FAILED or job.ending is JobStatus.FAILED
            return (RunState.FAILED if fails else RunState.CANCELED,)
    return ()


def _started(state: RunState) -> tuple[RunState, ...]:
    """A worker that reports without a claim has started all the same."""
    return () if state is RunState.RUNNING else _START
