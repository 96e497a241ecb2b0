"""Invariants of a job whose workers, operators and relays run interleaved, or are killed."""

from functools import partial

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from forgeledger.errors import StorageBusy
from forgeledger.jobs.model.commands import Command, CommandKind
from forgeledger.jobs.model.ids import lane_of
from forgeledger.jobs.model.jobs import Tolerance
from forgeledger.jobs.model.lanes import LaneRules
from forgeledger.jobs.usecases.recount_lane import RecountResult
from tests.property import strategies
from tests.support.call_order import Actor, PausingProxy
from tests.support.job_audit import JobAudit
from tests.support.ledgers import Ledger
from tests.support.memory_store import MemoryStore

LANES = 2

rules = st.builds(
    LaneRules,
    max_attempts=st.integers(1, 2),
    lease_seconds=st.sampled_from([0, 5]),
    registers_on_the_way=st.booleans(),
)
tolerances = st.sampled_from(
    [Tolerance(), Tolerance(), Tolerance(failures=1), Tolerance(failure_percent=50)]
)
# Mostly commands that can be applied; the rest is arbitrary.
likely = st.builds(
    Command,
    kind=st.sampled_from(
        [CommandKind.COMPLETE, CommandKind.FAIL, CommandKind.RETRY, CommandKind.RETRY]
    ),
    item_id=st.sampled_from(strategies.ITEMS),
    command_id=st.just(""),
)
work = st.lists(likely | likely | likely | strategies.commands, min_size=1, max_size=3)


class JobLaws(RuleBasedStateMachine):
    """Workers, operators and relays on a job with two lanes."""

    @initialize(
        rules=rules,
        tolerance=tolerances,
        expected_items=st.sampled_from([None, None, 0, 2, 4]),
        deadline_seconds=st.sampled_from([None, None, 30]),
        known=st.sets(st.sampled_from(strategies.ITEMS)),
        sealed=st.booleans(),
    )
    def new_job(self, known, sealed, **spec):
        self.store = MemoryStore()
        self.ledger = Ledger(self.store)
        self.job_id = self.ledger.job(lanes=LANES, **spec)
        self.actors: list[Actor] = []
        self.spawned = 0
        self.audit = JobAudit(self.store, self.job_id)
        self.ledger.do(self.job_id, "register", *sorted(known))
        if sealed and known:
            self.ledger.lifecycle.seal(self.job_id)

    def _spawn(self, name, act) -> Actor:
        self.spawned += 1
        number = self.spawned

        def work(actor):
            ledger = Ledger(
                PausingProxy(self.store, actor),
                now=self.ledger.now,
                made=number * 10_000,
                bus=self.ledger.bus,
            )
            return act(ledger)

        actor = Actor(f"{name} {number}", work)
        self.actors.append(actor)
        return actor

    @rule(batch=work)
    def work(self, batch):
        commands = strategies.named(batch, prefix=str(self.spawned))
        for lane in range(LANES):
            share = [command for command in commands if lane_of(command.item_id, LANES) == lane]
            if share:
                self._spawn("worker", partial(_apply, job_id=self.job_id, lane=lane, share=share))

    @rule(what=st.sampled_from(["seal", "seal", "cancel", "reopen", "reopen"]))
    def ask(self, what):
        self._spawn(what, lambda ledger: getattr(ledger.lifecycle, what)(self.job_id))

    @rule(what=st.sampled_from(["advance", "advance", "advance", "publish", "recount"]))
    def relay(self, what):
        def act(ledger):
            if what == "advance":
                ledger.advancer.advance(self.job_id)
            elif what == "publish":
                ledger.fact_publisher.publish(ledger.view(self.job_id))
            else:
                counted = ledger.recounter.recount(self.job_id, 0, lambda: True)
                assert counted is RecountResult.RIGHT

        self._spawn(what, act)

    @rule(seconds=st.sampled_from([1, 5, 31]))
    def wait(self, seconds):
        self.ledger.now += seconds * 1_000

    @precondition(lambda self: self.actors)
    @rule(data=st.data(), calls=st.sampled_from([1, 1, 2, 3, 9]))
    def go_on(self, data, calls):
        actor = data.draw(st.sampled_from(self.actors))
        for _ in range(calls):
            if not actor.done:
                actor.step()
                self.audit.check()
        self._forget_the_done()

    @precondition(lambda self: self.actors)
    @rule(data=st.data())
    def kill(self, data):
        data.draw(st.sampled_from(self.actors)).kill()
        self._forget_the_done()

    @rule()
    def come_to_rest(self):
        for actor in self.actors:
            while not actor.done:
                actor.step()
                self.audit.check()
        self._forget_the_done()
        relay = self._spawn("relay", lambda ledger: ledger.advancer.advance(self.job_id))
        while not relay.done:
            relay.step()
            self.audit.check()
        self._forget_the_done()
        self.audit.check_at_rest(self.ledger.now)
        self.ledger.fact_publisher.publish(self.ledger.view(self.job_id))
        published = [f"{self.job_id}:{event}" for event in self.ledger.bus.heard]
        assert list(dict.fromkeys(published)) == self.audit.event_ids()

    def teardown(self):
        for actor in getattr(self, "actors", ()):
            actor.kill()

    def _forget_the_done(self):
        for actor in self.actors:
            assert actor.error is None or isinstance(actor.error, StorageBusy), actor.error
        self.actors = [actor for actor in self.actors if not actor.done]

    @invariant()
    def each_lane_is_what_its_journal_and_its_items_say(self):
        self.audit.check_lanes()


def _apply(ledger, *, job_id, lane, share):
    return ledger.lane_writer.apply(job_id, lane, share)


TestJobLaws = JobLaws.TestCase
TestJobLaws.settings = settings(max_examples=settings.default.max_examples * 2)
