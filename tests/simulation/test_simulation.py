"""The proof in small, for each change; `make simulate SEEDS=20000` is the same at length."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.simulation.coverage import Happening
from tests.simulation.history_run import digest, run
from tests.simulation.mutants import MUTANTS, hunt
from tests.simulation.parallel_runs import run_many, stories
from tests.simulation.script import FAMILY, Fault, Kind, Script, Theme, write
from tests.simulation.shrinker import shrink
from tests.simulation.steps import Step

# Histories are run until this is over, so that a slow machine does not wait longer.
_SECONDS = 12
_MOST_SEEDS = 2_000
# Within so many families everything has happened at least once to the whole history of one.
_FAMILIES = 200
_ROOT = Path(__file__).parents[2]
# Of some families the whole history and one that leaves it.
_SEEDS = (0, 1, 32, 40, 200, 300)
_DIGESTS = f"[digest(run(write(seed), tell=True)) for seed in {_SEEDS}]"


def test_nothing_that_must_never_happen_happens(capsys: pytest.CaptureFixture[str]) -> None:
    total = run_many(0, _MOST_SEEDS, jobs=1, most_seconds=_SECONDS)

    with capsys.disabled():
        print(f"\n{total}", end=" ")  # noqa: T201 - The rate is part of the result.
    assert not total.failed, "\n\n".join(stories(total.failed))


@pytest.mark.parametrize("hash_seed", ["1", "2"])
def test_the_same_seed_gives_the_same_history_byte_for_byte(hash_seed: str) -> None:
    here = [digest(run(write(seed), tell=True)) for seed in _SEEDS]

    command = (
        "from tests.simulation.history_run import digest, run\n"
        "from tests.simulation.script import write\n"
        f"print(*{_DIGESTS})"
    )
    there = subprocess.run(
        [sys.executable, "-c", command],
        cwd=_ROOT,
        env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert there.stdout.split() == here


def test_histories_meet_everything_that_can_go_wrong() -> None:
    # Weeks pass only where a history is left.
    wanted: set[str] = {*Fault, *Happening} - {Happening.VANISHED}

    for number in range(_FAMILIES):
        wanted -= (+run(write(number * FAMILY)).met).keys()
        if not wanted:
            break

    assert wanted == set()


def test_histories_end_in_every_way() -> None:
    wanted = {
        "stale_attempt",
        "unknown_attempt",
        "lease_held",
        "job.completed COMPLETED",
        "job.completed COMPLETED_WITH_FAILURES",
        "job.failed FAILED",
        "job.canceled CANCELED",
        "job.reopened RUNNING",
    }

    for number in range(_FAMILIES):
        told = "\n".join(run(write(number * FAMILY), tell=True).story)
        wanted = {each for each in wanted if each not in told}
        if not wanted:
            break

    assert wanted == set()


def test_all_themes_are_played() -> None:
    assert {write(number * FAMILY).theme for number in range(40)} == set(Theme)


def test_every_mutant_fits_the_product_as_it_is() -> None:
    for mutant in MUTANTS:
        with mutant.put_in():
            pass


@pytest.mark.parametrize(
    "name",
    [
        "no journal row is written",
        "a stale attempt is not fenced off",
        "the seal is ignored",
        "a counter moves without its item",
        "facts count as told before they are",
        "a batch is applied in the wrong order",
    ],
)
def test_a_fault_in_the_product_is_caught(name: str) -> None:
    (mutant,) = [mutant for mutant in MUTANTS if mutant.name == name]

    catch = hunt(mutant, 4 * FAMILY)

    assert catch.violation is not None
    assert catch.fits


def test_a_failing_history_is_cut_down_to_what_is_needed() -> None:
    noise = [Step(kind, 7) for kind in (Kind.WAIT, Kind.WORK, Kind.SEND, Kind.WAIT)]
    die = Step(Kind.SEAL, 1, ((0, Fault.CRASH_AFTER), (5, Fault.SLOW)))
    steps = (Step(Kind.CREATE, 2), *noise, Step(Kind.RELAY, 1), *noise, die)
    script = Script(seed=1, theme=Theme.FINISH, steps=steps, helped=False)
    (mutant,) = [mutant for mutant in MUTANTS if mutant.name.startswith("a fact wakes nobody")]

    with mutant.put_in():
        violation = run(script).violation
        assert violation is not None
        small = shrink(script, violation, run)

    assert [step.kind for step in small.steps] == [Kind.CREATE, Kind.RELAY, Kind.SEAL]
    assert small.steps[-1].faults == ((0, Fault.CRASH_AFTER),)
