"""Random histories of one dispatched job: the real use cases, a store and a queue in memory.

Whatever a dispatcher calls may fail, be carried out without an answer, or take so long that others
act meanwhile.
"""

import random
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from forgeledger.errors import StorageBusy
from forgeledger.execution.model.flight import Handout
from forgeledger.jobs.model.items import ItemState
from forgeledger.jobs.model.jobs import Job
from forgeledger.jobs.model.lanes import LaneRules
from forgeledger.runtime import HasTime, no_deadline
from tests.simulation.dispatch.staff import Staff
from tests.simulation.dispatch.truth import Truth
from tests.simulation.faults import Crash
from tests.simulation.lane_checks import Violation
from tests.support.dispatch_ledger import DispatchingLedger

_STEPS: Final = 260
# After so many steps nothing dies, stalls or gets lost.
_FAULTS_UNTIL: Final = 160
_REST_STEPS: Final = 20_000
_DEPTH: Final = 2
_ROUND_MS: Final = 300_000
_WAITS_MS: Final = (1_000, 1_000, 5_000, 20_000, 40_000, 70_000, 320_000)


@dataclass(slots=True)
class _Faulty:
    """A port whose calls fail, are carried out unheard, or let others act first."""

    target: Any
    history: "DispatchHistory"

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.target, name)

        def call(*arguments: Any, **options: Any) -> Any:
            return self.history.call(lambda: method(*arguments, **options))

        return call


@dataclass(slots=True)
class _Found:
    """What the search for lost messages sends to."""

    history: "DispatchHistory"

    def send(self, job: Job, handouts: Sequence[Handout], has_time: HasTime) -> None:
        for handout in handouts:
            self.history.staff.check_was_lost(handout)
        self.history.send(job, handouts, has_time)


class DispatchHistory:
    """It is the work queue and the wake queue of its job as well."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.ledger = ledger = DispatchingLedger()
        window = (None, 1, 2, 3)[seed % 4]
        self.job_id = ledger.dispatching_job(
            lanes=1 + seed // 4 % 3,
            max_in_flight=window,
            rules=LaneRules(
                dispatched=True,
                lease_seconds=self.random.choice((60, 300)),
                max_attempts=3,
                backoff_base_seconds=self.random.choice((0, 0, 30)),
            ),
        )
        self.truth = Truth(ledger, self.job_id, window)
        self.staff = Staff(self)
        self.runner = ledger.runner(
            _Faulty(ledger.store, self), queue=self, found=_Found(self), wakes=self
        )
        self.wakes = [ledger.now]
        self.closings_left = seed % 3
        self.pauses = self.happens(0.4)
        self.lost_records = self.random.choice((0.1, 0.9))
        self.step = self.depth = self.last_round = 0
        self.counts: Counter[str] = Counter()

    @property
    def has_faults(self) -> bool:
        return self.step < _FAULTS_UNTIL

    def happens(self, chance: float) -> bool:
        return self.random.random() < chance

    def fault(self, chance: float) -> bool:
        return self.has_faults and self.happens(chance)

    def call(self, perform: Callable[[], Any]) -> Any:
        self.counts["calls"] += 1
        self.ledger.now += 3
        if not self.has_faults:
            return perform()
        chance = self.random.random()
        if chance < 0.015:
            raise Crash
        if chance < 0.03:
            perform()
            raise Crash
        if chance < 0.04:
            perform()
            raise StorageBusy("an answer was lost", 1)
        if chance < 0.15 and self.depth < _DEPTH:
            self.depth += 1
            for _ in range(self.random.randint(1, 6)):
                self._act()
            self.depth -= 1
        return perform()

    def send(self, job: Job, handouts: Sequence[Handout], has_time: HasTime) -> None:
        for handout in handouts:
            self.call(lambda handout=handout: self._sent(handout))

    def _sent(self, handout: Handout) -> None:
        needed = self.truth.note_sent(handout)
        self.counts["sent" if needed else "sent for nothing"] += 1
        self.staff.deliver(handout, twice=self.fault(0.03))

    def wake(self, job_id: str, seconds: int) -> None:
        self.wakes.append(self.ledger.now + seconds * 1000)

    def committed(self) -> None:
        """A record of the stream wakes the relay, unless it is lost."""
        if not self.fault(self.lost_records):
            self.wakes.append(self.ledger.now + self.random.choice((0, 1_000)))

    def run(self) -> None:
        self.staff.register(self.random.randint(1, 12))
        for self.step in range(_STEPS):
            self._act()
        if self.ledger.view(self.job_id).job.finished:
            self._reopen(resume=True)
        if self.ledger.view(self.job_id).job.held:
            self._pause_or_resume()
        for _ in range(_REST_STEPS):
            self._act()
            if self.truth.is_at_rest():
                self.truth.check_no_slot_is_lost()
                return
        left = [item for item in self.truth.items() if not item.finished]
        raise Violation(f"never ends: {left}, {self.ledger.store.load_work(self.job_id)}")

    def _act(self) -> None:
        """One participant takes a step."""
        chance = self.random.random()
        if chance < 0.35:
            self.ledger.now += self.random.choice(_WAITS_MS)
        elif chance < 0.55:
            self.staff.receive()
        elif chance < 0.7 and self.staff.workers:
            self.staff.end_a_worker()
        elif chance < 0.78 and self.has_faults:
            self._users_act()
        else:
            self._relay()

    def _users_act(self) -> None:
        chance = self.random.random()
        if self.ledger.view(self.job_id).job.finished:
            self._reopen(resume=self.happens(0.5))
        elif chance < 0.5:
            self.staff.register(self.random.randint(1, 5))
        elif chance < 0.6 and self.closings_left and not self.depth:
            self.closings_left -= 1
            self.ledger.lifecycle.cancel(self.job_id)
            self.committed()
        elif chance < 0.68 and self.pauses:
            self._pause_or_resume()
        elif chance < 0.75:
            for item in list(self.truth.items()):
                if item.state is ItemState.FAILED and self.happens(0.5):
                    self.staff.command("retry", item.item_id)
        else:
            self.staff.interfere()

    def _pause_or_resume(self) -> None:
        lifecycle = self.ledger.lifecycle
        held = self.ledger.view(self.job_id).job.held
        (lifecycle.resume if held else lifecycle.pause)(self.job_id)
        self.committed()

    def _reopen(self, *, resume: bool) -> None:
        self.ledger.lifecycle.reopen(self.job_id, resume=resume)
        self.committed()

    def _relay(self) -> None:
        now = self.ledger.now
        due = [at for at in self.wakes if at <= now]
        if now - self.last_round >= _ROUND_MS:
            self.last_round = now
        elif not due:
            return
        for at in due:
            self.wakes.remove(at)
        with suppress(Crash, StorageBusy):
            self.ledger.advancer.advance(self.job_id)
            view = self.call(lambda: self.ledger.view(self.job_id))
            look_at = self.runner.run(view, no_deadline)
            if look_at is not None:
                self.wakes.append(max(look_at, self.ledger.now + 1))
