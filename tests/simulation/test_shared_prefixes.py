"""Histories that begin alike and are played together are what each of them is by itself."""

from dataclasses import replace

import pytest

from tests.simulation.faults import Fault
from tests.simulation.history_run import History, Result, digest, enter, run
from tests.simulation.mutants import MUTANTS
from tests.simulation.script import FAMILY, Kind, Script, Theme, write, write_family
from tests.simulation.shared_prefixes import compared, judge, judge_family, play
from tests.simulation.snapshot import Keepsake
from tests.simulation.steps import Step


def all_of(result: Result) -> Result:
    """Without the one thing that depends on how it was played."""
    return replace(result, shared=None)


@pytest.mark.parametrize("number", range(8))
def test_each_history_is_the_same_by_itself_byte_for_byte(number: int) -> None:
    # Some of them go on from others, and of some the one before is missing.
    whole, scripts = write_family(number, [each for each in range(FAMILY) if each % 6 < 3])

    together = play(whole, scripts, tell=True)

    assert [digest(each) for each in together] == [
        digest(run(script, tell=True)) for script in scripts
    ]
    assert [all_of(each) for each in together] == [run(script, tell=True) for script in scripts]


def test_a_seed_gives_the_same_script_alone_and_in_its_family() -> None:
    _, scripts = write_family(3, range(FAMILY))

    assert scripts == [write(3 * FAMILY + member) for member in range(FAMILY)]


def test_histories_of_a_family_part_at_many_places_and_end_in_many_ways() -> None:
    whole, scripts = write_family(3, range(1, FAMILY))

    assert len({script.cut for script in scripts}) > FAMILY / 8
    assert len({repr(script.steps[script.cut :]) for script in scripts}) > FAMILY / 2
    assert all(0 < script.cut < len(whole.steps) for script in scripts)
    assert all(script.steps[: script.cut] == whole.steps[: script.cut] for script in scripts)


def test_most_of_what_histories_share_is_played_once() -> None:
    whole, scripts = write_family(1, range(FAMILY))

    results = play(whole, scripts)

    shared = [result.shared.steps for result in results if result.shared is not None]
    assert len(shared) == FAMILY - 1
    assert sum(shared) > sum(result.steps for result in results) / 4


def test_those_that_want_to_leave_inside_a_stalled_step_take_it_themselves() -> None:
    stalled = Step(Kind.CREATE, 2, ((0, Fault.PAUSE_BEFORE),))
    whole = Script(seed=1, theme=Theme.LIFE, steps=(stalled, *[Step(Kind.WAIT, 3)] * 12))
    leaving = [
        replace(whole, steps=(*whole.steps[:cut], Step(Kind.CREATE, 4)), cut=cut)
        for cut in range(1, 8)
    ]

    together = play(whole, leaving, tell=True)

    assert [all_of(each) for each in together] == [run(script, tell=True) for script in leaving]


def test_half_of_them_go_on_where_the_one_before_came_to_rest() -> None:
    _, scripts = write_family(3, range(FAMILY))

    going_on = [script for script in scripts if script.sequel_of]
    assert going_on == scripts[2::2]
    for first, sequel in zip(scripts[1::2], going_on, strict=False):
        assert sequel.cut == first.cut
        assert sequel.steps[: sequel.sequel_of] == (*first.steps, Step(Kind.REST, 0))


def test_one_that_goes_on_shares_all_that_the_one_before_was() -> None:
    whole, scripts = write_family(1, range(FAMILY))

    results = play(whole, scripts)

    assert [result.shared for result in results[2::2]] == results[1:-1:2]


def test_one_that_stands_still_does_not_reach_into_what_comes_after_the_rest() -> None:
    stalled = Step(Kind.CREATE, 2, ((0, Fault.PAUSE_BEFORE),))
    whole = Script(seed=1, theme=Theme.LIFE, steps=(Step(Kind.WAIT, 3),) * 12)
    first = replace(whole, steps=(*whole.steps[:1], stalled), cut=1)
    sequel = replace(
        first, steps=(*first.steps, Step(Kind.REST, 0), Step(Kind.CREATE, 4)), sequel_of=3
    )

    together = play(whole, [first, sequel], tell=True)

    assert [all_of(each) for each in together] == [run(first, tell=True), run(sequel, tell=True)]
    assert sum("asks to create" in line for line in together[1].story) == 2


def test_one_goes_on_from_none_that_was_helped_differently() -> None:
    whole = Script(
        seed=1, theme=Theme.LIFE, steps=(Step(Kind.CREATE, 5), *[Step(Kind.WAIT, 3)] * 9)
    )
    first = replace(whole, steps=whole.steps[:4], cut=4, helped=False)
    other = replace(first, helped=True)
    sequel = replace(other, steps=(*other.steps, Step(Kind.REST, 0)), sequel_of=5)

    together = play(whole, [first, sequel], tell=True)

    assert [all_of(each) for each in together] == [run(first, tell=True), run(sequel, tell=True)]


def test_one_whose_first_went_wrong_goes_wrong_in_the_same_way() -> None:
    (mutant,) = [mutant for mutant in MUTANTS if mutant.name == "a conflict counts as committed"]
    with mutant.put_in():
        for number in range(100):
            whole, scripts = write_family(number, range(FAMILY))
            together = play(whole, scripts)
            broken = [at for at in range(1, FAMILY - 1, 2) if together[at].violation]
            if broken and together[0].violation is None:
                break
        alone = [run(scripts[at + 1]) for at in broken]

    assert len(broken) > 0
    assert [all_of(together[at + 1]) for at in broken] == alone
    assert all(each.violation for each in alone)


def test_a_violation_before_they_part_is_that_of_all_behind_it() -> None:
    (mutant,) = [mutant for mutant in MUTANTS if mutant.name == "no journal row is written"]
    whole, scripts = write_family(0, range(FAMILY))

    with mutant.put_in():
        together = play(whole, scripts)
        alone = [run(script).violation for script in scripts]

    assert [each.violation for each in together] == alone
    assert None not in alone


def test_a_history_that_faults_changed_is_told_beside_the_one_without_them() -> None:
    faulty = Result(finished={"a": "FAILED"}, story=["with faults"])
    calm = Result(finished={"a": "COMPLETED"}, story=["in peace"])

    result = compared(faulty, calm)

    assert result.violation == (
        "faults changed how it ended: [('a', 'COMPLETED'), ('a', 'FAILED')]"
    )
    assert result.story == ["with faults", "", "the same without faults:", "in peace"]


def test_what_is_wrong_without_any_fault_is_told_as_that() -> None:
    calm = Result(violation="lost", story=["in peace"])

    result = compared(Result(story=["with faults"]), calm)

    assert (result.violation, result.story) == ("without faults: lost", ["in peace"])


def test_a_history_is_judged_alone_as_in_its_family() -> None:
    number = next(each for each in range(100) if write(each * FAMILY).theme is Theme.PLAIN)

    together = judge_family(number, range(9))

    scripts = [write(number * FAMILY + member) for member in range(9)]
    assert [all_of(each) for each in together] == [judge(script) for script in scripts]
    assert {script.twice for script in scripts} == {True, False}


def test_the_way_back_leads_to_the_very_same_world() -> None:
    history = enter(write(FAMILY), tell=True)
    history.run_more(20)
    here = Keepsake(history)
    first = _played_on(here, history)

    second = _played_on(here, history)

    assert first == second
    assert len(first) > 0


def _played_on(here: Keepsake, history: History) -> list[str]:
    history.run_more(20)
    story = list(history.world.story or ())
    here.restore()
    return story
