"""What jobs of one size on the engine come to."""

from collections import Counter

import pytest

from benchmarks.call_log import Tally
from benchmarks.cost.growth_on_engine import Job, summary
from benchmarks.design_forgeledger import Wrongs
from benchmarks.speed.throughput_report import Run


def make_job(*, calls: int = 100, seconds: float = 0.5, kilobytes: int = 70_000) -> Job:
    tally = Tally(Counter({("function", "TransactWriteItems"): calls}), write_units=4_200.0)
    run = Run(
        items=1_000,
        register_seconds=1.0,
        work_seconds=3.0,
        tally=tally,
        wrongs=Wrongs(0, 0, 1),
        load=1.0,
        http_requests=2,
    )
    return Job(run=run, processor_seconds={"intake": seconds}, most_kilobytes=kilobytes)


def test_jobs_of_one_size_are_told_as_one() -> None:
    jobs = [make_job(calls=100), make_job(calls=120, seconds=0.7), make_job(calls=900)]

    told = summary(jobs)

    assert (told["items"], told["lanes"], told["jobs"]) == (1_000, 1, 3)
    assert told["requests"] == 122
    assert told["usage"]["write_units"] == 4_200.0
    assert told["processorSeconds"] == pytest.approx((0.5 + 0.7 + 0.5) / 3, abs=1e-4)
    assert told["itemsPerSecond"] == 250


def test_the_largest_process_of_all_jobs_is_told() -> None:
    jobs = [make_job(kilobytes=65_000), make_job(kilobytes=72_000)]

    assert summary(jobs)["mostKilobytes"] == 72_000
