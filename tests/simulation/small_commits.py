"""Lower the limits of a commit, so that a few commands or items make several commits."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from forgeledger.jobs.model import creation, lane_decision
from forgeledger.jobs.model.lane_decision import Decision
from forgeledger.jobs.model.limits import ITEMS_PER_COMMIT
from forgeledger.jobs.ports import LaneView
from forgeledger.jobs.usecases import apply_commands
from forgeledger.jobs.usecases.apply_commands import LaneWriter
from tests.simulation.coverage import CoveragePoint
from tests.simulation.world import SimulatedWorld

# The limit's name in both modules.
_LIMIT = "ITEMS_PER_COMMIT"
# Enough for an item in one lane, but not for one in each of two lanes.
_CREATION_BYTES = 3_000


@contextmanager
def limited_commits(world: SimulatedWorld) -> Iterator[None]:
    """Apply the limit of the world's rules; restore the product's limit afterwards."""
    most = world.rules.items_per_commit
    if most == ITEMS_PER_COMMIT:
        yield
        return
    commit = LaneWriter._commit

    def counted(self: LaneWriter, view: LaneView, decision: Decision, *more: Any) -> int:
        made = commit(self, view, decision, *more)
        world.coverage[CoveragePoint.SEVERAL_COMMITS] += made > 1
        return made

    # One decision covers the items of two commits: in the product long texts split it, too.
    patched = (
        (lane_decision, _LIMIT, most),
        (apply_commands, _LIMIT, 2 * most),
        (creation, "COMMIT_BYTES", most * _CREATION_BYTES),
        (LaneWriter, "_commit", counted),
    )
    before = [(owner, name, getattr(owner, name)) for owner, name, _ in patched]
    try:
        _set(patched)
        yield
    finally:
        _set(before)


def _set(values: Sequence[tuple[Any, str, Any]]) -> None:
    for owner, name, value in values:
        setattr(owner, name, value)
