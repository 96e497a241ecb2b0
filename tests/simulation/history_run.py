"""A script becomes a history: its steps one after another, then rest, with checks all along."""

import hashlib
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from forgeledger.jobs.model.items import ItemState
from tests.simulation.checks import Checks
from tests.simulation.coverage import Happening, Met
from tests.simulation.jobs import is_bad
from tests.simulation.lambdas import Faults, Lambdas
from tests.simulation.lane_checks import Violation
from tests.simulation.list_checks import list_some
from tests.simulation.operators import People
from tests.simulation.producers import HTTP
from tests.simulation.quiescence import come_to_rest, fail_all
from tests.simulation.request_checks import Asked
from tests.simulation.script import Kind, Script, Theme
from tests.simulation.small_commits import as_small_as_wanted
from tests.simulation.steps import Step
from tests.simulation.ttl_histories import weeks_pass
from tests.simulation.workers import Workers
from tests.simulation.world import DEEPEST, ROWS_A_PAGE, Rules, World

_MOST_JOBS = 2
# How many of those who look at a job list something as well.
_LISTS = 0.5
# And after how many histories: of those with short pages, and of the others.
_LISTS_AT_REST = (0.4, 0.03)
_OF_PEOPLE = frozenset(
    {
        Kind.REGISTER,
        Kind.SEAL,
        Kind.CANCEL,
        Kind.REOPEN,
        Kind.RETRY,
        Kind.ASK,
        Kind.READ,
        Kind.WORK,
        Kind.RAW,
        Kind.SEND,
    }
)
# These only some endings have.
_OF_ENDINGS = frozenset(
    {Kind.FAIL_ALL, Kind.RETRY_ALL, Kind.WEEKS, Kind.COME, Kind.COME_AGAIN, Kind.REST}
)
_REST = Step(Kind.REST, 0)
# Seeding a generator takes longer than many a step, and making one seeds it twice: so only people
# have them, and one for each depth serves all.
_DICE = tuple(Random() for _ in range(DEEPEST + 1))
# Mostly a moment, sometimes a lease or a visibility timeout.
_WAITS_MS = (10, 100, 100, 1_000, 1_000, 6_000, 25_000, 130_000, 200_000)


@dataclass(slots=True)
class Result:
    steps: int = 0
    commits: int = 0
    faults: int = 0
    violation: str | None = None
    story: list[str] = field(default_factory=list)
    # The states of the items that were wanted and of their jobs, in a plain history.
    finished: dict[str, str] = field(default_factory=dict)
    met: Met = field(default_factory=Counter)
    # What had happened where it left the history whose beginning it shares.
    shared: "Result | None" = None


@dataclass(slots=True, eq=False)
class History:
    script: Script
    world: World
    checks: Checks
    lambdas: Lambdas
    people: People
    workers: Workers
    at: int = 0
    created: int = 0
    # How many records the stream had given up when all came to rest the last time.
    lost: int = 0

    def run_more(self, steps: int) -> None:
        """The next steps of the script, inside the one that stands still."""
        for _ in range(steps):
            if self.at >= len(self.script.steps):
                return
            step = self.script.steps[self.at]
            if step.kind is Kind.REST and self.world.depth:
                # Nobody stands still while all others come to rest.
                return
            self.at += 1
            self.take(step)

    def take(self, step: Step) -> None:
        faults = dict(step.faults)
        if step.kind in _OF_ENDINGS:
            self._take_in_an_ending(step, faults)
        elif step.kind in _OF_PEOPLE:
            self._take_as_people(step, faults)
        else:
            self._take_as_machine(step, faults)
        self.checks.stepped()

    def _take_in_an_ending(self, step: Step, faults: Faults) -> None:
        if step.kind is Kind.REST:
            self._rest()
        elif step.kind is Kind.WEEKS:
            weeks_pass(self, step.seed, faults)
        elif step.kind is Kind.COME:
            by_sdk = step.seed % 2 == 0
            self.people.create(step.seed, self.script.theme, faults, by_sdk=by_sdk)
        elif step.kind is Kind.COME_AGAIN:
            self.people.create_again()
        elif self.people.jobs:
            job = Random(step.seed).choice(self.people.jobs)
            if step.kind is Kind.FAIL_ALL:
                fail_all(self, job)
            else:
                self.people.retry_all(job)

    def _rest(self) -> None:
        come_to_rest(self)
        self.checks.at_rest()
        world = self.world
        one_page = world.rules.rows_a_page == ROWS_A_PAGE
        if self.people.jobs and world.random.random() < _LISTS_AT_REST[one_page]:
            list_some(self.people, world.random, {})

    def _take_as_machine(self, step: Step, faults: Faults) -> None:
        seed, world = step.seed, self.world
        skew_ms = seed % 81 - 40 if faults else 0
        # From other digits of the seed than the rest.
        chance = (seed >> 8) % 100 if faults else 100
        match step.kind:
            case Kind.CREATE:
                # Counted here, so that faults do not change who is asked for.
                self.created += 1
                if self.created <= _MOST_JOBS:
                    by_sdk = (seed >> 8) % 100 < HTTP * 100
                    self.people.create(seed, self.script.theme, faults, by_sdk=by_sdk)
            case Kind.INTAKE:
                self.lambdas.consume(
                    faults, skew_ms, delete_fails=chance < 20, twice=80 <= chance < 100
                )
            case Kind.RELAY:
                self.lambdas.relay_one(seed, faults, skew_ms, twice=chance < 30)
            case Kind.RECONCILE:
                self.lambdas.reconcile({"scheduled": True}, faults)
            case Kind.RECOUNT:
                self._recount(seed, faults)
            case Kind.WAIT:
                world.steps += 1
                world.now += _WAITS_MS[seed % len(_WAITS_MS)]
            case Kind.SPLIT:
                if world.stream.split(seed):
                    world.steps += 1
                    world.note("a shard splits")

    def _recount(self, seed: int, faults: Faults) -> None:
        if self.people.jobs:
            self.world.met[Happening.RECOUNTED] += 1
            job = self.people.jobs[seed % len(self.people.jobs)]
            self.lambdas.reconcile({"jobId": job.job_id, "recount": True}, faults)

    def _take_as_people(self, step: Step, faults: Faults) -> None:  # noqa: C901 - A step of each kind.
        people, random = self.people, _DICE[self.world.depth]
        random.seed(step.seed)
        if step.kind is Kind.SEND:
            self.workers.send(random, faults)
        elif not people.jobs:
            return
        match step.kind:
            case Kind.REGISTER:
                people.register(random, faults)
            case Kind.SEAL:
                http = random.random() < HTTP
                people.seal(random.choice(people.jobs), faults, http=http)
            case Kind.CANCEL:
                people.cancel(random, faults)
            case Kind.REOPEN:
                people.reopen(random, faults)
            case Kind.RETRY:
                people.retry(random, faults)
            case Kind.ASK:
                people.ask(random, faults)
            case Kind.READ:
                people.look(random, faults)
                if random.random() < _LISTS:
                    list_some(people, random, faults)
            case Kind.WORK:
                self.world.steps += 1
                self.workers.work(random, people.jobs)
            case Kind.RAW:
                self.world.steps += 1
                self.workers.raw(random, people.jobs)


