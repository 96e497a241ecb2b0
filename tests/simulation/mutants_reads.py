"""Mutants of reading and counting a lane while others write."""

from collections.abc import Iterable, Iterator
from unittest.mock import patch

from forgeledger.jobs.model.events import Event
from forgeledger.jobs.model.lane_decision import Commit
from forgeledger.jobs.model.lane_tally import Tally
from forgeledger.jobs.storage import lane_writes
from forgeledger.jobs.usecases.recount_lane import Recounter
from tests.simulation.mutant import Mutants

READS = Mutants()


@READS.named("what was refused as unknown may have been registered meanwhile")
def unknown_not_looked_at() -> Iterator[None]:
    original = lane_writes.item_versions

    def item_versions(commit: Commit) -> dict[str, int | None]:
        written = {item.item_id for item in commit.items}
        return {name: at for name, at in original(commit).items() if name in written}

    with patch.object(lane_writes, "item_versions", item_versions):
        yield


@READS.named("a recount does not read what was committed while it counted")
def no_catching_up() -> Iterator[None]:
    with patch.object(Recounter, "_catch_up", lambda *_: True):
        yield


@READS.named("a recount forgets what was registered while it counted")
def newcomers_not_counted() -> Iterator[None]:
    original = Tally.follow

    def follow(self: Tally, events: Iterable[Event]) -> None:
        known = set(self.items)
        original(self, events)
        for item_id in self.items.keys() - known:
            del self.items[item_id]

    with patch.object(Tally, "follow", follow):
        yield
