"""The same histories in the simulator and on the real engine: the same rows, rejects and events.

Both play the same script with the same handlers, clock, ids and randomness, and without faults;
only the services differ.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

import pytest
from localstack_client.session import Session

from forgeledger.jobs.model.commands import CommandKind
from forgeledger.jobs.model.items import Failure
from tests.integration.engine_services import Services, text_of
from tests.integration.engine_tables import PromptTables
from tests.simulation.checks import Checks
from tests.simulation.fifo_queue import SimulatedFifoQueue
from tests.simulation.history_run import History, build_history
from tests.simulation.jobs import is_bad
from tests.simulation.quiescence import drain
from tests.simulation.request_checks import RequestLog
from tests.simulation.script import SEEDS_PER_GROUP, Script, write_script
from tests.simulation.steps import ScriptStep
from tests.simulation.streams import Stream
from tests.simulation.table import Tables
from tests.simulation.workloads import StepKind
from tests.simulation.world import SimulatedWorld
from tests.simulation.world_rules import PARALLELIZATION, RELAY_TRIES, WorldRules

pytestmark = pytest.mark.integration

_HISTORIES = int(os.environ.get("FORGELEDGER_HISTORIES", "200"))
_PARTS = 4
# Redrives and changed visibility timeouts are those of the simulator's queue alone.
_LEFT_OUT = frozenset({StepKind.REDRIVE_REJECTS, StepKind.REDRIVE_DEAD_LETTERS, StepKind.BURST})
_STEPS = 30
# Enough histories to notice a service that differs.
_FEW = 20
# The engine's queue drops a repetition within five minutes of its own clock, which hardly moves
# while a history plays. The simulator must not forget an id earlier, so that all messages are sent
# within five simulated minutes.
_MOST_WAITED_MS = 280_000
_HOUR_MS = 3_600_000


class Unchecked:
    """Replaces the checks, which read the simulated services."""

    def after_step(self) -> None: ...

    def acknowledged(self, *_: Any) -> None: ...


@dataclass(frozen=True)
class HistoryOutcome:
    """The rows, rejects and events of a history, and its trace with every answer."""

    rows: dict[tuple[str, str], Any]
    rejects: list[Any]
    events: list[dict[str, Any]]
    trace: list[str]


def short(seed: int) -> Script:
    """One of the simulator's own histories, cut down and without its faults."""
    script = write_script(seed * SEEDS_PER_GROUP)
    kept = [step for step in script.steps if step.kind not in _LEFT_OUT]
    steps = tuple(ScriptStep(step.kind, step.seed) for step in kept[:_STEPS])
    return Script(seed=seed, workload=script.workload, steps=steps)


def play(script: Script, world: SimulatedWorld, checks: Any, request_log: RequestLog) -> None:
    history = build_history(script, world, checks, request_log)
    started = world.now
    for step in script.steps:
        if step.kind is not StepKind.WAIT or world.now - started < _MOST_WAITED_MS - 200_000:
            history.take_step(step)
    finish(history)
    world.now += _HOUR_MS
    assert history.lambdas.reconcile({"running": True}, {}) is not None
    drain(history)
    checks.after_step()


def finish(history: History) -> None:
    """Register and finish what is left, until the jobs are done."""
    history.workers.send_all()
    drain(history)
    for job in history.operators.jobs:
        for part in list(job.unregistered_parts):
            history.operators.register_part(job, part, {})
        history.operators.seal(job, {})
        for item_id in job.item_ids:
            failure = Failure(type="Final", retryable=False)
            if is_bad(item_id):
                history.operators.command(job, CommandKind.FAIL, item_id, {}, failure=failure)
            else:
                history.operators.command(job, CommandKind.COMPLETE, item_id, {})
    drain(history)


def new_world(seed: int) -> SimulatedWorld:
    return SimulatedWorld(random=Random(seed), rules=WorldRules(), trace=[])


