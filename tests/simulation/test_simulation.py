"""A short run of the simulator for each change; `make simulate SEEDS=20000` is a long one."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.simulation.coverage import CoveragePoint
from tests.simulation.faults import CallFault
from tests.simulation.history_result import digest
from tests.simulation.history_run import run
from tests.simulation.mutants import MUTANTS, hunt
from tests.simulation.parallel_runs import failure_reports, run_many
from tests.simulation.script import SEEDS_PER_GROUP, Script, write_script
from tests.simulation.shrinker import shrink
from tests.simulation.steps import ScriptStep
from tests.simulation.workloads import StepKind, Workload

# A time limit, so that the test takes no longer on a slow machine.
_SECONDS = 12
_MOST_SEEDS = 2_000
# The base histories of so many seed groups reach every coverage point.
_SEED_GROUPS = 500
_ROOT = Path(__file__).parents[2]
# Base histories and branches of some seed groups.
_SEEDS = (0, 1, 32, 40, 200, 300)
_DIGESTS = f"[digest(run(write_script(seed), traced=True)) for seed in {_SEEDS}]"


def test_nothing_that_must_never_happen_happens(capsys: pytest.CaptureFixture[str]) -> None:
    total = run_many(0, _MOST_SEEDS, jobs=1, most_seconds=_SECONDS)

    with capsys.disabled():
        print(f"\n{total}", end=" ")  # noqa: T201 - The rate is part of the result.
    assert not total.failed, "\n\n".join(failure_reports(total.failed))


@pytest.mark.parametrize("hash_seed", ["1", "2"])
def test_the_same_seed_gives_the_same_history_byte_for_byte(hash_seed: str) -> None:
    here = [digest(run(write_script(seed), traced=True)) for seed in _SEEDS]

    command = (
        "from tests.simulation.history_result import digest\n"
        "from tests.simulation.history_run import run\n"
        "from tests.simulation.script import write_script\n"
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
    # Outages and weeks are in branches only.
    in_branches = {
        CoveragePoint.FAILING_FOR_LONG,
        CoveragePoint.ROWS_EXPIRED,
        CoveragePoint.KEY_GONE,
    }
    missing: set[str] = {*CallFault, *CoveragePoint} - in_branches

    for number in range(_SEED_GROUPS):
        missing -= (+run(write_script(number * SEEDS_PER_GROUP)).coverage).keys()
        if not missing:
            break

    assert missing == set()


def test_histories_end_in_every_way() -> None:
    missing = {
        "stale_attempt",
        "unknown_attempt",
        "lease_held",
        "job.completed COMPLETED",
        "job.completed COMPLETED_WITH_FAILURES",
        "job.failed FAILED",
        "job.canceled CANCELED",
        "job.reopened RUNNING",
    }

    for number in range(_SEED_GROUPS):
        trace = "\n".join(run(write_script(number * SEEDS_PER_GROUP), traced=True).trace)
        missing = {text for text in missing if text not in trace}
        if not missing:
            break

    assert missing == set()


def test_all_themes_are_played() -> None:
    assert {write_script(number * SEEDS_PER_GROUP).workload for number in range(40)} == set(
        Workload
    )


def test_every_mutant_fits_the_product_as_it_is() -> None:
    for mutant in MUTANTS:
        with mutant.install():
            pass


@pytest.mark.parametrize(
    "name",
    [
        "no journal row is written",
        "a stale attempt is not fenced off",
        "the seal is ignored",
        "a counter moves without its item",
        "facts count as published before they are",
        "a batch is applied in the wrong order",
    ],
)
def test_a_fault_in_the_product_is_caught(name: str) -> None:
    (mutant,) = [mutant for mutant in MUTANTS if mutant.name == name]

    result = hunt(mutant, 4 * SEEDS_PER_GROUP)

    assert result.violation is not None
    assert result.fits_product


def test_a_failing_history_is_cut_down_to_what_is_needed() -> None:
    noise = [
        ScriptStep(kind, 7) for kind in (StepKind.WAIT, StepKind.WORK, StepKind.SEND, StepKind.WAIT)
    ]
    die = ScriptStep(StepKind.SEAL, 1, ((0, CallFault.CRASH_AFTER), (5, CallFault.SLOW)))
    steps = (ScriptStep(StepKind.CREATE, 2), *noise, ScriptStep(StepKind.RELAY, 1), *noise, die)
    script = Script(seed=1, workload=Workload.FINISH, steps=steps, assisted=False)
    (mutant,) = [mutant for mutant in MUTANTS if mutant.name.startswith("a fact wakes no process")]

    with mutant.install():
        violation = run(script).violation
        assert violation is not None
        small = shrink(script, violation, run)

    assert [step.kind for step in small.steps] == [StepKind.CREATE, StepKind.RELAY, StepKind.SEAL]
    assert small.steps[-1].faults == ((0, CallFault.CRASH_AFTER),)
