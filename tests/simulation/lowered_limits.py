"""Lower some limits: a few commands make several commits, a few jobs share an index's shard."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from forgeledger.jobs.model import creation, lane_decision
from forgeledger.jobs.model.lane_decision import Decision
from forgeledger.jobs.model.limits import ITEMS_PER_COMMIT
from forgeledger.jobs.ports import LaneView
from forgeledger.jobs.storage import job_index, keys
from forgeledger.jobs.usecases import apply_commands, resume_items
from forgeledger.jobs.usecases.apply_commands import LaneWriter
from tests.simulation.coverage import CoveragePoint
from tests.simulation.table_requests import PAGE_BYTES
from tests.simulation.world import SimulatedWorld

# The limit's name in both modules.
_LIMIT = "ITEMS_PER_COMMIT"
# Enough for an item in one lane, but not for one in each of two lanes.
_CREATION_BYTES = 3_000
# What is patched, and its value.
_Patches = Sequence[tuple[Any, str, Any]]


@contextmanager
def lowered_limits(world: SimulatedWorld) -> Iterator[None]:
    """Apply the limits of the world's rules; restore the product's limits afterwards."""
    patches = (*_small_commits(world), *_few_shards(world))
    before = [(owner, name, getattr(owner, name)) for owner, name, _ in patches]
    try:
        _set(patches)
        yield
    finally:
        _set(before)


def _small_commits(world: SimulatedWorld) -> _Patches:
    most = world.rules.items_per_commit
    if most == ITEMS_PER_COMMIT:
        return ()
    commit = LaneWriter._commit

    def counted(self: LaneWriter, view: LaneView, decision: Decision, *more: Any) -> Any:
        made, job = commit(self, view, decision, *more)
        world.coverage[CoveragePoint.SEVERAL_COMMITS] += made > 1
        return made, job

    # One decision covers the items of two commits: in the product long texts split it, too.
    return (
        # A retried item comes with its due row, in the commit that reopens its job.
        (lane_decision, _LIMIT, max(2, most)),
        (apply_commands, _LIMIT, 2 * most),
        (creation, "COMMIT_BYTES", most * _CREATION_BYTES),
        (LaneWriter, "_commit", counted),
        # So that a resume takes several turns.
        (resume_items, "ITEMS_RESUMED_AT_ONCE", most),
    )


def _few_shards(world: SimulatedWorld) -> _Patches:
    """Where pages are short, so that a history's few open jobs have more than one."""
    if world.rules.page_bytes == PAGE_BYTES:
        return ()
    return ((keys, "OPEN_SHARDS", 1), (job_index, "OPEN_SHARDS", 1))


def _set(values: _Patches) -> None:
    for owner, name, value in values:
        setattr(owner, name, value)
