"""Random commands for a few items, so that they often affect the same one."""

from collections.abc import Iterable
from dataclasses import replace

from hypothesis import strategies as st

from forgeledger.jobs.model.commands import Command, CommandKind, FollowGate, LaneCommand
from forgeledger.jobs.model.items import Failure
from forgeledger.jobs.model.jobs import JobPhase
from forgeledger.jobs.model.lanes import LaneMode, LaneRules, number_of_type
from tests.support.builders import NOW

ITEMS = ("a", "b", "c", "d")

failures = st.builds(
    Failure,
    type=st.sampled_from(["Boom", "Bang", *(f"E{n}" for n in range(12))]),
    message=st.sampled_from(["", "it broke", "\u00e9\U0001f600"]),
    retryable=st.booleans(),
)

rules = st.builds(
    LaneRules,
    max_attempts=st.integers(1, 4),
    lease_seconds=st.sampled_from([0, 5]),
    backoff_base_seconds=st.sampled_from([0, 0.5, 8]),
    registers_on_the_way=st.booleans(),
    dispatched=st.booleans(),
    run_seconds=st.sampled_from([0, 0, 7]),
    permanent_errors=st.sampled_from([(), (), (number_of_type("Bang"),)]),
)

phases = st.sampled_from(
    [JobPhase.RUNNING, JobPhase.RUNNING, JobPhase.FINISHED, JobPhase.ENDING, JobPhase.CANCELED]
)

_kinds = st.sampled_from(list(CommandKind))
_texts = st.sampled_from([None, "null", '{"n": 9007199254740993}'])

# Without ids, which `named` adds.
commands = st.builds(
    Command,
    kind=_kinds,
    item_id=st.sampled_from(ITEMS),
    command_id=st.just(""),
    attempt=st.none() | st.integers(1, 5) | st.sampled_from([1_001, 1_002, 2_001]),
    worker_id=st.sampled_from([None, "w-1", "w-2"]),
    lease_seconds=st.sampled_from([None, None, 0, 2, 9]),
    payload=_texts,
    result=_texts,
    failure=st.none() | failures,
    dispatch=st.none() | st.integers(1, 5),
    retry_after_seconds=st.sampled_from([None, None, 0, 3]),
    item_kind=st.sampled_from([None, "resize"]),
    group=st.sampled_from([None, "acme"]),
    not_before=st.sampled_from([None, NOW - 1, NOW + 5_000]),
)

gates = st.builds(FollowGate, gate=st.integers(1, 9), mode=st.sampled_from(list(LaneMode)))


def named(steps: Iterable[LaneCommand], prefix: str = "c") -> tuple[LaneCommand, ...]:
    """The commands, each with a unique id."""
    return tuple(
        replace(step, command_id=f"{prefix}-{number}") if isinstance(step, Command) else step
        for number, step in enumerate(steps)
    )


command_lists = st.lists(commands, max_size=40).map(named)
lane_command_lists = st.lists(st.one_of(commands, commands, commands, gates), max_size=40).map(
    named
)
