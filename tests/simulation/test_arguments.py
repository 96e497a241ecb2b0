"""Whoever asks for nothing is told so, and never that nothing failed."""

import gc
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.simulation import __main__ as simulation
from tests.simulation import many, mutants
from tests.simulation.__main__ import main
from tests.simulation.many import Sum
from tests.simulation.processes import INTERRUPTED, processes

ROOT = Path(__file__).parents[2]


def interrupted(work: Callable[..., Any]) -> Callable[..., Any]:
    """The same for one call, and Ctrl-C in the next one."""
    calls: Iterator[bool] = iter([False, True])

    def call(*given: Any, **named: Any) -> Any:
        if next(calls):
            raise KeyboardInterrupt
        return work(*given, **named)

    return call


@pytest.mark.parametrize(
    "arguments",
    [
        ["--seeds", "0"],
        ["--seeds", "-5"],
        ["--seeds", "many"],
        ["--jobs", "0"],
        ["--first", "-1"],
        ["--tell", "-1"],
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

    monkeypatch.setattr(many, "judge_family", broken)

    with pytest.raises(KeyboardInterrupt):
        many.run_some(range(2))

    assert gc.isenabled()


@pytest.mark.parametrize(
    ("asked", "handed_on"),
    [
        (("simulate-mutants", "ONLY=a seal", "SEEDS=500"), "--only 'a seal' --seeds 500"),
        (("simulate", "SEEDS=500"), "--seeds 500"),
        (("simulate",), "--seeds 2000"),
    ],
)
def test_make_hands_on_what_it_is_asked_for(asked: tuple[str, ...], handed_on: str) -> None:
    told = subprocess.run(
        ["make", "--dry-run", "--old-file", ".venv/.installed", *asked],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    assert handed_on in " ".join(told.replace("\\\n", " ").split())


def test_interrupted_histories_are_told_as_far_as_they_came(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    played = Sum(histories=64, failed=((7, "a broken promise"),))
    monkeypatch.setattr(many, "run_some", interrupted(lambda *_, **__: played))
    monkeypatch.setattr(simulation, "stories", list)

    ended = main(["--seeds", "500", "--jobs", "1"])

    told = capsys.readouterr().out.splitlines()
    assert ended == INTERRUPTED
    assert told[1] == "seed 7: a broken promise"
    assert told[2].startswith("64 histories of ")
    assert told[3] == "interrupted"


def test_a_failure_that_nobody_waits_to_see_shrunk_is_still_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def shrink(*_: object) -> None:
        raise KeyboardInterrupt

    played = Sum(histories=1, failed=((0, "a broken promise"),))
    monkeypatch.setattr(many, "run_some", lambda *_, **__: played)
    monkeypatch.setattr(many, "shrink", shrink)

    ended = main(["--seeds", "1", "--jobs", "1"])

    told = capsys.readouterr().out.splitlines()
    assert (ended, told[0], told[-1]) == (INTERRUPTED, "seed 0: a broken promise", "interrupted")


def test_an_interrupted_hunt_is_told_as_far_as_it_came(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(
        mutants, "hunt", interrupted(lambda mutant, _: mutants.Catch(mutant.name, 3, "why", 0.1))
    )

    ended = mutants.main(["--jobs", "1"])

    told = capsys.readouterr().out.splitlines()
    assert ended == INTERRUPTED
    assert told[0].startswith("seed    3  ")
    assert told[1] == (
        f"caught 1 of the 1 that were hunted, of {len(mutants.MUTANTS)}; interrupted"
    )


def test_ctrl_c_is_left_to_the_process_that_shares_the_work_out() -> None:
    with processes(1) as pool:
        assert pool.apply(signal.getsignal, (signal.SIGINT,)) is signal.SIG_IGN
