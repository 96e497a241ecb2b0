"""A table's stream: shards that split, records in order per key, at least once, bisected."""

import zlib
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from tests.simulation.coverage import CoverageCounts, CoveragePoint
from tests.simulation.table import RowChange

_HASH_RANGE = 1 << 32


@dataclass(slots=True, eq=False)
class Shard:
    number: int
    first: int
    last: int
    parent: "Shard | None" = None
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
    shards: list[Shard] = field(default_factory=lambda: [Shard(0, 0, _HASH_RANGE)])
    # Records that exhausted their retries: the failure queue.
    given_up: list[dict[str, Any]] = field(default_factory=list)
    _sequence: int = 0

    def append(self, change: RowChange) -> None:
        is_new_fact = change.old is None and change.sk.startswith("FACT#")
        if change.new is None or not (is_new_fact or change.sk == "LANE"):
            # Filtered out.
            return
        self._sequence += 1
        hash_key = zlib.crc32(change.pk.encode())
        for shard in self.shards:
            if not shard.closed and shard.first <= hash_key < shard.last:
                shard.records.append(_record(change, self._sequence))

    def split(self, choice: int) -> bool:
        """Split one shard in two; the children are read after their parent."""
        leaves = [shard for shard in self.shards if not shard.closed]
        shard = leaves[choice % len(leaves)]
        if shard.last - shard.first < 2 or len(self.shards) > 12:
            return False
        shard.closed = True
        middle = (shard.first + shard.last) // 2
        for first, last in ((shard.first, middle), (middle, shard.last)):
            self.shards.append(Shard(len(self.shards), first, last, parent=shard))
        self.coverage[CoveragePoint.SHARD_SPLIT] += 1
        return True

    def readable(self) -> list[Shard]:
        shards = []
        for shard in self.shards:
            if not shard.exhausted and not shard.busy:
                if shard.parent is None or shard.parent.exhausted:
                    shards.append(shard)
                else:
                    self.coverage[CoveragePoint.PARENT_FIRST] += 1
        return shards

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
