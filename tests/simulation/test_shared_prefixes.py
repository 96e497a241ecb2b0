"""Histories of a seed group, run together, are identical to each of them run alone."""

from dataclasses import replace

import pytest

from tests.simulation.faults import CallFault
from tests.simulation.history_result import HistoryResult, digest
from tests.simulation.history_run import History, run, start_history
from tests.simulation.mutants import MUTANTS
from tests.simulation.script import SEEDS_PER_GROUP, Script, write_script, write_seed_group
from tests.simulation.shared_prefixes import (
    compare_with_calm,
    judge,
    judge_seed_group,
    play_together,
)
from tests.simulation.snapshot import Snapshot
from tests.simulation.steps import ScriptStep
from tests.simulation.workloads import StepKind, Workload


def all_of(result: HistoryResult) -> HistoryResult:
    """The result without the one field that depends on how it was run."""
    return replace(result, shared_prefix=None)


@pytest.mark.parametrize("number", range(8))
def test_each_history_is_the_same_by_itself_byte_for_byte(number: int) -> None:
    # Some continue others, and for some the one that they continue is left out.
    base, scripts = write_seed_group(
        number, [member for member in range(SEEDS_PER_GROUP) if member % 6 < 3]
    )

    together = play_together(base, scripts, traced=True)

    assert [digest(result) for result in together] == [
        digest(run(script, traced=True)) for script in scripts
    ]
    assert [all_of(result) for result in together] == [
        run(script, traced=True) for script in scripts
    ]


def test_a_seed_gives_the_same_script_alone_and_in_its_family() -> None:
    _, scripts = write_seed_group(3, range(SEEDS_PER_GROUP))

    assert scripts == [
        write_script(3 * SEEDS_PER_GROUP + member) for member in range(SEEDS_PER_GROUP)
    ]


def test_histories_of_a_family_part_at_many_places_and_end_in_many_ways() -> None:
    base, scripts = write_seed_group(3, range(1, SEEDS_PER_GROUP))

    assert len({script.branch_at for script in scripts}) > SEEDS_PER_GROUP / 8
    assert len({repr(script.steps[script.branch_at :]) for script in scripts}) > SEEDS_PER_GROUP / 2
    assert all(0 < script.branch_at < len(base.steps) for script in scripts)
    assert all(
        script.steps[: script.branch_at] == base.steps[: script.branch_at] for script in scripts
    )


def test_most_of_what_histories_share_is_played_once() -> None:
    base, scripts = write_seed_group(1, range(SEEDS_PER_GROUP))

    results = play_together(base, scripts)

    shared_steps = [
        result.shared_prefix.steps for result in results if result.shared_prefix is not None
    ]
    assert len(shared_steps) == SEEDS_PER_GROUP - 1
    assert sum(shared_steps) > sum(result.steps for result in results) / 4


def test_those_that_want_to_leave_inside_a_stalled_step_take_it_themselves() -> None:
    stalled = ScriptStep(StepKind.CREATE, 2, ((0, CallFault.PAUSE_BEFORE),))
    base = Script(
        seed=1, workload=Workload.LIFECYCLE, steps=(stalled, *[ScriptStep(StepKind.WAIT, 3)] * 12)
    )
    branches = [
        replace(
            base,
            steps=(*base.steps[:branch_at], ScriptStep(StepKind.CREATE, 4)),
            branch_at=branch_at,
        )
        for branch_at in range(1, 8)
    ]

    together = play_together(base, branches, traced=True)

    assert [all_of(result) for result in together] == [
        run(script, traced=True) for script in branches
    ]


def test_half_of_them_go_on_where_the_one_before_came_to_rest() -> None:
    _, scripts = write_seed_group(3, range(SEEDS_PER_GROUP))

    going_on = [script for script in scripts if script.resumes_after]
    assert going_on == scripts[2::2]
    for first, sequel in zip(scripts[1::2], going_on, strict=False):
        assert sequel.branch_at == first.branch_at
        assert sequel.steps[: sequel.resumes_after] == (*first.steps, ScriptStep(StepKind.REST, 0))


def test_one_that_goes_on_shares_all_that_the_one_before_was() -> None:
    base, scripts = write_seed_group(1, range(SEEDS_PER_GROUP))

    results = play_together(base, scripts)

    assert [result.shared_prefix for result in results[2::2]] == results[1:-1:2]


