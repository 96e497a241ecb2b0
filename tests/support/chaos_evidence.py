"""The evidence of a chaos run in which every guarantee held; tests change parts of it."""

from collections.abc import Sequence
from dataclasses import replace

from benchmarks.chaos.chaos_guarantees import Evidence
from benchmarks.stored_job import StoredJob, StoredLane
from forgeledger.jobs.model.events import Event
from forgeledger.jobs.model.facts import Fact, FactKind
from forgeledger.jobs.model.ids import make_job_id
from forgeledger.jobs.model.job_lifecycle import create
from forgeledger.jobs.model.jobs import JobStatus
from forgeledger.jobs.model.lanes import Counts
from forgeledger.jobs.model.replay import replay
from forgeledger.jobs.ports import JournalRow
from forgeledger.journal.model.log_row import LogRow
from forgeledger.sdk import Job
from tests.support.builders import NOW, make_event, make_spec

NAMES = ("a", "b", "c")
JOB_ID = make_job_id(NOW, 1, 1)
EVENT = {"detail": {"eventId": f"{JOB_ID}:1:job.completed"}}


def events_of(kind: str, names: Sequence[str] = NAMES) -> list[Event]:
    return [make_event(kind, item_id=name) for name in names]


def journal_of(*events: Event) -> list[JournalRow]:
    """Journal rows, one per event."""
    return [LogRow(offset=offset, entries=(event,)) for offset, event in enumerate(events)]


def make_fact(kind: FactKind = FactKind.COMPLETED, number: int = 0) -> Fact:
    status = JobStatus.COMPLETED
    return Fact(
        number=number, kind=kind, epoch=1, at=NOW, status=status, counts=Counts(), duration_ms=0
    )


def make_stored(*events: Event, status: JobStatus = JobStatus.COMPLETED) -> StoredJob:
    """The stored job after these events."""
    header, (born,), _ = create(make_spec(job_id=JOB_ID))
    head, items = replay(born, events)
    lane = StoredLane(head=head, items=list(items.values()), rows=journal_of(*events))
    return StoredJob(header=replace(header, status=status), facts=[make_fact()], lanes=[lane])


GOOD = make_stored(*events_of("registered"), *events_of("completed"))


def with_lane(**changes: object) -> StoredJob:
    return replace(GOOD, lanes=[replace(GOOD.lanes[0], **changes)])


def make_job(**overrides: object) -> Job:
    fields = {"status": "COMPLETED", "total": 3, "completed": 3}
    return Job(job_id=JOB_ID, name="chaos", lanes=1, **{**fields, **overrides})


def make_evidence(**overrides: object) -> Evidence:
    fields = {
        "names": NAMES,
        "job": make_job(),
        "stored": GOOD,
        "received_events": [EVENT],
        "corrected_lanes": [],
        "messages": {"RejectQueue": 0},
        "unexpected_exits": 0,
    }
    return Evidence(**{**fields, **overrides})
