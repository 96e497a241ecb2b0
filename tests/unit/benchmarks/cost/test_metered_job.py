"""A job uses as much as was stored, so that a change that makes it use more is noticed."""

import pytest

from benchmarks.cost.job_meter import ResultsFile
from benchmarks.cost.metered_job import Workload, measure
from benchmarks.cost.metered_naive import measure_naive
from benchmarks.cost.metered_small import SMALL_JOBS, SmallJob, measure_small

# Random ids make a compressed journal row a few bytes longer or shorter.
CLOSE = 0.02


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_job_uses_what_was_stored_of_it() -> None:
    stored = ResultsFile().by_name["job of 1000"]

    figures = measure(Workload(items=1_000)).figures()

    for unit in ("write_units", "read_units", "sqs_fifo_requests", "lambda_requests", "events"):
        assert figures["usage"][unit] == pytest.approx(stored["usage"][unit], rel=CLOSE), unit
    assert figures["requests"] == pytest.approx(stored["requests"], rel=CLOSE)
    assert figures["usage"]["log_bytes"] == pytest.approx(stored["usage"]["log_bytes"], rel=0.05)


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("small", SMALL_JOBS, ids=lambda small: small.name)
def test_a_small_job_uses_what_was_stored_of_it(small: SmallJob) -> None:
    stored = ResultsFile().by_name[small.name]

    figures = measure_small(small, jobs=2)

    assert (figures["requests"], figures["commits"]) == (stored["requests"], stored["commits"])
    for unit in ("write_units", "read_units", "sqs_fifo_requests", "lambda_requests", "events"):
        assert figures["usage"][unit] == pytest.approx(stored["usage"][unit], rel=CLOSE), unit


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_memory_is_traced_where_that_is_asked_for() -> None:
    assert measure(Workload(items=20), traced_one_in=1).peak_bytes > 10_000
    assert measure(Workload(items=20)).peak_bytes == 0


def test_a_design_that_batches_writes_each_item_and_the_counter_once_a_message() -> None:
    figures = measure_naive("batched", "queue", 100)

    # Two messages of fifty items, each in a transaction; before, a hundred rows and the counter's.
    assert figures["usage"]["write_units"] == 100 + 1 + 2 * 2 * (50 + 1)
    assert figures["usage"]["sqs_fifo_requests"] == 2 + 2 * 2


@pytest.mark.parametrize(("design", "units"), [("naive", 5), ("safe", 9)])
def test_a_design_written_by_hand_writes_what_its_rows_say(design: str, units: int) -> None:
    figures = measure_naive(design, "queue", 20)

    # One more for the counter row itself.
    assert figures["usage"]["write_units"] == 20 * units + 1
    # Two messages an item, each sent alone; four batches, received and deleted.
    assert figures["usage"]["sqs_fifo_requests"] == 40 + 2 * 4
