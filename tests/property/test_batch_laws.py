"""Splitting a list of commands into batches must not change the result."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from forgeledger.jobs.model.commands import CommandKind, FollowGate
from forgeledger.jobs.model.items import Failure
from forgeledger.jobs.model.lane_tally import count
from forgeledger.jobs.model.lanes import LaneMode, LaneRules, count_failure
from forgeledger.jobs.model.limits import ERROR_TYPES_PER_LANE
from tests.property import strategies
from tests.support.builders import make_command, make_head
from tests.support.lane_model import LaneModel


def lane_after(rules: LaneRules, batches: list, phase) -> LaneModel:
    lane = LaneModel(make_head(rules=rules))
    lane.outcomes = [outcome for batch in batches for outcome in lane.apply(batch, phase).outcomes]
    return lane


@given(
    strategies.rules,
    strategies.lane_command_lists,
    st.sets(st.integers(1, 39)),
    strategies.phases,
)
def test_one_batch_many_batches_and_one_by_one_are_the_same(rules, commands, cuts, phase):
    ends = [0, *sorted(cut for cut in cuts if cut < len(commands)), len(commands)]
    parts = [commands[start:end] for start, end in pairwise(ends)]

    at_once = lane_after(rules, [commands], phase)
    in_parts = lane_after(rules, parts, phase)
    one_by_one = lane_after(rules, [[command] for command in commands], phase)

    for other in (in_parts, one_by_one):
        assert other.items == at_once.items
        assert other.head == at_once.head
        assert other.events == at_once.events
        assert other.outcomes == at_once.outcomes


@given(strategies.rules, st.integers(90, 250), strategies.lane_command_lists)
def test_neither_does_it_matter_where_a_commit_was_full(rules, burst, commands):
    registrations = [
        make_command(CommandKind.REGISTER, item_id=f"{number:03}") for number in range(burst)
    ]
    middle = len(commands) // 2
    everything = [*commands[:middle], *registrations, *commands[middle:]]

    at_once = lane_after(rules, [everything], "running")
    one_by_one = lane_after(rules, [[command] for command in everything], "running")

    assert at_once.head == one_by_one.head
    assert at_once.events == one_by_one.events
    assert at_once.items == one_by_one.items


@given(strategies.rules, strategies.lane_command_lists)
def test_a_command_waits_for_no_commit_that_comes_after_it(rules, commands):
    decision = LaneModel(make_head(rules=rules)).apply(commands)

    waits_for = decision.waits_for
    assert list(waits_for) == sorted(waits_for)
    assert all(-1 <= number < len(decision.commits) for number in waits_for)


@given(
    strategies.rules,
    strategies.command_lists,
    st.sampled_from([LaneMode.SEALED, LaneMode.CLOSED]),
    st.data(),
)
def test_a_gate_may_come_again_at_any_time(rules, commands, mode, data):
    lane = LaneModel(make_head(rules=rules))
    lane.apply(commands)
    lane.follow(mode)
    lane.apply(strategies.named(data.draw(st.lists(strategies.commands)), prefix="late"))
    head = lane.head
    gates = data.draw(st.lists(st.sampled_from(range(head.gate + 1)), max_size=4))

    for gate in gates:
        lane.apply([FollowGate(gate=gate, mode=LaneMode.OPEN)])

    assert lane.head == head


@given(st.lists(st.tuples(st.integers(0, 15), st.booleans()), max_size=80))
def test_failures_by_type_are_bounded_and_never_negative(moves):
    failures: tuple[tuple[str, int], ...] = ()
    failed = dict.fromkeys(range(16), 0)
    for number, fails in moves:
        if not fails and not failed[number]:
            continue
        failures = count_failure(failures, f"E{number}", 1 if fails else -1)
        failed[number] += 1 if fails else -1

    assert len(failures) <= ERROR_TYPES_PER_LANE + 1
    assert all(number >= 0 for _, number in failures)
    assert sum(number for _, number in failures) == sum(failed.values())


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 15), st.booleans()), max_size=60))
def test_types_of_error_are_counted_as_the_head_counts_them_however_many_there_are(moves):
    lane = LaneModel(make_head(rules=LaneRules(registers_on_the_way=True)))
    for item, kind, retries in moves:
        lane.do("fail", f"i{item}", failure=Failure(type=f"E{kind}", retryable=False))
        if retries:
            lane.do("retry", f"i{item}")

    counted = count(lane.head, [item for _, item in sorted(lane.items.items())])

    assert counted.agrees_with(lane.head)
    assert sum(number for _, number in counted.failures) == lane.head.counts.failed
