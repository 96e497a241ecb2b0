"""A partition's write units: a token bucket, and what each write takes from it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from tests.simulation.expressions import Row
from tests.support.row_sizes import row_bytes

# DynamoDB saves what a partition does not use, for at most so long.
_BURST_SECONDS: Final = 300
_UNIT_BYTES: Final = 1_024


def units_of(row: Row | None, *, in_transaction: bool) -> int:
    """What writing or checking a row takes; a transaction writes each row twice."""
    units = -(-max(1, row_bytes(row or {})) // _UNIT_BYTES)
    return 2 * units if in_transaction else units


@dataclass(slots=True)
class PartitionUnits:
    """Each partition has so many units a second; 0: as many as are asked for."""

    clock: Callable[[], int]
    per_second: int = 0
    written: int = 0
    throttled: int = 0
    # By partition: units at a time.
    _left: dict[str, tuple[float, int]] = field(default_factory=dict)

    def take(self, writes: Sequence[tuple[str, int]]) -> frozenset[str]:
        """Take the units of one request, or none of them: the partitions that have too few."""
        wanted: dict[str, int] = {}
        for pk, units in writes:
            wanted[pk] = wanted.get(pk, 0) + units
        left = {pk: self._left_of(pk) for pk in wanted}
        short = frozenset(pk for pk, units in wanted.items() if left[pk] < units)
        self.throttled += bool(short)
        if not short:
            self._left |= {pk: (left[pk] - units, self.clock()) for pk, units in wanted.items()}
            self.written += sum(wanted.values())
        return short

    def _left_of(self, pk: str) -> float:
        """A partition begins with the units of one second."""
        now = self.clock()
        left, at = self._left.get(pk, (float(self.per_second), now))
        most = self.per_second * _BURST_SECONDS
        return min(float(most), left + (now - at) * self.per_second / 1_000)
