"""What a run of the chaos says at its end, however it ended."""

from dataclasses import dataclass, field

import pytest

from benchmarks.chaos.chaos_guarantees import Evidence
from benchmarks.chaos.chaos_job import Wish
from benchmarks.chaos.chaos_run import asked_for, run
from benchmarks.time_limit import NotDone
from tests.support.chaos_evidence import make_evidence

WISH = Wish(
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

    def calls(self) -> int:
        return self.number

    def injected(self) -> dict[str, int]:
        return {"dropped before it was made": 3}


@dataclass
class FakeChaos:
    """Ends with what was found, too late, or by Ctrl-C."""

    end: Evidence | BaseException
    wish: Wish = WISH
    proxy: FakeProxy = field(default_factory=FakeProxy)
    happened: dict[str, int] = field(default_factory=lambda: {"workers killed (SIGKILL)": 2})
    seconds: dict[str, float] = field(default_factory=lambda: {"the job": 12.0})

    def run(self) -> Evidence:
        if isinstance(self.end, BaseException):
            raise self.end
        return self.end

    def where_it_stands(self) -> str:
        return "the job is COMPLETED"


def test_a_good_end_names_no_broken_promise(capsys: pytest.CaptureFixture[str]) -> None:
    broken = run(FakeChaos(make_evidence()))

    told = capsys.readouterr().out
    assert broken == []
    assert "BROKEN" not in told
    assert "Injected into 200 calls of functions and workers: 1.5% of them met" in told
    assert "  lost:                             0 (COMPLETED, 3 of 3 items completed)" in told


def test_a_broken_promise_is_named_and_marked(capsys: pytest.CaptureFixture[str]) -> None:
    broken = run(FakeChaos(make_evidence(workers_fallen=1)))

    assert broken == ["workers that ended by themselves"]
    assert "workers that ended by themselves: 1   BROKEN" in capsys.readouterr().out


@pytest.mark.parametrize("part", ["the job", "the audit"])
def test_a_part_that_is_not_done_in_time_is_a_broken_promise(
    part: str, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = run(FakeChaos(NotDone(part, 60)))

    told = capsys.readouterr().out
    assert broken == [f"{part} in time"]
    assert f"{part} was not done in 60 s: the job is COMPLETED" in told
    assert "        3  dropped before it was made" in told
    assert "        2  workers killed (SIGKILL)" in told


def test_a_job_that_ended_before_its_first_call_is_told_as_well(
    capsys: pytest.CaptureFixture[str],
) -> None:
    chaos = FakeChaos(NotDone("the job", 60))
    chaos.proxy.number = 0

    assert run(chaos) == ["the job in time"]

    assert "Injected into 0 calls" in capsys.readouterr().out


def test_one_that_is_interrupted_tells_how_far_it_came(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(FakeChaos(KeyboardInterrupt()))

    told = capsys.readouterr().out
    assert "Injected into 200 calls" in told
    assert told.endswith("\nthe job is COMPLETED\n")


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
        asked_for([f"{option}={value}"])

    assert ended.value.code == 2
    assert f"argument {option}: {rule}" in capsys.readouterr().err


def test_a_chaos_has_as_long_as_its_items_need_unless_it_is_given_less() -> None:
    assert asked_for(["--items", "1500"]).job_seconds == 220
    assert asked_for(["--job-seconds", "0.5"]).job_seconds == 0.5
