"""Two actors on one job, in every order of their calls with few switches between them."""

import os

import pytest

from forgeledger.jobs.model.commands import CommandKind
from forgeledger.jobs.model.ids import lane_of
from forgeledger.jobs.model.jobs import Tolerance
from tests.support.builders import make_command
from tests.support.call_order import Actor, CallOrder, PausingProxy, every_order
from tests.support.job_audit import JobAudit
from tests.support.ledgers import Ledger
from tests.support.memory_store import MemoryStore

LANES = 2
# One switch suffices for a decision on data that another actor changes meanwhile.
SWITCHES = 2 if os.environ.get("HYPOTHESIS_PROFILE") == "thorough" else 1
# One item in each lane.
FIRST, SECOND = "a", "c"


def one_to_go(ledger: Ledger, **spec: object) -> str:
    """A sealed job whose first item failed, and whose second one is in progress."""
    job_id = ledger.job(lanes=LANES, **spec)
    ledger.do(job_id, "register", FIRST, SECOND)
    ledger.lifecycle.seal(job_id)
    ledger.do(job_id, "fail", FIRST)
    ledger.do(job_id, "claim", SECOND)
    return job_id


def about_to_complete(ledger: Ledger) -> str:
    """A sealed job with all items finished, before any relay has run."""
    job_id = one_to_go(ledger)
    ledger.do(job_id, "complete", SECOND)
    return job_id


def unsealed(ledger: Ledger) -> str:
    job_id = ledger.job(lanes=LANES)
    ledger.do(job_id, "register", FIRST, SECOND)
    ledger.do(job_id, "fail", FIRST)
    ledger.do(job_id, "complete", SECOND)
    return job_id


def failing(ledger: Ledger) -> str:
    """A job beyond its tolerance, before any relay has run."""
    return one_to_go(ledger, tolerance=Tolerance(failures=0))


def finished(ledger: Ledger) -> str:
    job_id = about_to_complete(ledger)
    ledger.advancer.advance(job_id)
    return job_id


def canceled(ledger: Ledger) -> str:
    job_id = one_to_go(ledger)
    ledger.lifecycle.cancel(job_id)
    return job_id


STARTS = [one_to_go, about_to_complete, unsealed, failing, finished, canceled]


def sends(kind: str, item_id: str):
    def act(ledger: Ledger, job_id: str) -> None:
        command = make_command(CommandKind(kind), item_id=item_id, command_id=f"{ledger.made}")
        ledger.lane_writer.apply(job_id, lane_of(item_id, LANES), [command])

    return act


def makes_a_round(ledger: Ledger, job_id: str) -> None:
    """So late that the retention of rows must be extended, too."""
    ledger.now += 16 * 24 * 3_600 * 1_000
    ledger.scheduled_round.run(lambda: True, lambda: True)


ACTS = {
    "retry": sends("retry", FIRST),
    "complete": sends("complete", SECOND),
    "fail": sends("fail", SECOND),
    "register": sends("register", "new"),
    "cancel item": sends("cancel", SECOND),
    "seal": lambda ledger, job_id: ledger.lifecycle.seal(job_id),
    "cancel": lambda ledger, job_id: ledger.lifecycle.cancel(job_id),
    "reopen": lambda ledger, job_id: ledger.lifecycle.reopen(job_id),
    "resume": lambda ledger, job_id: ledger.lifecycle.reopen(job_id, resume=True),
    "advance": lambda ledger, job_id: ledger.advancer.advance(job_id),
    "recount": lambda ledger, job_id: ledger.recounter.recount(job_id, 0, lambda: True),
    "round": makes_a_round,
}
NAMES = list(ACTS)
PAIRS = [(first, second) for number, first in enumerate(NAMES) for second in NAMES[number:]]


class Race:
    def __init__(self, start, names) -> None:
        self.store = MemoryStore()
        self.ledger = Ledger(self.store)
        self.job_id = start(self.ledger)
        self.audit = JobAudit(self.store, self.job_id)
        self.audit.check()
        self.actors = [self._actor(number, name) for number, name in enumerate(names, 1)]

    def _actor(self, number: int, name: str) -> Actor:
        def work(actor: Actor) -> None:
            ledger = Ledger(PausingProxy(self.store, actor), made=number * 10_000)
            ACTS[name](ledger, self.job_id)

        return Actor(name, work)

    def run(self, order: CallOrder) -> None:
        while able := [actor for actor in self.actors if not actor.done]:
            order.choose(able).step()
            self.audit.check()
        for actor in self.actors:
            assert actor.error is None, actor.error
        self.come_to_rest()

    def come_to_rest(self) -> None:
        self.ledger.advancer.advance(self.job_id)
        self.audit.check()
        self.audit.check_lanes()
        self.audit.check_at_rest(self.ledger.now)


@pytest.mark.parametrize("names", PAIRS, ids="-".join)
@pytest.mark.parametrize("start", STARTS)
def test_two_at_once_leave_a_job_that_holds_together(start, names):
    orders = every_order(lambda order: Race(start, names).run(order), switches=SWITCHES)

    assert orders > 1


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("start", STARTS)
def test_a_process_that_dies_at_any_call_leaves_a_job_that_the_next_relay_continues(start, name):
    calls = 0
    while True:
        race = Race(start, [name])
        (actor,) = race.actors
        for _ in range(calls):
            if not actor.done:
                actor.step()
                race.audit.check()
        survived = actor.done
        actor.kill()
        race.come_to_rest()
        if survived:
            break
        calls += 1

    assert calls >= 1
