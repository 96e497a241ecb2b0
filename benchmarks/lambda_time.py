"""From processor time measured here to what Lambda would bill; every assumption has a name."""

from typing import Final

# As the template has them.
MEMORY_MB: Final = {"api": 1_024, "intake": 1_024, "relay": 512}
# A function with so much memory has one whole processor; with less, that share of it.
MB_OF_A_PROCESSOR: Final = 1_769
# Assumed: one of Lambda's arm64 processors takes so much longer than the one measured on.
SLOWER: Final = 2.0
# Assumed: what a call waits for its answer, one after the other even where lanes go side by side.
WAIT_SECONDS: Final = {
    "BatchGetItem": 0.012,
    "TransactWriteItems": 0.030,
    "BatchWriteItem": 0.012,
    "PutEvents": 0.015,
}
OTHER_WAIT_SECONDS: Final = 0.006
# What CloudWatch adds to each line it takes in, and Lambda's own lines: start, end and report.
LOG_LINE_BYTES: Final = 26
PLATFORM_LOG_BYTES: Final = 900
# Of the HTTP API's access log, a line for each request.
ACCESS_LOG_BYTES: Final = 500
_MB_OF_A_GB: Final = 1_024


def duration_seconds(function: str, processor_seconds: float, waited_seconds: float) -> float:
    """What an invocation, or many of them, would last."""
    share = min(1.0, MEMORY_MB[function] / MB_OF_A_PROCESSOR)
    return processor_seconds * SLOWER / share + waited_seconds


def gb_seconds(
    function: str, processor_seconds: float, waited_seconds: float, invocations: int
) -> float:
    """Each invocation is billed up to the next millisecond."""
    lasting = duration_seconds(function, processor_seconds, waited_seconds)
    return (lasting + invocations * 0.001) * MEMORY_MB[function] / _MB_OF_A_GB
