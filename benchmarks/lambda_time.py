"""Convert processor time measured here into what Lambda would bill; every assumption has a name."""

from typing import Final

# As in the template.
MEMORY_MB: Final = {"api": 1_024, "intake": 1_024, "relay": 512}
# A function with this much memory has one whole processor; with less it has that share of one.
MB_OF_A_PROCESSOR: Final = 1_769
# Assumed: how many times as long one of Lambda's arm64 processors takes as the one measured on.
SLOWDOWN: Final = 2.0
# Assumed: how long a call waits for its response. Waits are added up, also those of parallel calls.
WAIT_SECONDS: Final = {
    "BatchGetItem": 0.012,
    "TransactWriteItems": 0.030,
    "BatchWriteItem": 0.012,
    "PutEvents": 0.015,
}
OTHER_WAIT_SECONDS: Final = 0.006
# What CloudWatch adds to each line. Lambda's own lines are not written: with the template's system
# log level, WARN, an invocation that succeeds has none.
LOG_LINE_BYTES: Final = 26
# One line of the HTTP API's access log for each request.
ACCESS_LOG_BYTES: Final = 500
_MB_OF_A_GB: Final = 1_024


def duration_seconds(function: str, processor_seconds: float, waited_seconds: float) -> float:
    """How long an invocation, or many of them together, would last."""
    share = min(1.0, MEMORY_MB[function] / MB_OF_A_PROCESSOR)
    return processor_seconds * SLOWDOWN / share + waited_seconds


def gb_seconds(
    function: str, processor_seconds: float, waited_seconds: float, invocations: int
) -> float:
    """Lambda rounds each invocation up to the next millisecond."""
    duration = duration_seconds(function, processor_seconds, waited_seconds)
    return (duration + invocations * 0.001) * MEMORY_MB[function] / _MB_OF_A_GB
