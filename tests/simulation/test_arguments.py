"""Command lines of the simulator and their output; invalid numbers and Ctrl-C included."""

import gc
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.simulation import __main__ as simulation
from tests.simulation import mutants, parallel_runs
from tests.simulation.__main__ import main
from tests.simulation.history_result import HistoryResult
from tests.simulation.parallel_runs import RunTotal
from tests.simulation.processes import INTERRUPTED, processes

ROOT = Path(__file__).parents[2]


def interrupted(work: Callable[..., Any]) -> Callable[..., Any]:
    """`work` in the first call, Ctrl-C in the second."""
    calls: Iterator[bool] = iter([False, True])

    def call(*arguments: Any, **named: Any) -> Any:
        if next(calls):
            raise KeyboardInterrupt
        return work(*arguments, **named)

    return call


@pytest.mark.parametrize(
    "arguments",
    [
        ["--seeds", "0"],
        ["--seeds", "-5"],
        ["--seeds", "many"],
        ["--jobs", "0"],
        ["--first", "-1"],
        ["--trace", "-1"],
    ],
)
def test_numbers_that_make_no_sense_are_refused(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)

    assert ended.value.code != 0
    assert f"argument {arguments[0]}: must be a whole number" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["--seeds", "0"], ["--jobs", "0"]])
def test_a_hunt_of_nothing_is_refused(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        mutants.main(arguments)

    assert ended.value.code != 0


def test_a_hunt_for_a_mutant_that_is_not_there_is_refused(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as ended:
        mutants.main(["--only", "typo"])

    assert ended.value.code != 0
    assert "no mutant's name contains 'typo'" in capsys.readouterr().err


def test_histories_that_are_played_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--seeds", "1", "--jobs", "1"]) == 0

    assert "1 histories of" in capsys.readouterr().out


def test_garbage_is_collected_again_whatever_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(parallel_runs, "judge_seed_group", broken)

    with pytest.raises(KeyboardInterrupt):
        parallel_runs.run_seeds(range(2))

    assert gc.isenabled()


@pytest.mark.parametrize(
    ("asked", "handed_on"),
    [
        (("simulate-mutants", "ONLY=a seal", "SEEDS=500"), "--only 'a seal' --seeds 500"),
        (("simulate", "SEEDS=500"), "--seeds 500"),
        (("simulate",), "--first 0 --seeds 2000"),
        (("simulate", "FIRST=9000"), "--first 9000 --seeds 2000"),
        (("simulate", "TRACE=4711"), "tests.simulation --trace 4711"),
        (("simulate", "SHRINK=4711"), "tests.simulation --shrink 4711"),
        (("simulate-nightly", "FIRST=9000"), "--first 9000 --seeds 9999999 --seconds 3600"),
    ],
)
def test_make_hands_on_what_it_is_asked_for(asked: tuple[str, ...], handed_on: str) -> None:
    ended = dry_run(*asked)

    assert ended.returncode == 0
    assert handed_on in " ".join(ended.stdout.replace("\\\n", " ").split())


@pytest.mark.parametrize(
    ("asked", "refusal"),
    [
        (("simulate", "ONLY=seal"), "`make simulate` does not take ONLY"),
        (("simulate", "SEED=7"), "`make simulate` does not take SEED"),
        (("simulate", "TRACE=7", "SEEDS=9"), "does not take SEEDS with TRACE or SHRINK"),
        (("simulate", "TRACE=7", "SHRINK=9"), "does not take SHRINK with TRACE"),
        (("simulate-nightly", "SEEDS=9"), "`make simulate-nightly` does not take SEEDS"),
        (("simulate-mutants", "FIRST=9"), "`make simulate-mutants` does not take FIRST"),
    ],
)
def test_make_refuses_what_another_target_takes(asked: tuple[str, ...], refusal: str) -> None:
    ended = dry_run(*asked)

    assert ended.returncode != 0
    assert refusal in ended.stderr


def test_make_leaves_alone_what_the_shell_exports_for_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ONLY", "seal")

    assert dry_run("simulate").returncode == 0


def dry_run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["make", "--dry-run", "--old-file", ".venv/.installed", *arguments],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if not name.startswith("MAKE")},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_reader_that_stops_early_causes_no_error() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    ended = subprocess.run(
        [sys.executable, "-m", "tests.simulation", "--trace", "0"],
        cwd=ROOT,
        stdout=writing,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(writing)

    assert (ended.returncode, ended.stderr) == (-signal.SIGPIPE, b"")


def test_a_mutant_that_is_not_caught_is_reported_with_the_seeds_that_were_tried(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[int] = []

    def play(_: int, members: range) -> list[HistoryResult]:
        tried.append(len(members))
        return []

    monkeypatch.setattr(mutants, "judge_seed_group", play)

    ended = mutants.main(["--only", mutants.MUTANTS[0].name, "--seeds", "100", "--jobs", "1"])

    assert ended == 1
    assert sum(tried) == 100
    printed = capsys.readouterr().out.splitlines()
    assert printed == [f"NOT CAUGHT  {mutants.MUTANTS[0].name} within 100 seeds", "caught 0/1"]


def test_the_total_says_of_what_commits_and_faults_are_counted() -> None:
    total = RunTotal(histories=2, steps=20, own_steps=10, commits=7, faults=3)

    assert str(total).startswith(
        "2 histories of 10 steps on average, of which 5 were run for one history alone; "
        "7 commits and 3 faults were run; 0 failed; "
    )


def test_interrupted_histories_are_reported_as_far_as_they_came(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    played = RunTotal(histories=64, failed=((7, "a broken invariant"),))
    monkeypatch.setattr(parallel_runs, "run_seeds", interrupted(lambda *_, **__: played))
    monkeypatch.setattr(simulation, "failure_reports", list)

    ended = main(["--seeds", "500", "--jobs", "1"])

    printed = capsys.readouterr().out.splitlines()
    assert ended == INTERRUPTED
    assert printed[1] == "seed 7: a broken invariant"
    assert printed[2].startswith("64 histories of ")
    assert printed[3] == "interrupted"


def test_a_failure_whose_shrinking_is_interrupted_is_still_reported(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def shrink(*_: object) -> None:
        raise KeyboardInterrupt

    played = RunTotal(histories=1, failed=((0, "a broken invariant"),))
    monkeypatch.setattr(parallel_runs, "run_seeds", lambda *_, **__: played)
    monkeypatch.setattr(parallel_runs, "shrink", shrink)

    ended = main(["--seeds", "1", "--jobs", "1"])

    printed = capsys.readouterr().out.splitlines()
    assert (ended, printed[0], printed[-1]) == (
        INTERRUPTED,
        "seed 0: a broken invariant",
        "interrupted",
    )


def test_an_interrupted_hunt_is_reported_as_far_as_it_came(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(
        mutants,
        "hunt",
        interrupted(lambda mutant, _: mutants.MutantResult(mutant.name, 3, "why", 0.1)),
    )

    ended = mutants.main(["--jobs", "1"])

    printed = capsys.readouterr().out.splitlines()
    assert ended == INTERRUPTED
    assert printed[0].startswith("   3 seeds  ")
    assert printed[1] == (
        f"caught 1 of the 1 that were hunted, of {len(mutants.MUTANTS)}; interrupted"
    )


def test_ctrl_c_is_left_to_the_process_that_shares_the_work_out() -> None:
    with processes(1) as pool:
        assert pool.apply(signal.getsignal, (signal.SIGINT,)) is signal.SIG_IGN
