"""The usage of a job on the engine follows from its recorded calls."""

from collections import Counter

import pytest

from benchmarks.call_log import Tally
from benchmarks.cost import engine_usage
from benchmarks.lambda_time import gb_seconds

CALLS = {
    ("main", "ReceiveMessage"): 7,
    ("worker", "SendMessageBatch"): 4,
    ("poller", "ReceiveMessage"): 3,
    ("poller", "DeleteMessageBatch"): 2,
    ("poller", "GetRecords"): 50,
    ("function", "TransactWriteItems"): 10,
    ("function", "PutEvents"): 1,
    ("lambda", "IntakeFunction"): 5,
    ("lambda", "RelayFunction"): 6,
}
TALLY = Tally(Counter(CALLS), write_units=40.0, read_units=30.0)


def test_requests_are_calls_invocations_and_http_requests() -> None:
    # Without the benchmark's own calls, and without polling the stream, which is free.
    assert engine_usage.requests(TALLY, http_requests=2) == (4 + 3 + 2 + 10 + 1) + (5 + 6) + 2


def test_what_aws_bills_is_taken_from_the_calls() -> None:
    used = engine_usage.usage(TALLY, http_requests=2, processor_seconds={})

    assert (used.sqs_fifo_requests, used.lambda_requests) == (9, 11)
    assert (used.write_units, used.read_units) == (40.0, 30.0)
    assert (used.events, used.http_requests) == (1, 2)


def test_a_function_is_billed_for_computing_and_for_waiting() -> None:
    idle = engine_usage.usage(TALLY, 0, {"intake": 0.0}).lambda_gb_seconds
    busy = engine_usage.usage(TALLY, 0, {"intake": 2.0}).lambda_gb_seconds

    assert idle > 0.0
    assert busy - idle == pytest.approx(gb_seconds("intake", 2.0, 0, 0))
