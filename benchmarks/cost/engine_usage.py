"""What AWS would bill for a job on the local engine, from its calls and its functions' time.

Write units are the engine's own count. A key of a BatchGetItem is one read unit, since no row that
is read this way has 4 KB. Unlike in the cost model, storage and logs are left out, and an SQS
request counts once, not once for each 64 KB.
"""

from collections.abc import Mapping
from typing import Final

from benchmarks.call_log import Tally
from benchmarks.cost.usage import Usage
from benchmarks.lambda_time import OTHER_WAIT_SECONDS, WAIT_SECONDS, gb_seconds

# From the cost model's name of a function to the template's.
FUNCTIONS: Final = {"api": "ApiFunction", "intake": "IntakeFunction", "relay": "RelayFunction"}
# The callers of the ledger; "main" is the benchmark, which waits for the job's event.
_CALLERS: Final = ("worker", "function", "poller")
# Polling a stream is free for a function, and the number of polls depends on the time alone.
_FREE: Final = ("poller", "GetRecords")
_SQS: Final = (
    ("worker", "SendMessageBatch"),
    ("poller", "ReceiveMessage"),
    ("poller", "DeleteMessageBatch"),
)


def requests(tally: Tally, http_requests: int) -> int:
    """Calls and invocations, counted as in the cost model."""
    calls = tally.total(*_CALLERS) - tally.requests[_FREE]
    return calls + tally.total("lambda") + http_requests


def usage(tally: Tally, http_requests: int, processor_seconds: Mapping[str, float]) -> Usage:
    """`processor_seconds` by the cost model's name of each function."""
    # Which function waited is unknown: all waits are billed as those of the one with most memory.
    waited = sum(
        number * WAIT_SECONDS.get(operation, OTHER_WAIT_SECONDS)
        for (caller, operation), number in tally.requests.items()
        if caller == "function"
    )
    computing = sum(
        gb_seconds(name, seconds, 0, tally.requests["lambda", FUNCTIONS[name]])
        for name, seconds in processor_seconds.items()
    )
    return Usage(
        sqs_fifo_requests=sum(tally.requests[call] for call in _SQS),
        lambda_requests=tally.total("lambda"),
        lambda_gb_seconds=computing + gb_seconds("api", 0, waited, 0),
        write_units=tally.write_units,
        read_units=tally.read_units,
        events=tally.requests["function", "PutEvents"],
        http_requests=http_requests,
    )
