"""The same histories in the simulator and on the real engine: the same rows, rejects and events.

Both play the same script with the same handlers, clock, ids and chance, and without faults; only
the services differ.
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
from tests.simulation.table import Tables
from tests.simulation.workloads import StepKind
from tests.simulation.world import SimulatedWorld, WorldRules

pytestmark = pytest.mark.integration

_HISTORIES = int(os.environ.get("FORGELEDGER_HISTORIES", "200"))
_PARTS = 4
_STEPS = 30
# Within so many histories any service that differs shows.
_FEW = 20
# The engine's queue forgets a deduplication id after five minutes of its own clock, which stand
# still beside the simulated ones: until the last message a history has to be shorter than that.
_MOST_WAITED_MS = 280_000
_HOUR_MS = 3_600_000


class Unchecked:
    """In the place of the checks, which look into the simulated services."""

    def after_step(self) -> None: ...

    def acknowledged(self, *_: Any) -> None: ...


@dataclass(frozen=True)
class Outcome:
    """All that a history leaves behind, and what everybody was answered on the way."""

    rows: dict[tuple[str, str], Any]
    rejects: list[Any]
    told: list[dict[str, Any]]
    trace: list[str]


def short(seed: int) -> Script:
    """One of the simulator's own histories, cut down and without its faults."""
    script = write_script(seed * SEEDS_PER_GROUP)
    steps = tuple(ScriptStep(step.kind, step.seed) for step in script.steps[:_STEPS])
    return Script(seed=seed, workload=script.workload, steps=steps)


def play(script: Script, world: SimulatedWorld, checks: Any, request_log: RequestLog) -> None:
    history = build_history(script, world, checks, request_log)
    began = world.now
    for step in script.steps:
        if step.kind is not StepKind.WAIT or world.now - began < _MOST_WAITED_MS - 200_000:
            history.take_step(step)
    finish(history)
    world.now += _HOUR_MS
    assert history.lambdas.reconcile({"running": True}, {}) is not None
    drain(history)
    checks.after_step()


def finish(history: History) -> None:
    """Everybody does what is left to be done."""
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


def simulated(script: Script) -> Outcome:
    world = new_world(script.seed)
    world.tables = PromptTables(lambda: world.now, world._committed)
    request_log = RequestLog(world.commands)
    checks = Checks(world, request_log)
    world.observer = checks
    play(script, world, checks, request_log)
    checks.at_rest()
    # The claimed ids of jobs are in a table of their own on the engine.
    ledger = [pk for pk in world.tables.partition_keys() if pk != "id"]
    rows = {(pk, sk): row for pk in ledger for sk, row in world.tables.partition(pk).items()}
    # What the checks tell of a commit stands in nobody's story on the engine.
    trace = [line for line in world.trace or [] if line.split()[1] != "."]
    rejects = [text_of(message) for message in world.rejects.accepted]
    return Outcome(rows, rejects, in_order(world.bus.delivered), trace)


def real(script: Script, services: Services) -> Outcome:
    world = new_world(script.seed)
    with services.behind(world):
        play(script, world, Unchecked(), RequestLog(world.commands))
        return Outcome(
            world.tables.rows(), world.rejects.texts(), in_order(world.bus.heard()), world.trace
        )


def in_order(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(events, key=lambda event: event["eventId"])


def first_difference(one: Outcome, other: Outcome) -> str | None:
    """The first line of the story, else the row, reject or event, that differs."""
    for number, (here, there) in enumerate(zip(one.trace, other.trace, strict=False)):
        if here != there:
            before = "\n".join(one.trace[max(0, number - 5) : number])
            return f"{before}\nsimulated: {here}\nengine:    {there}"
    for key in sorted(one.rows.keys() | other.rows.keys()):
        if one.rows.get(key) != other.rows.get(key):
            return f"{key}\nsimulated: {one.rows.get(key)}\nengine:    {other.rows.get(key)}"
    if one != other:
        return f"simulated: {one.rejects} {one.told}\nengine:    {other.rejects} {other.told}"
    return None


def compare(seeds: range, services: Services) -> int:
    """How many events the engine told; fails with the first difference."""
    told = 0
    for seed in seeds:
        script = short(seed)
        here, there = simulated(script), real(script, services)
        difference = first_difference(here, there)
        assert difference is None, f"seed {seed}:\n{difference}"
        told += len(there.told)
    return told


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

    told = compare(seeds, services)

    assert told >= len(seeds)


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
        lost = [{"Put": {**put, "Item": without_ttl(put["Item"])}} for put in puts]
        transact(self, [*lost, *(action for action in actions if "Put" not in action)], *more)

    monkeypatch.setattr(Tables, "transact", losing_an_attribute)

    with pytest.raises(AssertionError, match="simulated: "):
        compare(range(_FEW), services)


def without_ttl(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "ttl"}
