"""A table's stream: shards that split, records in order per key, at least once, bisected."""

import zlib
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from tests.simulation.coverage import CoverageCounts, CoveragePoint
from tests.simulation.table import RowChange

_HASH_RANGE = 1 << 32
# The share of records that come later than those of other items that were changed after them.
_DELAYED_SHARE = 0.15


@dataclass(slots=True, eq=False)
class Shard:
    """The records of one part of a shard, of which each has its own batches at the same time."""

    number: int
    first: int
    last: int
    # All parts of the shard that was split.
    parents: "tuple[Shard, ...]" = ()
    part: int = 0
    closed: bool = False
    records: list[dict[str, Any]] = field(default_factory=list)
    # State of the event source mapping: its position, and how often it tried that.
    position: int = 0
    tries: int = 0
    # After a failure a batch has this many records at most, until it succeeds.
    bisected: int | None = None
    busy: bool = False
    # How many relays are processing its records now.
    concurrent_relays: int = 0

    @property
    def exhausted(self) -> bool:
        return self.position >= len(self.records)


@dataclass(slots=True)
class Stream:
    """Only the records that pass the filter criteria of the relay's mapping."""

    max_tries: int
    coverage: CoverageCounts = field(default_factory=Counter)
    # Into how many parts each shard's records are divided, by their item.
    parallelization: int = 1
    # Random numbers from 0 to 1.
    draw: Callable[[], float] = lambda: 1.0
    shards: list[Shard] = field(default_factory=list)
    # Records that exhausted their retries: the failure queue.
    given_up: list[dict[str, Any]] = field(default_factory=list)
    # Records that have not reached their shard yet, in order by item.
    delayed: dict[str, list[RowChange]] = field(default_factory=dict)
    _sequence: int = 0

    def __post_init__(self) -> None:
        self._add_shard(0, _HASH_RANGE, ())

    def append(self, change: RowChange) -> None:
        """Only the records of one item are in the order of its changes."""
        is_new_fact = change.old is None and change.sk.startswith("FACT#")
        if change.new is None or not (is_new_fact or change.sk == "LANE"):
            # Filtered out.
            return
        item = f"{change.pk}/{change.sk}"
        if item in self.delayed or self.draw() < _DELAYED_SHARE:
            self.coverage[CoveragePoint.RECORDS_DELAYED] += 1
            self.delayed.setdefault(item, []).append(change)
        else:
            self._put(item, change)

    def _put(self, item: str, change: RowChange) -> None:
        self._sequence += 1
        hash_key = zlib.crc32(change.pk.encode())
        part = zlib.crc32(item.encode()) % self.parallelization
        for shard in self.shards:
            if shard.part == part and not shard.closed and shard.first <= hash_key < shard.last:
                shard.records.append(_record(change, self._sequence))

    def _put_delayed(self, share: float) -> None:
        for item in [item for item in self.delayed if self.draw() < share]:
            for change in self.delayed.pop(item):
                self._put(item, change)

    def _add_shard(self, first: int, last: int, parents: tuple[Shard, ...]) -> None:
        number = len(self.shards) // self.parallelization
        for part in range(self.parallelization):
            self.shards.append(Shard(number, first, last, parents, part))

    def split(self, choice: int) -> bool:
        """Split one shard in two; the children are read after their parent."""
        leaves = [shard for shard in self.shards if not shard.closed and not shard.part]
        leaf = leaves[choice % len(leaves)]
        if leaf.last - leaf.first < 2 or len(self.shards) > 12 * self.parallelization:
            return False
        parents = tuple(self.parts_of(leaf))
        for shard in parents:
            shard.closed = True
        middle = (leaf.first + leaf.last) // 2
        self._add_shard(leaf.first, middle, parents)
        self._add_shard(middle, leaf.last, parents)
        self.coverage[CoveragePoint.SHARD_SPLIT] += 1
        return True

    def readable(self) -> list[Shard]:
        if self.delayed:
            self._put_delayed(0.5)
        shards = self._readable()
        if self.delayed and not shards:
            self._put_delayed(1.0)
            shards = self._readable()
        return shards

    def _readable(self) -> list[Shard]:
        shards = []
        for shard in self.shards:
            if not shard.exhausted and not shard.busy:
                if all(parent.exhausted for parent in shard.parents):
                    shards.append(shard)
                else:
                    self.coverage[CoveragePoint.PARENT_FIRST] += 1
        return shards

    def parts_of(self, shard: Shard) -> Iterable[Shard]:
        return (other for other in self.shards if other.number == shard.number)

    def batch(self, shard: Shard, most: int) -> list[dict[str, Any]]:
        size = min(most, shard.bisected or most)
        self.coverage[CoveragePoint.RECORDS_AGAIN] += shard.tries > 0
        return shard.records[shard.position : shard.position + size]

    def succeed(self, shard: Shard, position: int, batch: list[dict[str, Any]]) -> None:
        shard.position = max(shard.position, position + len(batch))
        shard.tries = 0
        shard.bisected = None

    def fail(
        self, shard: Shard, position: int, batch: list[dict[str, Any]], first_failed: str | None
    ) -> None:
        """Resume at the first failed record, bisect the batch, give up after `max_tries`."""
        if shard.position != position:
            return
        numbers = [record["dynamodb"]["SequenceNumber"] for record in batch]
        done = numbers.index(first_failed) if first_failed in numbers else 0
        shard.position += done
        left = len(batch) - done
        shard.tries = 1 if done else shard.tries + 1
        if shard.tries > self.max_tries:
            self.coverage[CoveragePoint.RECORDS_GIVEN_UP] += left
            self.given_up += shard.records[shard.position : shard.position + left]
            shard.position += left
            shard.tries, shard.bisected = 0, None
        elif left > 1:
            shard.bisected = (left + 1) // 2
            self.coverage[CoveragePoint.BATCH_HALVED] += 1


def _record(change: RowChange, sequence: int) -> dict[str, Any]:
    return {
        "eventID": f"e{sequence}",
        "eventName": "INSERT" if change.old is None else "MODIFY",
        "eventSource": "aws:dynamodb",
        "awsRegion": "eu-central-1",
        "dynamodb": {
            "Keys": {"PK": {"S": change.pk}, "SK": {"S": change.sk}},
            "SequenceNumber": f"{sequence:021d}",
            "StreamViewType": "KEYS_ONLY",
        },
    }
