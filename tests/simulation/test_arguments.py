"""Whoever asks for nothing is told so, and never that nothing failed."""

import gc

import pytest

from tests.simulation import many, mutants
from tests.simulation.__main__ import main


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
