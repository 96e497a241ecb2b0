"""What the demo will do to its job: which items fail at first, and which are worked on twice."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from forgeledger.domain.ids import lanes_for

_LEAST_LANES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    items: int = 1_000
    workers: int = 4
    # The share of items whose first attempt fails.
    fail_share: float = 0.02
    # The share of work messages that are sent twice, and of items whose end is told twice.
    duplicate_share: float = 0.02

    @property
    def lanes(self) -> int:
        return max(_LEAST_LANES, lanes_for(self.items))

    @property
    def item_ids(self) -> list[str]:
        width = len(str(self.items))
        return [f"invoice-{number:0{width}}" for number in range(1, self.items + 1)]

    @property
    def failing(self) -> frozenset[str]:
        return _spread(self.item_ids, self.fail_share, offset=0.0)

    @property
    def doubled(self) -> frozenset[str]:
        """Two messages in the work queue: as when a sender repeats itself after a time-out."""
        return _spread(self.item_ids, self.duplicate_share, offset=0.4) - self.failing

    @property
    def told_twice(self) -> frozenset[str]:
        """Two completions under different ids: as when a worker is run again after its end."""
        others = self.failing | self.doubled
        return _spread(self.item_ids, self.duplicate_share, offset=0.7) - others

    def messages(self, job_id: str) -> Iterator[str]:
        """The bodies for the work queue; a doubled item comes again somewhat later."""
        late: list[str] = []
        failing, doubled, told_twice = self.failing, self.doubled, self.told_twice
        for number, item_id in enumerate(self.item_ids, start=1):
            payload = {
                "number": number,
                "failsAtFirst": item_id in failing,
                "toldTwice": item_id in told_twice,
            }
            body = json.dumps({"jobId": job_id, "itemId": item_id, "payload": payload})
            yield body
            if item_id in doubled:
                late.append(body)
            if late and number % 50 == 0:
                yield late.pop()
        yield from late


def _spread(names: list[str], share: float, *, offset: float) -> frozenset[str]:
    """That share of the names, at least one unless the share is 0, at equal distances."""
    if share <= 0 or not names:
        return frozenset()
    count = min(len(names), max(1, round(len(names) * share)))
    step = len(names) / count
    return frozenset(names[int((number + offset) * step)] for number in range(count))
