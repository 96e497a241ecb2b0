"""Right counts prove something only after enough crashes."""

from dataclasses import dataclass, field

from benchmarks.call_log import Tally
from benchmarks.design_forgeledger import CountErrors
from benchmarks.speed.crash_report import (
    MAX_JOBS,
    MIN_CRASHES,
    CrashRuns,
    faults_of,
    run_until_crashed,
)


@dataclass
class FakeJob:
    tally: Tally = field(default_factory=Tally)
    errors: CountErrors = field(default_factory=lambda: CountErrors(0, 0, 1))


def make_job(crashes: int, lost: int = 0, doubled: int = 0) -> FakeJob:
    return FakeJob(Tally(crashes=crashes), CountErrors(lost, doubled, 1))


def test_counts_that_no_crash_hit_speak_against_a_design():
    faults = list(faults_of("some design", CrashRuns([make_job(0)])))

    assert faults == [f"some design: 0 crashes hit it, at least {MIN_CRASHES} prove something"]


def test_enough_crashes_and_right_counts_speak_for_it():
    assert list(faults_of("some design", CrashRuns([make_job(2), make_job(3)]))) == []


def test_a_single_wrong_count_in_any_job_speaks_against_it():
    faults = list(
        faults_of(
            "some design", CrashRuns([make_job(5), make_job(5, lost=1), make_job(5, doubled=2)])
        )
    )

    assert faults == ["some design: counts are WRONG, 1 lost and 2 double"]


def test_a_design_that_makes_few_calls_runs_jobs_until_it_was_hit_often_enough():
    runs = run_until_crashed(lambda: make_job(2))

    assert len(runs.jobs) == 3
    assert str(runs) == "   6 crashes in 3 jobs   0 lost, 0 double, 3 job.completed"


def test_it_does_not_run_forever_for_a_crash_that_never_comes():
    assert len(run_until_crashed(lambda: make_job(0)).jobs) == MAX_JOBS
