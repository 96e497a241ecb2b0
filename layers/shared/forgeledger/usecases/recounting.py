"""Counting a lane's items, and setting its head right where the two differ."""

from collections.abc import Iterator
from dataclasses import dataclass

from forgeledger.domain.batches import decide
from forgeledger.domain.commands import Recount
from forgeledger.domain.items import Item
from forgeledger.domain.lanes import Head
from forgeledger.domain.replaying import count
from forgeledger.errors import JobNotFound, StorageBusy
from forgeledger.ports import LedgerStore
from forgeledger.usecases.surroundings import Surroundings

_TRIES = 5
_ITEMS_A_PAGE = 1_000


@dataclass(frozen=True, slots=True)
class Recounter:
    store: LedgerStore
    around: Surroundings

    def recount(self, job_id: str, lane: int) -> bool:
        """Whether the head was wrong; it is right now. StorageBusy if it never stands still."""
        for tries in range(_TRIES):
            head = self._head(job_id, lane)
            counts, failures = count(head, self._items(job_id, lane))
            # Nothing was counted twice or missed if no event came in between.
            if self._head(job_id, lane).offset == head.offset:
                listed = {name: number for name, number in head.failures if number}
                if counts == head.counts and dict(failures) == listed:
                    return False
                command = Recount(counts=counts, failures=failures)
                healing = decide(head, {}, (command,), self.around.clock()).commits[0]
                if self.store.commit_lane(healing, self.around.new_id()):
                    return True
            self.around.pause(tries)
        raise StorageBusy(f"lane {job_id}#{lane}", _TRIES)

    def _head(self, job_id: str, lane: int) -> Head:
        view = self.store.load_lane(job_id, lane, ())
        if view is None:
            raise JobNotFound(job_id)
        return view.head

    def _items(self, job_id: str, lane: int) -> Iterator[Item]:
        page = self.store.list_items(job_id, lane, None, _ITEMS_A_PAGE)
        yield from page.items
        while page.next_after is not None:
            page = self.store.list_items(job_id, lane, page.next_after, _ITEMS_A_PAGE)
            yield from page.items
