"""What the demo will do to its job: which items fail at first, and which are worked on twice."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from forgeledger.jobs.model.ids import lanes_for

_LEAST_LANES = 4
_KILL_AT = 0.35


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
    def deadly(self) -> str:
        """The item in the middle of which its worker is killed, when all of them are at work."""
        names, failing = self.item_ids, _spread(self.item_ids, self.fail_share, offset=0.0)
        start = int(self.items * _KILL_AT)
        return next((name for name in names[start:] if name not in failing), names[start])

    @property
    def failing(self) -> frozenset[str]:
        return _spread(self.item_ids, self.fail_share, offset=0.0) - {self.deadly}

    @property
    def doubled(self) -> frozenset[str]:
        """Two messages in the work queue: as when a sender repeats itself after a time-out."""
        others = self.failing | {self.deadly}
        return _spread(self.item_ids, self.duplicate_share, offset=0.4) - others

    @property
    def told_twice(self) -> frozenset[str]:
        """Two completions under different ids: as when a worker is run again after its end."""
        others = self.failing | self.doubled | {self.deadly}
        return _spread(self.item_ids, self.duplicate_share, offset=0.7) - others

    def messages(self, job_id: str) -> Iterator[str]:
        """The bodies for the work queue; a doubled item comes again somewhat later."""
        late: list[str] = []
        failing, doubled, told_twice = self.failing, self.doubled, self.told_twice
        deadly = self.deadly
        for number, item_id in enumerate(self.item_ids, start=1):
            payload = {
                "number": number,
                "failsAtFirst": item_id in failing,
                "toldTwice": item_id in told_twice,
                "killsWorker": item_id == deadly,
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
