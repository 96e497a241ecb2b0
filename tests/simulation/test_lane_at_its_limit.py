"""A lane whose partition has no write units left does not stand still."""

import json
from dataclasses import dataclass
from random import Random
from unittest.mock import patch

from forgeledger.jobs.model.ids import group_of
from forgeledger.jobs.model.job_lifecycle import create
from forgeledger.jobs.usecases import consume_messages, settle_messages
from tests.simulation.lambdas import Lambdas
from tests.simulation.world import Invocation, SimulatedWorld, WorldRules
from tests.simulation.write_units import PartitionUnits, units_of
from tests.support.builders import JOB_ID, make_spec

_UNITS_PER_SECOND = 1_000
_MESSAGES, _ITEMS_A_MESSAGE, _ITEM_BYTES = 150, 10, 4_096
_JOB_ID = f"{JOB_ID[:-1]}1"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Drained:
    seconds: float
    # While there were messages, and none of them could be received.
    still_seconds: float
    units_per_second: float
    throttled: int
    most_receives: int


def _drain(seed: int) -> _Drained:
    """One lane with messages of ten items of 4 KiB, until all are applied."""
    rules = WorldRules(units_per_second=_UNITS_PER_SECOND)
    world = SimulatedWorld(random=Random(seed), rules=rules)
    lambdas = Lambdas(world, lambda *_: None)
    job, heads, fact = create(make_spec(job_id=_JOB_ID, created_at=world.now))
    producer = Invocation("producer", {}, world.now + 60_000)
    world.invoke(producer, lambda: lambdas.store.create_job(job, heads, fact))
    for number in range(_MESSAGES):
        commands = [
            {
                "type": "register",
                "jobId": _JOB_ID,
                "itemId": f"{number}-{index}",
                "payload": "x" * _ITEM_BYTES,
            }
            for index in range(_ITEMS_A_MESSAGE)
        ]
        body = json.dumps({"commands": commands})
        world.commands.send(body, group_of(_JOB_ID, 0), f"message {number}")
    begun, still_ms = world.now, 0
    while world.commands.waiting:
        if not lambdas.consume({}, 0):
            visible_at = world.commands.next_visible_at()
            assert visible_at is not None
            still_ms += visible_at - world.now
            world.now = visible_at
    seconds = (world.now - begun) / 1_000
    units = world.tables.units
    assert not world.commands.dead
    return _Drained(
        seconds=seconds,
        still_seconds=still_ms / 1_000,
        units_per_second=units.written / seconds,
        throttled=units.throttled,
        most_receives=max(message.receive_count for message in world.commands.accepted),
    )


def test_a_lane_at_its_limit_stands_still_less_than_a_tenth_of_the_time() -> None:
    for seed in range(5):
        drained = _drain(seed)

        assert drained.throttled > 10
        assert drained.still_seconds < 0.1 * drained.seconds
        assert drained.units_per_second > 0.9 * _UNITS_PER_SECOND


def test_an_intake_that_gives_up_after_its_first_retries_stands_still_most_of_the_time() -> None:
    with (
        patch.object(consume_messages, "_BUSY_TRIES", 0),
        patch.object(settle_messages, "delays", lambda failed, held_back: []),
    ):
        drained = _drain(0)

    assert drained.still_seconds > 0.5 * drained.seconds


def test_writes_take_units_by_their_size_and_twice_as_many_in_a_transaction() -> None:
    row = {"PK": {"S": "x" * 2_000}}

    assert [units_of(row, in_transaction=False), units_of(row, in_transaction=True)] == [2, 4]
    assert units_of(None, in_transaction=False) == 1


def test_a_partition_saves_the_units_of_five_minutes_and_no_more() -> None:
    now = [0]
    units = PartitionUnits(lambda: now[0], per_second=10)

    assert units.take([("a", 10), ("b", 4), ("b", 4)]) == frozenset()
    assert units.take([("a", 1), ("b", 2)]) == {"a"}
    now[0] = 10_000_000
    assert units.take([("a", 3_001)]) == {"a"}
    assert units.take([("a", 3_000), ("b", 1)]) == frozenset()
    assert (units.written, units.throttled) == (3_019, 2)
