"""The users and workers of a dispatched job, and the standard queue between them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from forgeledger.execution.model.dead_work import DeadWork
from forgeledger.execution.model.flight import Handout
from forgeledger.execution.usecases.end_dead_work import DeadWorkEnder
from forgeledger.jobs.model.items import Failure, ItemState
from forgeledger.jobs.model.outcomes import OutcomeKind
from forgeledger.runtime import no_deadline
from tests.simulation.lane_checks import Violation

if TYPE_CHECKING:
    from tests.simulation.dispatch.history import DispatchHistory

_VISIBILITY_MS: Final = 400_000
_MAX_RECEIVES: Final = 4


@dataclass(slots=True)
class QueuedWork:
    item_id: str
    dispatch: int
    visible_at: int
    receives: int = 0


@dataclass(slots=True)
class BusyWorker:
    message: QueuedWork
    # How often the message had been received then: another delivery has another receipt.
    receipt: int
    attempt: int


class Staff:
    def __init__(self, history: "DispatchHistory") -> None:
        self._history = history
        self._random = history.random
        self._ends_early = history.happens(0.5)
        self._registered = self._hired = 0
        # Items that kill every worker before or after its claim.
        self._deadly: dict[str, str] = {}
        self.queue: list[QueuedWork] = []
        # Items and dispatches whose message the queue has lost.
        self.purged: set[tuple[str, int]] = set()
        self.workers: list[BusyWorker] = []

    def command(self, kind: str, item_id: str, **fields: Any) -> bool:
        """Whether it was applied."""
        history = self._history
        (outcome,) = history.ledger.do(history.job_id, kind, item_id, **fields)
        history.committed()
        return outcome.kind is OutcomeKind.APPLIED

    def register(self, number: int) -> None:
        for _ in range(number):
            self._registered += 1
            item_id = f"i{self._registered}"
            if self._history.happens(0.06):
                self._deadly[item_id] = self._random.choice(("before", "after"))
            later = self._history.ledger.now + self._random.choice((5_000, 90_000, 2_000_000))
            more = {"not_before": later} if self._history.happens(0.25) else {}
            self.command("register", item_id, **more)

    def interfere(self) -> None:
        """Commands by name: refused ones, heartbeats, and ends of items before their turn."""
        waiting = [item for item in self._history.truth.items() if not item.finished]
        if not waiting:
            return
        item, chance = self._random.choice(waiting), self._random.random()
        if chance < 0.4:
            self.command("complete", item.item_id, attempt=1, dispatch=99)
        elif chance < 0.7 and self.workers:
            worker = self._random.choice(self.workers)
            self.command("heartbeat", worker.message.item_id, attempt=worker.attempt)
        elif self._ends_early and item.state is ItemState.PENDING:
            self.command(self._random.choice(("complete", "cancel")), item.item_id)

    def deliver(self, handout: Handout, *, twice: bool) -> None:
        visible_at = max(self._history.ledger.now, handout.due_at or 0)
        for _ in range(1 + twice):
            self.queue.append(QueuedWork(handout.item_id, handout.attempt, visible_at))

    def check_was_lost(self, handout: Handout) -> None:
        """Only what the queue has lost may wait until it is searched for."""
        sent = {(message.item_id, message.dispatch) for message in self.queue} | self.purged
        if (handout.item_id, handout.attempt) not in sent:
            raise Violation(
                f"{handout.item_id} waited for the search, and its message was not lost"
            )

    def receive(self) -> None:
        now = self._history.ledger.now
        visible = [message for message in self.queue if message.visible_at <= now]
        if not visible:
            return
        message = self._random.choice(visible)
        message.receives += 1
        message.visible_at = now + _VISIBILITY_MS
        if self._history.fault(0.02):
            self.queue.remove(message)
            self.purged.add((message.item_id, message.dispatch))
        elif message.receives > _MAX_RECEIVES:
            self.queue.remove(message)
            self._bury(message)
        elif self._deadly.get(message.item_id) != "before":
            self._claim(message)

    def _claim(self, message: QueuedWork) -> None:
        self._hired += 1
        attempt = message.dispatch - 1 + message.receives
        granted = self.command(
            "claim",
            message.item_id,
            dispatch=message.dispatch,
            attempt=attempt,
            worker_id=f"w{self._hired}",
        )
        item = self._history.truth.item(message.item_id)
        if granted:
            if item.due_at is not None and item.due_at > self._history.ledger.now:
                raise Violation(f"{message.item_id} is claimed before its time")
            self.workers.append(BusyWorker(message, message.receives, item.attempt))
        elif item.state is ItemState.PENDING and self._history.truth.is_held(message.item_id):
            pass
        elif item.state is not ItemState.IN_PROGRESS and message in self.queue:
            self.queue.remove(message)

    def _bury(self, message: QueuedWork) -> None:
        """It was received too often: SQS moves it to the dead letters, whose reader ends it."""
        work = DeadWork(
            message_id=f"{message.item_id}-{message.dispatch}-{self._hired}",
            job_id=self._history.job_id,
            items=((message.item_id, message.dispatch),),
        )
        truth = self._history.truth
        was_held = truth.is_held(message.item_id)
        waited = truth.item(message.item_id).state is ItemState.PENDING
        DeadWorkEnder(self._history.ledger.lane_writer).end(work, no_deadline)
        self._history.committed()
        if was_held and waited and truth.item(message.item_id).finished:
            raise Violation(f"{message.item_id} failed because its job was paused")

    def end_a_worker(self) -> None:
        """It reports and deletes its message, or dies before, between or after the two."""
        worker = self.workers.pop(self._random.randrange(len(self.workers)))
        message = worker.message
        if message.item_id in self._deadly or self._history.fault(0.1):
            return
        if not self._history.fault(0.03):
            self._report(worker)
        deletes = not self._history.fault(0.03) and worker.receipt == message.receives
        if deletes and message in self.queue:
            self.queue.remove(message)

    def _report(self, worker: BusyWorker) -> None:
        fields: dict[str, Any] = {"attempt": worker.attempt, "dispatch": worker.message.dispatch}
        kind = self._random.choices(["complete", "fail", "release"], [6, 3, 1])[0]
        if kind == "fail":
            fields["failure"] = Failure(type="Busy", retryable=self._history.happens(0.8))
        self.command(kind, worker.message.item_id, **fields)
