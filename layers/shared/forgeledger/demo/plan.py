"""The plan of the demo: which items fail at first, arrive twice or kill their worker."""

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
    # The share of items with two work messages, and that of items with two completions.
    duplicate_share: float = 0.02

    @property
    def lanes(self) -> int:
        return max(_LEAST_LANES, lanes_for(self.items))

    @property
    def item_ids(self) -> list[str]:
        width = len(str(self.items))
        return [f"invoice-{number:0{width}}" for number in range(1, self.items + 1)]

    @property
    def killing(self) -> str:
        """The item whose first attempt kills its worker; by then all workers are busy."""
        names, failing = self.item_ids, _spread(self.item_ids, self.fail_share, offset=0.0)
        start = int(self.items * _KILL_AT)
        return next((name for name in names[start:] if name not in failing), names[start])

    @property
    def failing(self) -> frozenset[str]:
        return _spread(self.item_ids, self.fail_share, offset=0.0) - {self.killing}

    @property
    def sent_twice(self) -> frozenset[str]:
        """Two work messages, as from a sender that repeats itself after a timeout."""
        others = self.failing | {self.killing}
        return _spread(self.item_ids, self.duplicate_share, offset=0.4) - others

    @property
    def completed_twice(self) -> frozenset[str]:
        """Two completions with different ids, as from a worker that ran twice."""
        others = self.failing | self.sent_twice | {self.killing}
        return _spread(self.item_ids, self.duplicate_share, offset=0.7) - others

    def messages(self, job_id: str) -> Iterator[str]:
        """The bodies for the work queue; the second message of an item comes somewhat later."""
        late: list[str] = []
        failing, sent_twice = self.failing, self.sent_twice
        completed_twice, killing = self.completed_twice, self.killing
        for number, item_id in enumerate(self.item_ids, start=1):
            payload = {
                "number": number,
                "failsAtFirst": item_id in failing,
                "completesTwice": item_id in completed_twice,
                "killsWorker": item_id == killing,
            }
            body = json.dumps({"jobId": job_id, "itemId": item_id, "payload": payload})
            yield body
            if item_id in sent_twice:
                late.append(body)
            if late and number % 50 == 0:
                yield late.pop()
        yield from late


def _spread(names: list[str], share: float, *, offset: float) -> frozenset[str]:
    """That share of the names at equal distances; at least one unless the share is 0."""
    if share <= 0 or not names:
        return frozenset()
    count = min(len(names), max(1, round(len(names) * share)))
    step = len(names) / count
    return frozenset(names[int((number + offset) * step)] for number in range(count))
