"""The benchmarks refuse arguments with which they would measure nothing."""

import runpy
import sys
from pathlib import Path

import pytest

from benchmarks.arguments import parse_numbers

BENCHMARKS = Path(__file__).parents[3] / "benchmarks"


@pytest.mark.parametrize(
    "command",
    [
        "chaos/chaos_run --items 0",
        "speed/cold_start 0",
        "speed/completion_latency -- -5",
        "cost/growth_on_engine 1000 0",
        "speed/intake_cpu many",
        "cost/job_meter --items 0",
        "cost/job_meter --lanes 0",
        "speed/registration 100 0",
        "speed/throughput --items 0",
        "speed/throughput --workers 0",
    ],
)
def test_a_benchmark_of_nothing_is_refused(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    name, *arguments = command.split()
    monkeypatch.setattr(sys, "argv", [name, *arguments])

    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(BENCHMARKS / f"{name}.py"), run_name="__main__")

    assert ended.value.code == 2
    assert "must be a whole number from 1 on" in capsys.readouterr().err


def test_numbers_that_are_not_given_are_the_usual_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["registration", "70"])

    assert parse_numbers("description", items=100_000, sample=500) == [70, 500]