def test_one_that_stands_still_does_not_reach_into_what_comes_after_the_rest() -> None:
    stalled = ScriptStep(StepKind.CREATE, 2, ((0, CallFault.PAUSE_BEFORE),))
    base = Script(seed=1, workload=Workload.LIFECYCLE, steps=(ScriptStep(StepKind.WAIT, 3),) * 12)
    first = replace(base, steps=(*base.steps[:1], stalled), branch_at=1)
    sequel = replace(
        first,
        steps=(*first.steps, ScriptStep(StepKind.REST, 0), ScriptStep(StepKind.CREATE, 4)),
        resumes_after=3,
    )

    together = play_together(base, [first, sequel], traced=True)

    assert [all_of(result) for result in together] == [
        run(first, traced=True),
        run(sequel, traced=True),
    ]
    assert sum("request: create" in line for line in together[1].trace) == 2


def test_one_goes_on_from_none_that_was_helped_differently() -> None:
    base = Script(
        seed=1,
        workload=Workload.LIFECYCLE,
        steps=(ScriptStep(StepKind.CREATE, 5), *[ScriptStep(StepKind.WAIT, 3)] * 9),
    )
    first = replace(base, steps=base.steps[:4], branch_at=4, assisted=False)
    other = replace(first, assisted=True)
    sequel = replace(other, steps=(*other.steps, ScriptStep(StepKind.REST, 0)), resumes_after=5)

    together = play_together(base, [first, sequel], traced=True)

    assert [all_of(result) for result in together] == [
        run(first, traced=True),
        run(sequel, traced=True),
    ]


def test_one_whose_first_went_wrong_goes_wrong_in_the_same_way() -> None:
    (mutant,) = [mutant for mutant in MUTANTS if mutant.name == "a conflict counts as committed"]
    with mutant.install():
        for number in range(100):
            base, scripts = write_seed_group(number, range(SEEDS_PER_GROUP))
            together = play_together(base, scripts)
            broken = [at for at in range(1, SEEDS_PER_GROUP - 1, 2) if together[at].violation]
            if broken and together[0].violation is None:
                break
        alone = [run(scripts[at + 1]) for at in broken]

    assert len(broken) > 0
    assert [all_of(together[at + 1]) for at in broken] == alone
    assert all(result.violation for result in alone)


def test_a_violation_before_they_part_is_that_of_all_behind_it() -> None:
    (mutant,) = [mutant for mutant in MUTANTS if mutant.name == "no journal row is written"]
    base, scripts = write_seed_group(0, range(SEEDS_PER_GROUP))

    with mutant.install():
        together = play_together(base, scripts)
        alone = [run(script).violation for script in scripts]

    assert [result.violation for result in together] == alone
    assert None not in alone


def test_a_history_that_faults_changed_is_reported_with_the_one_without_them() -> None:
    faulty = HistoryResult(final_states={"a": "FAILED"}, trace=["with faults"])
    calm = HistoryResult(final_states={"a": "COMPLETED"}, trace=["in peace"])

    result = compare_with_calm(faulty, calm)

    assert result.violation == (
        "faults changed the final states: [('a', 'COMPLETED'), ('a', 'FAILED')]"
    )
    assert result.trace == ["with faults", "", "the same without faults:", "in peace"]


def test_what_is_wrong_without_any_fault_is_reported_as_such() -> None:
    calm = HistoryResult(violation="lost", trace=["in peace"])

    result = compare_with_calm(HistoryResult(trace=["with faults"]), calm)

    assert (result.violation, result.trace) == ("without faults: lost", ["in peace"])


def test_a_history_is_judged_alone_as_in_its_family() -> None:
    number = next(
        number
        for number in range(100)
        if write_script(number * SEEDS_PER_GROUP).workload is Workload.PLAIN
    )

    together = judge_seed_group(number, range(9))

    scripts = [write_script(number * SEEDS_PER_GROUP + member) for member in range(9)]
    assert [all_of(result) for result in together] == [judge(script) for script in scripts]
    assert {script.rerun_without_faults for script in scripts} == {True, False}


def test_the_way_back_leads_to_the_very_same_world() -> None:
    history = start_history(write_script(SEEDS_PER_GROUP), traced=True)
    history.run_steps(20)
    here = Snapshot(history)
    first = _played_on(here, history)

    second = _played_on(here, history)

    assert first == second
    assert len(first) > 0


def _played_on(here: Snapshot, history: History) -> list[str]:
    history.run_steps(20)
    trace = list(history.world.trace or ())
    here.restore()
    return trace
