"""Worlds in which a commit holds few items, so that a few commands make several commits."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from forgeledger.jobs.model import lane_decision
from forgeledger.jobs.model.lane_decision import Decision
from forgeledger.jobs.model.limits import ITEMS_PER_COMMIT
from forgeledger.jobs.ports import LaneView
from forgeledger.jobs.usecases import apply_commands
from forgeledger.jobs.usecases.apply_commands import LaneWriter
from tests.simulation.coverage import Happening
from tests.simulation.world import World

# By this name both modules know the limit.
_LIMIT = "ITEMS_PER_COMMIT"


@contextmanager
def as_small_as_wanted(world: World) -> Iterator[None]:
    """Commits are as small as the rules of the world want them; afterwards as they were."""
    most = world.rules.items_per_commit
    if most == ITEMS_PER_COMMIT:
        yield
        return
    commit = LaneWriter._commit

    def counted(self: LaneWriter, view: LaneView, decision: Decision, *more: Any) -> int:
        made = commit(self, view, decision, *more)
        world.met[Happening.SEVERAL_COMMITS] += made > 1
        return made

    # What is decided at once is twice as much: long texts, too, make several commits of that.
    patched = (
        (lane_decision, _LIMIT, most),
        (apply_commands, _LIMIT, 2 * most),
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
