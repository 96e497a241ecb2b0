"""A table's stream: shards that split, each item's records in order, at least once, bisected."""

import zlib
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from tests.simulation.coverage import Happening, Met
from tests.simulation.table import RowChange

_WHOLE = 1 << 32


@dataclass(slots=True, eq=False)
class Shard:
    number: int
    first: int
    last: int
    parent: "Shard | None" = None
    closed: bool = False
    records: list[dict[str, Any]] = field(default_factory=list)
    # What the event source mapping knows: where it is, and how often that was tried.
    position: int = 0
    tries: int = 0
    # After a failure only so many records are given at once, until they are through.
    bisected: int | None = None
    busy: bool = False
    # How many relays have its records before them.
    relays: int = 0

    @property
    def exhausted(self) -> bool:
        return self.position >= len(self.records)


@dataclass(slots=True)
class Stream:
    """Records that pass the filter criteria of the relay's mapping; all others wake nobody."""

    max_tries: int
    met: Met = field(default_factory=Counter)
    shards: list[Shard] = field(default_factory=lambda: [Shard(0, 0, _WHOLE)])
    # Records that were given up, each with its job: the failure queue.
    given_up: list[dict[str, Any]] = field(default_factory=list)
    _sequence: int = 0

    def append(self, change: RowChange) -> None:
        is_new_fact = change.old is None and change.sk.startswith("FACT#")
        if change.new is None or not (is_new_fact or change.sk == "LANE"):
            # It passes no filter.
            return
        self._sequence += 1
        place = zlib.crc32(change.pk.encode())
        for shard in self.shards:
            if not shard.closed and shard.first <= place < shard.last:
                shard.records.append(_record(change, self._sequence))

    def split(self, choice: int) -> bool:
        """One shard becomes two: what was written before is read before."""
        leaves = [shard for shard in self.shards if not shard.closed]
        shard = leaves[choice % len(leaves)]
        if shard.last - shard.first < 2 or len(self.shards) > 12:
            return False
        shard.closed = True
        middle = (shard.first + shard.last) // 2
        for first, last in ((shard.first, middle), (middle, shard.last)):
            self.shards.append(Shard(len(self.shards), first, last, parent=shard))
        self.met[Happening.SHARD_SPLIT] += 1
        return True

    def readable(self) -> list[Shard]:
        found = []
        for shard in self.shards:
            if not shard.exhausted and not shard.busy:
                if shard.parent is None or shard.parent.exhausted:
                    found.append(shard)
                else:
                    self.met[Happening.PARENT_FIRST] += 1
        return found

    def batch(self, shard: Shard, most: int) -> list[dict[str, Any]]:
        size = min(most, shard.bisected or most)
        self.met[Happening.RECORDS_AGAIN] += shard.tries > 0
        return shard.records[shard.position : shard.position + size]

    def succeed(self, shard: Shard, position: int, batch: list[dict[str, Any]]) -> None:
        shard.position = max(shard.position, position + len(batch))
        shard.tries = 0
        shard.bisected = None

    def fail(
        self, shard: Shard, position: int, batch: list[dict[str, Any]], first_failed: str | None
    ) -> None:
        """Go on from the first failed record; halve what failed whole; give up after some tries."""
        if shard.position != position:
            return
        numbers = [record["dynamodb"]["SequenceNumber"] for record in batch]
        done = numbers.index(first_failed) if first_failed in numbers else 0
        shard.position += done
        left = len(batch) - done
        shard.tries = 1 if done else shard.tries + 1
        if shard.tries > self.max_tries:
            self.met[Happening.RECORDS_GIVEN_UP] += left
            self.given_up += shard.records[shard.position : shard.position + left]
            shard.position += left
            shard.tries, shard.bisected = 0, None
        elif left > 1:
            shard.bisected = (left + 1) // 2
            self.met[Happening.BATCH_HALVED] += 1


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
