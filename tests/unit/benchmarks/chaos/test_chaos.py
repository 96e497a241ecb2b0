"""What a chaos run prints at its end, however it ends."""

from dataclasses import dataclass, field

import pytest

from benchmarks.chaos.chaos_guarantees import Evidence
from benchmarks.chaos.chaos_job import ChaosOptions
from benchmarks.chaos.chaos_run import parse_options, run
from benchmarks.time_limit import TimeLimitExceeded
from tests.support.chaos_evidence import make_evidence

OPTIONS = ChaosOptions(
    items=3,
    seed=1,
    rate=0.01,
    workers=4,
    worker_kills=0,
    function_kills=0,
    restarts=0,
    job_seconds=60,
    audit_seconds=60,
)


@dataclass
class FakeProxy:
    number: int = 200

    def call_count(self) -> int:
        return self.number

    def fault_counts(self) -> dict[str, int]:
        return {"response lost": 3}


@dataclass
class FakeChaosJob:
    """Ends with evidence, by its time limit, or by Ctrl-C."""

    end: Evidence | BaseException
    options: ChaosOptions = OPTIONS
    proxy: FakeProxy = field(default_factory=FakeProxy)
    incidents: dict[str, int] = field(default_factory=lambda: {"workers killed (SIGKILL)": 2})
    seconds: dict[str, float] = field(default_factory=lambda: {"the job": 12.0})

    def run(self) -> Evidence:
        if isinstance(self.end, BaseException):
            raise self.end
        return self.end

    def progress(self) -> str:
        return "the job is COMPLETED"


def test_a_good_end_names_no_broken_guarantee(capsys: pytest.CaptureFixture[str]) -> None:
    broken = run(FakeChaosJob(make_evidence()))

    output = capsys.readouterr().out
    assert broken == []
    assert "BROKEN" not in output
    assert "200 calls of functions and workers, faults in 1.5% of them" in output
    assert "  lost:                             0 (COMPLETED, 3 of 3 items completed)" in output


def test_a_broken_guarantee_is_named_and_marked(capsys: pytest.CaptureFixture[str]) -> None:
    broken = run(FakeChaosJob(make_evidence(unexpected_exits=1)))

    assert broken == ["unexpected worker exits"]
    assert "unexpected worker exits:          1   BROKEN" in capsys.readouterr().out


@pytest.mark.parametrize("part", ["the job", "the audit"])
def test_a_part_that_is_not_done_in_time_is_a_broken_guarantee(
    part: str, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = run(FakeChaosJob(TimeLimitExceeded(part, 60)))

    output = capsys.readouterr().out
    assert broken == [f"{part} in time"]
    assert f"{part} was not done in 60 s: the job is COMPLETED" in output
    assert "        3  response lost" in output
    assert "        2  workers killed (SIGKILL)" in output


def test_a_job_that_ended_before_its_first_call_is_reported_as_well(
    capsys: pytest.CaptureFixture[str],
) -> None:
    job = FakeChaosJob(TimeLimitExceeded("the job", 60))
    job.proxy.number = 0

    assert run(job) == ["the job in time"]

    assert "0 calls of functions and workers" in capsys.readouterr().out


def test_one_that_is_interrupted_reports_how_far_it_came(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(FakeChaosJob(KeyboardInterrupt()))

    output = capsys.readouterr().out
    assert "200 calls of functions and workers" in output
    assert output.endswith("\nthe job is COMPLETED\n")


@pytest.mark.parametrize(
    ("option", "value", "rule"),
    [
        ("--items", "0", "must be a whole number from 1 on, not 0"),
        ("--items", "-5", "must be a whole number from 1 on, not -5"),
        ("--workers", "0", "must be a whole number from 1 on, not 0"),
        ("--restarts", "-1", "must be a whole number from 0 on, not -1"),
        ("--rate", "1.5", "must be a number from 0 to 1, not 1.5"),
        ("--rate", "often", "must be a number from 0 to 1, not often"),
        ("--job-seconds", "0", "must be a number above 0, not 0"),
        ("--job-seconds", "inf", "must be a number above 0, not inf"),
    ],
)
def test_a_chaos_of_nothing_is_refused(
    option: str, value: str, rule: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        parse_options([f"{option}={value}"])

    assert ended.value.code == 2
    assert f"argument {option}: {rule}" in capsys.readouterr().err


def test_a_chaos_has_as_long_as_its_items_need_unless_it_is_given_less() -> None:
    assert parse_options(["--items", "1500"]).job_seconds == 220
    assert parse_options(["--job-seconds", "0.5"]).job_seconds == 0.5
