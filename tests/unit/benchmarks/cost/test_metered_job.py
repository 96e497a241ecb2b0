"""A job on the metered services uses what the docs say, so that a dearer change is noticed."""

import pytest

from benchmarks.cost.job_meter import Results
from benchmarks.cost.metered_job import Job, measure
from benchmarks.cost.metered_naive import measure_by_hand

# Random ids make a compressed journal row a few bytes longer or shorter.
CLOSE = 0.02


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_job_uses_what_was_kept_of_it() -> None:
    kept = Results().by_name["job of 1000"]

    told = measure(Job(items=1_000)).told()

    for unit in ("write_units", "read_units", "sqs_fifo_requests", "lambda_requests", "events"):
        assert told["usage"][unit] == pytest.approx(kept["usage"][unit], rel=CLOSE), unit
    assert told["requests"] == pytest.approx(kept["requests"], rel=CLOSE)
    assert told["usage"]["log_bytes"] == pytest.approx(kept["usage"]["log_bytes"], rel=0.05)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_memory_is_traced_where_that_is_asked_for() -> None:
    assert measure(Job(items=20), traced_one_in=1).most_bytes > 10_000
    assert measure(Job(items=20)).most_bytes == 0


@pytest.mark.parametrize(("design", "units"), [("naive", 5), ("safe", 9)])
def test_a_design_written_by_hand_writes_what_its_rows_say(design: str, units: int) -> None:
    told = measure_by_hand(design, "queue", 20)

    # One more for the counter row itself.
    assert told["usage"]["write_units"] == 20 * units + 1
    # Two messages an item, each sent alone; four batches, received and deleted.
    assert told["usage"]["sqs_fifo_requests"] == 40 + 2 * 4
