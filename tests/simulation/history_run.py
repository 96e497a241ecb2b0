"""Run a script: its steps one after another, then come to rest, with checks all along."""

import traceback
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from tests.simulation.checks import Checks
from tests.simulation.clock_steps import relay_step, round_step, wait_step
from tests.simulation.coverage import CoveragePoint
from tests.simulation.final_states import final_states
from tests.simulation.history_result import HistoryResult, partial_result
from tests.simulation.jobs import KnownJob
from tests.simulation.lambdas import Lambdas, PlannedFaults
from tests.simulation.lane_checks import Violation
from tests.simulation.list_steps import check_a_list
from tests.simulation.lowered_limits import lowered_limits
from tests.simulation.operators import Operators
from tests.simulation.producers import HTTP_SHARE
from tests.simulation.quiescence import come_to_rest, fail_again, fail_all
from tests.simulation.redrives import redrive_dead_letters, redrive_rejects
from tests.simulation.report_checks import check_a_report
from tests.simulation.request_checks import RequestLog
from tests.simulation.script import SEEDS_PER_GROUP, Script
from tests.simulation.steps import ScriptStep
from tests.simulation.table_requests import PAGE_BYTES
from tests.simulation.ttl_histories import weeks_pass
from tests.simulation.workers import SimulatedWorkers
from tests.simulation.workloads import (
    ENDING_STEPS,
    OPERATOR_STEPS,
    StepKind,
    Workload,
)
from tests.simulation.world import MAX_STALL_DEPTH, SimulatedWorld
from tests.simulation.world_rules import WorldRules

_MOST_JOBS = 2
# The chance that a list is read together with a job's status.
_LIST_CHANCE = 0.5
# The chance of a list at the end of a history: with short pages, and with long ones.
_LIST_AT_REST_CHANCE = (0.4, 0.03)
_REST = ScriptStep(StepKind.REST, 0)
# The same for all histories that share a prefix.
_IDLE_DAYS = (8, 0, 0)
# Seeding a generator takes long: only operators' steps use them, one for each level of stalls.
_GENERATORS = tuple(Random() for _ in range(MAX_STALL_DEPTH + 1))


@dataclass(slots=True, eq=False)
class History:
    script: Script
    world: SimulatedWorld
    checks: Checks
    lambdas: Lambdas
    operators: Operators
    workers: SimulatedWorkers
    position: int = 0
    created: int = 0
    # How many records the stream had given up at the previous rest.
    given_up_before: int = 0

    def run_steps(self, steps: int) -> None:
        """Take the next steps of the script, also inside a stalled one."""
        for _ in range(steps):
            if self.position >= len(self.script.steps):
                return
            step = self.script.steps[self.position]
            if step.kind is StepKind.REST and self.world.depth:
                # A history cannot come to rest while a process is stalled.
                return
            self.position += 1
            self.take_step(step)

    def take_step(self, step: ScriptStep) -> None:
        faults = dict(step.faults)
        if step.kind in ENDING_STEPS:
            self._take_ending_step(step, faults)
        elif step.kind is StepKind.REDRIVE_REJECTS:
            redrive_rejects(self.world, faults)
        elif step.kind is StepKind.REDRIVE_DEAD_LETTERS:
            log, by_attribute = self.checks.request_log, step.seed % 3 == 0
            redrive_dead_letters(self.world, log, faults, by_attribute=by_attribute)
        elif step.kind in OPERATOR_STEPS:
            self._take_operator_step(step, faults)
        else:
            self._take_machine_step(step, faults)
        self.checks.after_step()

    def _take_ending_step(self, step: ScriptStep, faults: PlannedFaults) -> None:
        if step.kind is StepKind.REST:
            self._rest()
        elif step.kind is StepKind.WEEKS:
            weeks_pass(self, step.seed, faults)
        elif step.kind is StepKind.NEW_PRODUCER:
            by_sdk = step.seed % 2 == 0
            self.operators.create(step.seed, self.script.workload, faults, by_sdk=by_sdk)
        elif step.kind is StepKind.RETRY_CREATIONS:
            self.operators.retry_creations()
        elif self.operators.jobs:
            self._take_step_for(Random(step.seed).choice(self.operators.jobs), step.kind)

    def _take_step_for(self, job: KnownJob, kind: StepKind) -> None:
        if kind is StepKind.FAIL_ALL:
            fail_all(self, job)
        elif kind is StepKind.FAIL_AGAIN:
            fail_again(self, job)
        elif kind is StepKind.SEAL_ONE:
            self.operators.seal(job, {})
        else:
            self.operators.retry_all(job)

    def _rest(self) -> None:
        come_to_rest(self)
        self.checks.at_rest()
        world = self.world
        one_page = world.rules.page_bytes == PAGE_BYTES
        if self.operators.jobs and world.random.random() < _LIST_AT_REST_CHANCE[one_page]:
            check_a_list(self.operators, world.random, {})
        if self.operators.jobs:
            check_a_report(self.operators, world.random, {})

    def _take_machine_step(self, step: ScriptStep, faults: PlannedFaults) -> None:
        seed, world = step.seed, self.world
        skew_ms = seed % 81 - 40 if faults else 0
        # From other digits of the seed than `skew_ms`.
        chance = (seed >> 8) % 100 if faults else 100
        match step.kind:
            case StepKind.CREATE:
                self._create(seed, faults)
            case StepKind.SUBMIT:
                self.operators.submit(seed, self.script.workload, faults)
            case StepKind.INTAKE:
                self.lambdas.consume(
                    faults, skew_ms, delete_fails=chance < 20, twice=80 <= chance < 100
                )
            case StepKind.RELAY:
                relay_step(self.lambdas, seed, faults, skew_ms, twice=chance < 30)
            case StepKind.RECONCILE:
                round_step(self.lambdas, seed, faults)
            case StepKind.RECOUNT:
                self._recount(seed, faults)
            case StepKind.WAIT:
                wait_step(self.lambdas, seed)
            case StepKind.SPLIT_SHARD:
                if world.stream.split(seed):
                    world.steps += 1
                    world.log("a shard splits")

    def _create(self, seed: int, faults: PlannedFaults) -> None:
        # Counted here, so that faults do not change which jobs are created.
        self.created += 1
        if self.created <= _MOST_JOBS:
            by_sdk = (seed >> 8) % 100 < HTTP_SHARE * 100
            self.operators.create(seed, self.script.workload, faults, by_sdk=by_sdk)

    def _recount(self, seed: int, faults: PlannedFaults) -> None:
        if self.operators.jobs:
            self.world.coverage[CoveragePoint.RECOUNTED] += 1
            job = self.operators.jobs[seed % len(self.operators.jobs)]
            self.lambdas.reconcile({"jobId": job.job_id, "recount": True}, faults)

    def _take_operator_step(self, step: ScriptStep, faults: PlannedFaults) -> None:
        random = _GENERATORS[self.world.depth]
        random.seed(step.seed)
        if step.kind is StepKind.SEND:
            self.workers.send(random, faults)
        elif step.kind is StepKind.READ_STATUS:
            self.operators.ask_for_expired(random)
            self.operators.read_status(random, faults)
            if self.operators.jobs and random.random() < _LIST_CHANCE:
                check_a_list(self.operators, random, faults)
            if self.operators.jobs:
                check_a_report(self.operators, random, faults)
        elif self.operators.jobs:
            self._take_request_step(step.kind, random, faults)

    def _take_request_step(self, kind: StepKind, random: Random, faults: PlannedFaults) -> None:
        operators = self.operators
        match kind:
            case StepKind.REGISTER:
                operators.register(random, faults)
            case StepKind.SEAL:
                http = random.random() < HTTP_SHARE
                operators.seal(random.choice(operators.jobs), faults, http=http)
            case StepKind.CANCEL:
                operators.cancel(random, faults)
            case StepKind.REOPEN:
                operators.reopen(random, faults)
            case StepKind.HOLD:
                operators.hold(random, faults)
            case StepKind.RETRY:
                operators.retry(random, faults)
            case StepKind.HTTP_COMMAND:
                operators.send_http_command(random, faults)
            case StepKind.WORK | StepKind.RAW_MESSAGE | StepKind.BURST:
                self.world.steps += 1
                acts = {
                    StepKind.WORK: self.workers.act,
                    StepKind.RAW_MESSAGE: self.workers.send_raw_message,
                    StepKind.BURST: self.workers.send_burst,
                }
                acts[kind](random, operators.jobs)


