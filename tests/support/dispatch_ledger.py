"""A ledger in memory that hands out its items to a queue in memory."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from forgeledger.execution.model.flight import Handout, handed_out
from forgeledger.execution.usecases.dispatch_items import Dispatched, Dispatcher
from forgeledger.execution.usecases.find_lost_messages import LostMessages
from forgeledger.execution.usecases.run_job import JobRunner
from forgeledger.execution.usecases.sweep_leases import LeaseSweeper
from forgeledger.jobs.model.ids import lane_of
from forgeledger.jobs.model.items import Item
from forgeledger.jobs.model.jobs import DispatchSpec, Job
from forgeledger.jobs.model.lanes import LaneRules
from forgeledger.runtime import HasTime, no_deadline
from tests.support.ledgers import Ledger
from tests.support.memory_store import MemoryStore

RULES = LaneRules(dispatched=True, lease_seconds=300, max_attempts=3)


@dataclass
class RecordedQueue:
    """Remembers what was sent; refuses the first `refusals` flights."""

    sent: list[Handout] = field(default_factory=list)
    refusals: int = 0

    def send(self, job: Job, handouts: Sequence[Handout], has_time: HasTime) -> None:
        if self.refusals:
            self.refusals -= 1
            raise ConnectionError("the queue is unreachable")
        self.sent += handouts


@dataclass
class RecordedWakes:
    sent: list[tuple[str, int]] = field(default_factory=list)

    def wake(self, job_id: str, seconds: int) -> None:
        self.sent.append((job_id, seconds))


class DispatchingLedger(Ledger):
    def __init__(self) -> None:
        super().__init__(MemoryStore())
        self.queue, self.wakes = RecordedQueue(), RecordedWakes()

    def dispatching_job(self, *, lanes: int = 1, rules: LaneRules = RULES, **spec: Any) -> str:
        return self.job(lanes=lanes, rules=rules, dispatch=DispatchSpec(**spec))

    def dispatcher(self, store: Any = None, queue: Any = None, wakes: Any = None) -> Dispatcher:
        store = store or self.store
        return Dispatcher(
            jobs=store,
            lanes=store,
            due_rows=store,
            works=store,
            queue=queue or self.queue,
            wakes=wakes or self.wakes,
            runtime=self.runtime,
        )

    def dispatch(self, job_id: str, most: int = 10_000) -> Dispatched:
        return self.dispatcher().dispatch(self.view(job_id), no_deadline, most)

    def runner(
        self, store: Any = None, queue: Any = None, found: Any = None, wakes: Any = None
    ) -> JobRunner:
        """`found` gets what the search for lost messages sends; unless given, `queue` does."""
        store, queue = store or self.store, queue or self.queue
        return JobRunner(
            works=store,
            dispatcher=self.dispatcher(store, queue, wakes),
            sweeper=LeaseSweeper(lanes=store, lane_writer=self.lane_writer, runtime=self.runtime),
            lost_messages=LostMessages(
                lanes=store, due_rows=store, works=store, queue=found or queue
            ),
            runtime=self.runtime,
        )

    def run(self, job_id: str) -> int | None:
        """Look after the job as the relay does: what it is told of commits is rolled up."""
        self.advancer.advance(job_id)
        return self.runner().run(self.view(job_id), no_deadline)

    def sent(self) -> list[str]:
        """What was sent since this was asked for the last time: items with their dispatches."""
        sent = [f"{handout.item_id}:{handout.attempt}" for handout in self.queue.sent]
        self.queue.sent.clear()
        return sent

    def out(self, job_id: str) -> int:
        return handed_out(self.store.load_work(job_id).lanes, self.view(job_id).heads)

    def item(self, job_id: str, item_id: str) -> Item:
        lane = lane_of(item_id, self.view(job_id).job.spec.lanes)
        view = self.store.load_lane(job_id, lane, [item_id])
        assert view is not None
        return view.items[item_id]