def simulated(script: Script) -> HistoryOutcome:
    world = new_world(script.seed)
    world.tables = PromptTables(lambda: world.now, world._committed)
    # Without delays, which would need random numbers that the engine does not draw.
    world.stream = Stream(RELAY_TRIES, parallelization=PARALLELIZATION)
    request_log = RequestLog(world.commands)
    checks = Checks(world, request_log)
    world.observer = checks
    play(script, world, checks, request_log)
    checks.at_rest()
    # On the engine the claimed job ids are in a separate table.
    ledger = [pk for pk in world.tables.partition_keys() if pk != "id"]
    rows = {(pk, sk): row for pk in ledger for sk, row in world.tables.partition(pk).items()}
    # Lines of the checks, which do not run on the engine.
    trace = [line for line in world.trace or [] if line.split()[1] != "."]
    rejects = [text_of(message) for message in world.rejects.accepted]
    return HistoryOutcome(rows, rejects, in_order(world.bus.delivered), trace)


def real(script: Script, services: Services) -> HistoryOutcome:
    world = new_world(script.seed)
    with services.serving(world):
        play(script, world, Unchecked(), RequestLog(world.commands))
        return HistoryOutcome(
            world.tables.rows(), world.rejects.texts(), in_order(world.bus.received()), world.trace
        )


def in_order(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(events, key=lambda event: event["eventId"])


def first_difference(simulation: HistoryOutcome, engine: HistoryOutcome) -> str | None:
    """The first line of the trace that differs, else the first row, else rejects and events."""
    for number, lines in enumerate(zip(simulation.trace, engine.trace, strict=False)):
        if lines[0] != lines[1]:
            before = "\n".join(simulation.trace[max(0, number - 5) : number])
            return f"{before}\n{both(*lines)}"
    for key in sorted(simulation.rows.keys() | engine.rows.keys()):
        rows = simulation.rows.get(key), engine.rows.get(key)
        if rows[0] != rows[1]:
            return f"{key}\n{both(*rows)}"
    if simulation != engine:
        return both((simulation.rejects, simulation.events), (engine.rejects, engine.events))
    return None


def both(simulated: Any, real: Any) -> str:
    return f"simulated: {simulated}\nengine:    {real}"


def compare(seeds: range, services: Services) -> int:
    """The number of events on the engine; fails with the first difference."""
    events = 0
    for seed in seeds:
        script = short(seed)
        simulation, engine = simulated(script), real(script, services)
        difference = first_difference(simulation, engine)
        assert difference is None, f"seed {seed}:\n{difference}"
        events += len(engine.events)
    return events


@pytest.fixture
def services(aws: Session) -> Iterator[Services]:
    services = Services(aws)
    yield services
    services.close()


@pytest.mark.parametrize("part", range(_PARTS))
def test_a_history_leaves_the_same_on_the_engine_as_in_the_simulator(
    services: Services, part: int
) -> None:
    seeds = range(part, _HISTORIES, _PARTS)

    events = compare(seeds, services)

    assert events >= len(seeds)


def test_a_queue_that_is_simulated_wrongly_is_noticed(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    receive = SimulatedFifoQueue.receive
    monkeypatch.setattr(SimulatedFifoQueue, "receive", lambda self, most: receive(self, 1))

    with pytest.raises(AssertionError, match="simulated: "):
        compare(range(_FEW), services)


def test_a_table_that_is_simulated_wrongly_is_noticed(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    transact = Tables.transact

    def losing_an_attribute(self: Tables, actions: Any, *more: Any) -> None:
        puts = [action["Put"] for action in actions if "Put" in action]
        lost = [{"Put": {**put, "Item": without_commit_id(put["Item"])}} for put in puts]
        transact(self, [*lost, *(action for action in actions if "Put" not in action)], *more)

    monkeypatch.setattr(Tables, "transact", losing_an_attribute)

    with pytest.raises(AssertionError, match="simulated: "):
        compare(range(_FEW), services)


def without_commit_id(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "commitId"}
