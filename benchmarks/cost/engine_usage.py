"""What a job on the local engine would have used of AWS, from its calls and its functions' time.

Write units are the engine's own count; a key read by BatchGetItem is one unit, since no row that
is read so has 4 KB. Left out beside the cost model: what is stored and logged, and that SQS bills
a request once for each 64 KB of it.
"""

from collections.abc import Mapping
from typing import Final

from benchmarks.call_log import Tally
from benchmarks.cost.usage import Usage
from benchmarks.lambda_time import OTHER_WAIT_SECONDS, WAIT_SECONDS, gb_seconds

# By the names that the cost model has for them.
FUNCTIONS: Final = {"api": "ApiFunction", "intake": "IntakeFunction", "relay": "RelayFunction"}
# Whose calls are the ledger's; "main" is the benchmark, which waits for the job's event.
_CALLERS: Final = ("worker", "function", "poller")
# A stream's records cost a function nothing, and how often they are asked for depends on the time.
_FREE: Final = ("poller", "GetRecords")
_SQS: Final = (
    ("worker", "SendMessageBatch"),
    ("poller", "ReceiveMessage"),
    ("poller", "DeleteMessageBatch"),
)


def requests(tally: Tally, http_requests: int) -> int:
    """Calls and invocations, as the cost model counts them."""
    calls = tally.total(*_CALLERS) - tally.requests[_FREE]
    return calls + tally.total("lambda") + http_requests


def usage(tally: Tally, http_requests: int, processor_seconds: Mapping[str, float]) -> Usage:
    """With the processor time of each function by its name in the cost model."""
    # Which function waited is not known; the one with the most memory waits at the highest price.
    waited = sum(
        number * WAIT_SECONDS.get(operation, OTHER_WAIT_SECONDS)
        for (who, operation), number in tally.requests.items()
        if who == "function"
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
