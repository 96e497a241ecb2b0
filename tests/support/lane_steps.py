"""Changes of a lane through the storage port, each in one call."""

import uuid
from collections.abc import Sequence

from forgeledger.jobs.model.commands import Command, FollowGate, LaneCommand
from forgeledger.jobs.model.job_lifecycle import create
from forgeledger.jobs.model.jobs import Job
from forgeledger.jobs.model.lane_decision import Commit, decide
from forgeledger.jobs.ports import JobView, LaneView, LedgerStore
from tests.support.builders import NOW, make_command, make_spec


def create_job(store: LedgerStore, job_id: str, **spec: object) -> JobView:
    job, heads, fact = create(make_spec(job_id=job_id, **spec))
    store.create_job(job, heads, fact)
    return loaded(store, job_id)


def loaded(store: LedgerStore, job_id: str) -> JobView:
    view = store.load_job(job_id)
    assert view is not None
    return view


def lane_view(store: LedgerStore, job_id: str, *item_ids: str, lane: int = 0) -> LaneView:
    view = store.load_lane(job_id, lane, item_ids)
    assert view is not None
    return view


def decided(
    store: LedgerStore, job_id: str, *commands: LaneCommand, lane: int = 0, now: int = NOW
) -> Commit:
    """The single commit of these commands on the stored lane, without making it."""
    names = [command.item_id for command in commands if isinstance(command, Command)]
    view = lane_view(store, job_id, *names, lane=lane)
    (commit,) = decide(view.head, view.items, commands, now).commits
    return commit


def apply(
    store: LedgerStore, job_id: str, *commands: LaneCommand, lane: int = 0, now: int = NOW
) -> Commit:
    commit = decided(store, job_id, *commands, lane=lane, now=now)
    assert store.commit_lane(commit, new_commit_id())
    return commit


def register(store: LedgerStore, job_id: str, item_ids: Sequence[str], lane: int = 0) -> Commit:
    return apply(store, job_id, *registrations(item_ids), lane=lane)


def registrations(item_ids: Sequence[str]) -> list[Command]:
    return [make_command("register", item_id=item_id) for item_id in item_ids]


def follow(store: LedgerStore, job: Job, lane: int = 0) -> Commit:
    return apply(store, job.job_id, FollowGate(gate=job.gate, mode=job.mode), lane=lane)


def new_commit_id() -> str:
    return str(uuid.uuid4())
