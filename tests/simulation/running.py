"""A script becomes a history: its steps one after another, then rest, with checks all along."""

import hashlib
from dataclasses import dataclass, field
from random import Random

from tests.simulation.asked import Asked
from tests.simulation.checks import Checks
from tests.simulation.lambdas import Faults, Lambdas
from tests.simulation.lane_checks import Violation
from tests.simulation.people import People
from tests.simulation.resting import come_to_rest
from tests.simulation.script import Kind, Script, Step
from tests.simulation.workers import Workers
from tests.simulation.world import Rules, World

_MOST_JOBS = 3


@dataclass(slots=True)
class Result:
    steps: int = 0
    commits: int = 0
    faults: int = 0
    violation: str | None = None
    story: list[str] = field(default_factory=list)
    # States of the items that were wanted, by job and item.
    finished: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class History:
    script: Script
    world: World
    checks: Checks
    lambdas: Lambdas
    people: People
    workers: Workers
    at: int = 0
    taken: int = 0
    created: int = 0

    def run_more(self, steps: int) -> None:
        """The next steps of the script, inside the one that stands still."""
        for _ in range(steps):
            if self.at >= len(self.script.steps):
                return
            step = self.script.steps[self.at]
            self.at += 1
            self.take(step)

    def take(self, step: Step) -> None:  # noqa: C901, PLR0912 - A step of each kind.
        self.taken += 1
        random = Random(step.seed)
        faults = dict(step.faults)
        skew_ms = random.randint(-40, 40) if step.faults else 0
        world, people = self.world, self.people
        match step.kind:
            case Kind.CREATE:
                # Counted here, so that faults do not change who is asked for.
                self.created += 1
                if self.created <= _MOST_JOBS:
                    people.create(step.seed, self.script.theme, faults)
            case Kind.REGISTER:
                people.register(random, faults)
            case Kind.SEAL:
                if people.jobs:
                    http = random.random() < 0.15
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
            case Kind.WORK:
                if people.jobs:
                    self.workers.work(random, people.jobs)
            case Kind.RAW:
                if people.jobs:
                    self.workers.raw(random, people.jobs)
            case Kind.SEND:
                self.workers.send(random, faults)
            case Kind.INTAKE:
                delete_fails = bool(faults) and random.random() < 0.2
                self.lambdas.take_in(faults, skew_ms, delete_fails=delete_fails)
            case Kind.RELAY:
                twice = bool(faults) and random.random() < 0.3
                self.lambdas.relay_one(random.randrange(12), faults, skew_ms, twice=twice)
            case Kind.RECONCILE:
                self._reconcile(random, faults, recount=False)
            case Kind.RECOUNT:
                self._reconcile(random, faults, recount=True)
            case Kind.WAIT:
                world.now += _wait_ms(random)
            case Kind.SPLIT:
                if world.stream.split(random.randrange(12)):
                    world.note("a shard splits")
        self.checks.stepped()

    def _reconcile(self, random: Random, faults: Faults, *, recount: bool) -> None:
        if recount and self.people.jobs:
            job = random.choice(self.people.jobs)
            self.lambdas.reconcile({"jobId": job.job_id, "recount": True}, faults)
        elif not recount:
            self.lambdas.reconcile({"scheduled": True}, faults)


def run(script: Script, *, tell: bool = False, faults: bool = True) -> Result:
    """The whole history of a script; what went wrong is in the result."""
    if not faults:
        script = _without_faults(script)
    rules = Rules(max_receives=script.max_receives, remembers_tokens=script.remembers_tokens)
    world = World(random=Random(script.seed), rules=rules, story=[] if tell else None)
    asked = Asked(world.commands)
    checks = Checks(world, asked)
    world.observer = checks
    lambdas = Lambdas(world, checks.acknowledged)
    history = History(
        script=script,
        world=world,
        checks=checks,
        lambdas=lambdas,
        people=People(world, lambdas.store, asked),
        workers=Workers(world),
    )
    world.run_more = history.run_more
    result = Result()
    try:
        history.run_more(len(script.steps))
        come_to_rest(history)
        checks.at_rest()
        if script.theme == "plain":
            result.finished = _finished(history)
    except Violation as violation:
        result.violation = f"{violation}"
    except Exception as error:  # noqa: BLE001 - The product failed where nothing was wrong.
        result.violation = f"{type(error).__name__}: {error}"
        if tell:
            import traceback

            world.note(traceback.format_exc())
    result.steps, result.commits = history.taken, world.commits
    result.faults = world.faults_met
    result.story = world.story or []
    world.end()
    return result


def digest(result: Result) -> str:
    return hashlib.sha256("\n".join(result.story).encode()).hexdigest()


def _without_faults(script: Script) -> Script:
    steps = tuple(Step(step.kind, step.seed) for step in script.steps)
    return Script(script.seed, script.theme, steps, script.max_receives)


def _wait_ms(random: Random) -> int:
    """Mostly a moment, sometimes a lease or a visibility timeout."""
    return random.choice((10, 100, 100, 1_000, 1_000, 6_000, 25_000, 130_000, 200_000))


def _finished(history: History) -> dict[str, str]:
    states: dict[str, str] = {}
    for job in history.people.jobs:
        for lane in history.checks.jobs.lanes_of(
            history.checks.jobs.truths[f"JOB#{job.job_id}"].job
        ):
            for item_id, item in lane.items.items():
                if item_id in job.wanted:
                    states[f"{job.new.name}/{item_id}"] = item.state.value
    return states
