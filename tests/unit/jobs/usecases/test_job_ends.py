"""The intake ends a job whose last items its batch finished, and publishes the end."""

import pytest

from forgeledger.jobs.messages.intake_report import log_lines, measurements
from forgeledger.jobs.model.jobs import JobStatus
from tests.support.intake_bench import Bench, item_in
from tests.support.ledgers import Ledger


@pytest.fixture
def bench(ledger: Ledger) -> Bench:
    return Bench(ledger)


def test_the_batch_that_finishes_a_sealed_job_publishes_its_end(bench: Bench) -> None:
    job_id = bench.ledger.job()
    names = [item_in(job_id, 0), item_in(job_id, 1)]
    bench.ledger.do(job_id, "register", *names)
    bench.ledger.lifecycle.seal(job_id)

    result = bench.take(*(bench.message(bench.command("complete", job_id, name)) for name in names))

    assert [(end.job_id, end.events_published, end.error) for end in result.ends] == [
        (job_id, 3, None)
    ]
    assert bench.ledger.bus.heard == ["1:job.created", "1:job.sealed", "1:job.completed"]
    assert bench.ledger.store.list_open(None, 10) == ((), None)


@pytest.mark.parametrize("seal", [False, True])
def test_a_batch_that_leaves_work_or_a_job_open_loads_no_job(bench: Bench, seal: bool) -> None:
    job_id = bench.ledger.job(lanes=1)
    bench.ledger.do(job_id, "register", "a", *(["b"] if seal else []))
    if seal:
        bench.ledger.lifecycle.seal(job_id)

    result = bench.take(bench.message(bench.command("complete", job_id, "a")))

    assert result.ends == ()


def test_a_late_duplicate_in_a_finished_lane_does_not_advance_its_job_again(bench: Bench) -> None:
    job_id = bench.ledger.job(lanes=1)
    bench.ledger.do(job_id, "register", "a")
    bench.ledger.lifecycle.seal(job_id)
    bench.take(bench.message(bench.command("complete", job_id, "a")))

    again = bench.take(bench.message(bench.command("complete", job_id, "a")))

    assert again.ends == ()


def test_an_end_that_cannot_be_published_fails_no_message(bench: Bench) -> None:
    job_id = bench.ledger.job(lanes=1)
    bench.ledger.do(job_id, "register", "a")
    bench.ledger.lifecycle.seal(job_id)
    bench.ledger.bus.refusals = 1

    result = bench.take(bench.message(bench.command("complete", job_id, "a")))
    lines = [line for line in log_lines(result) if line.error is not None]

    assert result.failed == ()
    assert bench.ledger.view(job_id).job.status is JobStatus.COMPLETED
    assert [(line.level, line.message) for line in lines] == [("warning", "job left to the relay")]
    assert ("JobsLeftToRelay", "Count", 1) in measurements(result, 1, None)
    bench.ledger.advancer.advance(job_id)
    assert bench.ledger.bus.heard[-1] == "1:job.completed"
