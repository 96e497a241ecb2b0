from dataclasses import dataclass, field

from benchmarks.call_log import Tally
from benchmarks.design_forgeledger import Wrongs
from benchmarks.speed.crash_report import HITS_AT_LEAST, JOBS_AT_MOST, Crashed, faults_of, until_hit


@dataclass
class Ran:
    tally: Tally = field(default_factory=Tally)
    wrongs: Wrongs = field(default_factory=lambda: Wrongs(0, 0, 1))


def hit(crashes: int, lost: int = 0, doubled: int = 0) -> Ran:
    return Ran(Tally(crashes=crashes), Wrongs(lost, doubled, 1))


def test_counts_that_no_crash_hit_speak_against_a_design():
    faults = list(faults_of("ours", Crashed([hit(0)])))

    assert faults == [f"ours: 0 crashes hit it, at least {HITS_AT_LEAST} prove something"]


def test_enough_crashes_and_right_counts_speak_for_it():
    assert list(faults_of("ours", Crashed([hit(2), hit(3)]))) == []


def test_a_single_wrong_count_in_any_job_speaks_against_it():
    faults = list(faults_of("ours", Crashed([hit(5), hit(5, lost=1), hit(5, doubled=2)])))

    assert faults == ["ours: counts are WRONG, 1 lost and 2 double"]


def test_a_design_that_makes_few_calls_runs_jobs_until_it_was_hit_often_enough():
    crashed = until_hit(lambda: hit(2))

    assert len(crashed.jobs) == 3
    assert str(crashed) == "   6 crashes in 3 jobs   0 lost, 0 double, 3 job.completed"


def test_it_does_not_run_for_ever_for_a_crash_that_never_comes():
    assert len(until_hit(lambda: hit(0)).jobs) == JOBS_AT_MOST
