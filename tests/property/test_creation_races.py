"""A sealed creation that is repeated, in every order of its calls, and killed at each of them."""

from typing import Any

import pytest

from forgeledger.jobs.model.events import EventKind
from forgeledger.jobs.model.job_lifecycle import total
from forgeledger.jobs.services import services_on
from forgeledger.jobs.usecases.create_job import NewJob
from forgeledger.jobs.usecases.register_items import NewItem, Registered
from forgeledger.repeat import Repeat
from tests.support.api_callers import MemoryClaims
from tests.support.call_order import Actor, CallOrder, PausingProxy, every_order
from tests.support.job_audit import JobAudit
from tests.support.ledgers import Ledger
from tests.support.memory_store import MemoryStore

REPEAT = Repeat(key="k", fingerprint="body")
# One item in each of two lanes.
NAMES = ("a", "c")
NEW = NewJob(
    name="nightly", lanes=2, items=tuple(NewItem(item_id=name) for name in NAMES), seal=True
)
FIRST_ANSWER = Registered(registered=2)
LATER_ANSWER = Registered(already_existed=2)


class CreationRace:
    """Deliveries of one request, with a worker and a relay that find its job at some moment."""

    def __init__(self, *, requests: int, worker: bool) -> None:
        self.store, self.claims = MemoryStore(), MemoryClaims()
        self.ledger = Ledger(self.store)
        self.audit: JobAudit | None = None
        self.requests = [self.request(number) for number in range(1, requests + 1)]
        self.actors = [*self.requests, *([Actor("worker", self._work)] if worker else [])]

    def request(self, number: int) -> Actor:
        def work(actor: Actor) -> Any:
            ledger = Ledger(PausingProxy(self.store, actor), made=number * 10_000)
            claims: Any = PausingProxy(self.claims, actor)
            creator = services_on(ledger.store, claims, ledger.runtime).creator
            return creator.create(NEW, REPEAT)

        return Actor(f"request {number}", work)

    def _work(self, actor: Actor) -> None:
        ledger = Ledger(PausingProxy(self.store, actor), made=90_000)
        job_ids, _ = ledger.store.list_open(None, 10)
        for job_id in job_ids:
            ledger.do(job_id, "complete", *NAMES)
            ledger.advancer.advance(job_id)

    def run(self, order: CallOrder) -> None:
        while able := [actor for actor in self.actors if not actor.done]:
            order.choose(able).step()
            self.check()
        for actor in self.actors:
            assert actor.error is None, actor.error
        self.come_to_rest()
        answers = [actor.result.registered for actor in self.requests]
        assert sorted(answers, key=str) == sorted(
            [FIRST_ANSWER, *[LATER_ANSWER] * (len(answers) - 1)], key=str
        )

    def check(self) -> None:
        """At most one job, which nobody ever sees without its items or its seal."""
        views, _ = self.store.list_jobs(None, None, None, 10)
        assert len(views) <= 1
        for view in views:
            self.audit = self.audit or JobAudit(self.store, view.job.job_id)
            self.audit.check()
            stored = self.audit.view()
            assert stored.job.sealed_at is not None
            assert total(stored.heads).total == len(NAMES)

    def come_to_rest(self) -> None:
        assert self.audit is not None
        self.audit.check_lanes()
        job_id = self.audit.job_id
        rows = [row for lane in (0, 1) for row in self.store.read_journal(job_id, lane, 0, 100)]
        kinds = [event.kind for row in rows for event in row.entries]
        assert kinds.count(EventKind.REGISTERED) == len(NAMES)
        assert kinds.count(EventKind.GATED) == 2
        self.ledger.advancer.advance(job_id)
        self.audit.check_at_rest(self.ledger.now)


@pytest.mark.parametrize(("requests", "switches"), [(2, 20), (3, 3)])
def test_deliveries_of_one_request_at_once_make_one_job(requests: int, switches: int) -> None:
    orders = every_order(
        lambda order: CreationRace(requests=requests, worker=False).run(order), switches=switches
    )

    assert orders > 5


def test_work_begins_while_a_repetition_is_under_way() -> None:
    orders = every_order(lambda order: CreationRace(requests=2, worker=True).run(order), switches=2)

    assert orders > 5


@pytest.mark.parametrize("worker", [False, True])
def test_a_delivery_that_dies_at_any_call_is_carried_on_by_the_next(worker: bool) -> None:
    calls, survived = 0, False
    while not survived:
        race = CreationRace(requests=1, worker=worker)
        first = race.requests[0]
        for _ in range(calls):
            if not first.done:
                first.step()
                race.check()
        survived = first.done
        first.kill()
        for actor in race.actors[1:]:
            actor.finish()
            race.check()
        again = race.request(2)
        again.finish()
        race.check()

        assert again.error is None
        # Its second call is the transaction.
        assert again.result.registered == (FIRST_ANSWER if calls < 2 else LATER_ANSWER)
        race.come_to_rest()
        calls += 1

    assert calls > 2
