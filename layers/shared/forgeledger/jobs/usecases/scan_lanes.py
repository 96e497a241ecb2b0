"""Look through a job's lanes side by side for items that keep it from being done."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from forgeledger.jobs.model.job_scan import ScanPosition, ScanTally
from forgeledger.jobs.model.lanes import Head
from forgeledger.jobs.model.limits import (
    LANES_SCANNED_AT_ONCE,
    PAGE_READ_UNITS,
    SCANNED_BYTES,
    SCANNED_MS,
    SCANNED_READ_UNITS,
    STRONGLY_SCANNED_ITEMS,
)
from forgeledger.jobs.ports import LaneScan, LaneStore
from forgeledger.runtime import HasTime, Runtime

# For each lane that is not done, the item after which it continues; in the order of reading.
_Rest = dict[int, str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneScanner:
    lanes: LaneStore
    runtime: Runtime

    def scan(
        self, heads: Sequence[Head], position: ScanPosition, has_time: HasTime
    ) -> tuple[ScanTally, ScanPosition | None]:
        """What is found from the position on, and where to continue if a bound was reached.

        A page of each of a few lanes is read at once, then the next page of each.
        """
        now = self.runtime.clock()
        by_lane = {head.lane: head for head in heads}
        rest, tally = _rest(by_lane, position), ScanTally()
        items = sum(by_lane[lane].counts.total for lane in rest)
        consistent = items <= STRONGLY_SCANNED_ITEMS
        page_units = PAGE_READ_UNITS if consistent else PAGE_READ_UNITS // 2

        def read(lane: int) -> LaneScan:
            return self.lanes.scan_items(by_lane[lane], rest[lane], now, consistent=consistent)

        while rest:
            pages_left = int((SCANNED_READ_UNITS - tally.read_units) // page_units)
            in_time = self.runtime.clock() < now + SCANNED_MS and has_time()
            if not (pages_left and in_time and tally.bytes_read < SCANNED_BYTES):
                return tally, _position(rest, len(heads))
            lanes = list(islice(rest, min(pages_left, LANES_SCANNED_AT_ONCE)))
            for lane, page in zip(lanes, self.runtime.parallel(read, lanes), strict=True):
                tally.items_scanned += page.items_scanned
                tally.read_units += page.read_units
                tally.add(page.items, now)
                if page.next_after is None:
                    del rest[lane]
                else:
                    rest[lane] = page.next_after
        return tally, None


def _rest(heads: Mapping[int, Head], position: ScanPosition) -> _Rest:
    """The lanes that may hold more: those without an unfinished item need no reading."""
    begun: _Rest = dict(position.begun)
    rest = begun | {lane: None for lane in heads if lane >= position.lane and lane not in begun}
    return {lane: after for lane, after in rest.items() if heads[lane].counts.unfinished}


def _position(rest: _Rest, lanes: int) -> ScanPosition:
    return ScanPosition(
        lane=min((lane for lane, after in rest.items() if after is None), default=lanes),
        begun=tuple((lane, after) for lane, after in rest.items() if after is not None),
    )
