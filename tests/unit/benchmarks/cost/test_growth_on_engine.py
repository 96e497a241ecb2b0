"""Jobs of one size on the engine are summarised in one set of figures."""

from collections import Counter

import pytest

from benchmarks.call_log import Tally
from benchmarks.cost.growth_on_engine import EngineRun, summary
from benchmarks.design_forgeledger import CountErrors
from benchmarks.speed.throughput_report import Run


def make_job(*, calls: int = 100, seconds: float = 0.5, kilobytes: int = 70_000) -> EngineRun:
    tally = Tally(Counter({("function", "TransactWriteItems"): calls}), write_units=4_200.0)
    run = Run(
        items=1_000,
        register_seconds=1.0,
        work_seconds=3.0,
        tally=tally,
        errors=CountErrors(0, 0, 1),
        load=1.0,
        http_requests=2,
    )
    return EngineRun(run=run, processor_seconds={"intake": seconds}, peak_kilobytes=kilobytes)


def test_jobs_of_one_size_are_reported_as_one() -> None:
    jobs = [make_job(calls=100), make_job(calls=120, seconds=0.7), make_job(calls=900)]

    figures = summary(jobs)

    assert (figures["items"], figures["lanes"], figures["jobs"]) == (1_000, 1, 3)
    assert figures["requests"] == 122
    assert figures["usage"]["write_units"] == 4_200.0
    assert figures["processorSeconds"] == pytest.approx((0.5 + 0.7 + 0.5) / 3, abs=1e-4)
    assert figures["itemsPerSecond"] == 250


def test_the_largest_process_of_all_jobs_is_reported() -> None:
    jobs = [make_job(kilobytes=65_000), make_job(kilobytes=72_000)]

    assert summary(jobs)["peakProcessKilobytes"] == 72_000