def build_history(
    script: Script, world: SimulatedWorld, checks: Checks, request_log: RequestLog
) -> History:
    """All participants, before the first step."""
    lambdas = Lambdas(world, checks.acknowledged)
    return History(
        script=script,
        world=world,
        checks=checks,
        lambdas=lambdas,
        operators=Operators(world, lambdas.store, request_log),
        workers=SimulatedWorkers(world),
    )


def run(script: Script, *, traced: bool = False) -> HistoryResult:
    """Run a whole script; a violation is part of the result."""
    history = start_history(script, traced=traced)
    result = finish_history(history)
    history.world.close()
    return result


def start_history(script: Script, *, traced: bool = False) -> History:
    """The history of a script in a new world, before its first step."""
    rules = WorldRules(
        max_receives=script.max_receives,
        remembers_tokens=script.remembers_tokens,
        max_concurrency=script.max_concurrency,
        relay_tries=script.relay_tries,
        items_per_commit=script.items_per_commit,
        page_bytes=script.page_bytes,
        units_per_second=script.units_per_second,
        maximum_idle_days=_IDLE_DAYS[script.seed // SEEDS_PER_GROUP % len(_IDLE_DAYS)],
        parallelization=script.parallelization,
        execution=script.seed % 2 == 0,
        cuts_rounds_short=script.cuts_rounds_short,
    )
    world = SimulatedWorld(random=Random(script.seed), rules=rules, trace=[] if traced else None)
    request_log = RequestLog(world.commands)
    checks = Checks(world, request_log)
    world.observer = checks
    history = build_history(script, world, checks, request_log)
    world.run_steps = history.run_steps
    return history


def finish_history(history: History) -> HistoryResult:
    """Run the rest of the script, come to rest, and return the result."""
    states: dict[str, str] = {}

    def play_rest() -> None:
        history.run_steps(len(history.script.steps) - history.position)
        history.take_step(_REST)
        if history.script.workload is Workload.PLAIN:
            states.update(final_states(history))

    violation = violation_during(history, play_rest)
    result = partial_result(history.world)
    result.violation, result.final_states = violation, states
    return result


def violation_during(history: History, work: Callable[[], None]) -> str | None:
    """The violation that occurs while `work` runs, or None."""
    try:
        with lowered_limits(history.world):
            work()
    except Violation as violation:
        return f"{violation}"
    except Exception as error:  # noqa: BLE001 - The product failed without a fault.
        if history.world.trace is not None:
            history.world.log(traceback.format_exc())
        return f"{type(error).__name__}: {error}"
    return None