def begin(script: Script, world: World, checks: Checks, asked: Asked) -> History:
    """Everybody who takes part, before the first step."""
    lambdas = Lambdas(world, checks.acknowledged)
    return History(
        script=script,
        world=world,
        checks=checks,
        lambdas=lambdas,
        people=People(world, lambdas.store, asked),
        workers=Workers(world),
    )


def run(script: Script, *, tell: bool = False) -> Result:
    """The whole history of a script; what went wrong is in the result."""
    history = enter(script, tell=tell)
    result = conclude(history)
    history.world.end()
    return result


def enter(script: Script, *, tell: bool = False) -> History:
    """A new world, before the first step of a script."""
    rules = Rules(
        max_receives=script.max_receives,
        remembers_tokens=script.remembers_tokens,
        most_at_once=script.most_at_once,
        relay_tries=script.relay_tries,
        items_per_commit=script.items_per_commit,
        rows_a_page=script.rows_a_page,
    )
    world = World(random=Random(script.seed), rules=rules, story=[] if tell else None)
    asked = Asked(world.commands)
    checks = Checks(world, asked)
    world.observer = checks
    history = begin(script, world, checks, asked)
    world.run_more = history.run_more
    return history


def conclude(history: History) -> Result:
    """Play what is left of the script, come to rest, and tell how it went."""
    finished: dict[str, str] = {}

    def to_its_end() -> None:
        history.run_more(len(history.script.steps) - history.at)
        history.take(_REST)
        if history.script.theme is Theme.PLAIN:
            finished.update(_finished(history))

    violation = violation_in(history, to_its_end)
    result = so_far(history.world)
    result.violation, result.finished = violation, finished
    return result


def violation_in(history: History, work: Callable[[], None]) -> str | None:
    """What must not be, and was while this was done."""
    try:
        with as_small_as_wanted(history.world):
            work()
    except Violation as violation:
        return f"{violation}"
    except Exception as error:  # noqa: BLE001 - The product failed where nothing was wrong.
        if history.world.story is not None:
            history.world.note(traceback.format_exc())
        return f"{type(error).__name__}: {error}"
    return None


def so_far(world: World) -> Result:
    return Result(
        steps=world.steps,
        commits=world.commits,
        faults=world.faults_met,
        story=list(world.story or ()),
        met=world.met.copy(),
    )


def digest(result: Result) -> str:
    return hashlib.sha256("\n".join(result.story).encode()).hexdigest()


def _finished(history: History) -> dict[str, str]:
    """How a plain history ended: no fault and no order of things may have changed it."""
    ends: dict[str, str] = {}
    for job in history.people.jobs:
        truth = history.checks.jobs.truths[f"JOB#{job.job_id}"].job
        lanes = history.checks.jobs.lanes_of(truth)
        items = {item_id: item for lane in lanes for item_id, item in lane.items.items()}
        for item_id in job.wanted:
            fate = ItemState.FAILED if is_bad(item_id) else ItemState.COMPLETED
            item = items.get(item_id)
            if item is None or item.state is not fate:
                raise Violation(f"{job.new.name}: {item_id} was to end {fate} and is {item}")
            ends[f"{job.new.name}/{item_id}"] = item.state.value
        ends[job.new.name] = f"{truth.status} in epoch {truth.epoch}, {truth.counts_at_verdict}"
    return ends
