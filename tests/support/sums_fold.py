"""A lane's eight sums, folded from its journal's events alone, without the product's rules."""

from dataclasses import dataclass, field

from forgeledger.jobs.model.events import Event
from forgeledger.jobs.model.sums import Sums


@dataclass(slots=True)
class SumsFold:
    claims: int = 0
    failures: int = 0
    expired: int = 0
    released: int = 0
    run_ms: int = 0
    queue_ms: int = 0
    again: int = 0
    # Since when an item can be claimed, and since when it is claimed.
    waiting: dict[str, int] = field(default_factory=dict)
    claimed: dict[str, int] = field(default_factory=dict)
    # Unfinished items that have failed.
    retrying: set[str] = field(default_factory=set)
    # Items that failed and did not complete since.
    failed: set[str] = field(default_factory=set)

    def sums(self) -> Sums:
        return Sums(
            claims=self.claims,
            failures=self.failures,
            expired=self.expired,
            released=self.released,
            run_ms=self.run_ms,
            queue_ms=self.queue_ms,
            again=self.again,
            retrying=len(self.retrying),
        )

    def add(self, event: Event) -> None:
        kind, name = str(event.kind), event.item_id
        if kind == "gated" and event.mode == "closed":
            # Whatever is unfinished is canceled.
            self.waiting.clear()
            self.claimed.clear()
            self.retrying.clear()
        if name is None or kind in ("heartbeat", "duplicate", "rejected"):
            return
        if name in self.claimed:
            self.run_ms += max(0, event.at - self.claimed.pop(name))
        waited_since = self.waiting.pop(name, None)
        if kind == "claimed":
            self.claims += 1
            self.claimed[name] = event.at
            if waited_since is not None:
                self.queue_ms += max(0, event.at - waited_since)
        elif kind == "registered":
            self.waiting[name] = event.at if event.due_at is None else event.due_at
        elif kind in ("completed", "canceled"):
            self.retrying.discard(name)
            self.failed -= {name} if kind == "completed" else set()
        elif kind in ("released", "retried", "resumed"):
            self.released += kind == "released"
            self.again += 1
            self.waiting[name] = event.at
            # One that was released is retrying already, if it failed.
            self.retrying |= self.failed & {name}
        else:
            assert kind in ("failed", "expired"), kind
            self._fail(event, name)

    def _fail(self, event: Event, name: str) -> None:
        self.failed.add(name)
        self.failures += event.kind == "failed"
        self.expired += event.kind == "expired"
        if event.due_at is None:
            self.retrying.discard(name)
        else:
            self.again += 1
            self.waiting[name] = event.due_at
            self.retrying.add(name)
