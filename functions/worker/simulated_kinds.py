"""ForgeRun's 31 simulated kinds of work: for demos, and to try a deployment's behaviour."""

import json
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from functools import partial
from hashlib import sha256
from typing import Any, Final

from forgeledger.sdk.failure import Failure
from forgeledger.sdk.report.item_work import ItemWork
from forgeledger.sdk.work.handler_calls import Handler

# What the ledger takes as a result.
RESULT_BYTES: Final = 32 * 1024
# How often it is looked whether the work still counts.
_LOOK_SECONDS: Final = 1.0


class End(Enum):
    """How the work ends, once its time is over."""

    SUCCESS = auto()
    FAILURE = auto()
    RETRYABLE_FAILURE = auto()
    # The first attempt fails retryably, the next one succeeds.
    SUCCESS_IF_RETRIED = auto()
    INVALID_PAYLOAD = auto()
    TIMEOUT = auto()
    CANCEL_AT_ONCE = auto()
    CANCEL_HALFWAY = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    seconds: float
    output_kib: int
    end: End = End.SUCCESS


def _work(seconds: float, output_kib: int, end: End = End.SUCCESS) -> Work:
    return Work(seconds=seconds, output_kib=output_kib, end=end)


KINDS: Final[Mapping[str, Work]] = {
    "SUCCESS_FAST": _work(1, 4),
    "SUCCESS_NORMAL": _work(10, 16),
    "SUCCESS_SLOW": _work(90, 32),
    "FAIL_IMMEDIATE": _work(0.5, 1, End.FAILURE),
    "FAIL_AFTER_PROGRESS": _work(20, 8, End.FAILURE),
    "FAIL_AFTER_RETRYABLE": _work(5, 8, End.RETRYABLE_FAILURE),
    "RUNS_LONG": _work(110, 32),
    # A second more than ForgeRun lets an execution take.
    "RUNS_OVER_TIMEOUT": _work(61, 8, End.TIMEOUT),
    "CPU_BURST": _work(8, 4),
    "MEMORY_SPIKE": _work(12, 64),
    "IO_HEAVY": _work(15, 32),
    "MANY_SMALL_OUTPUTS": _work(9, 16),
    "LARGE_OUTPUT": _work(9, 256),
    "CANCEL_BEFORE_START": _work(5, 4, End.CANCEL_AT_ONCE),
    "CANCEL_DURING_RUN": _work(10, 4, End.CANCEL_HALFWAY),
    "RETRY_ON_FAIL": _work(3, 4, End.SUCCESS_IF_RETRIED),
    "RETRY_LIMIT_REACHED": _work(3, 4, End.RETRYABLE_FAILURE),
    "DUPLICATE_SUBMIT_SAME_KEY": _work(2, 4),
    "DUPLICATE_SUBMIT_DIFFERENT_KEY": _work(2, 4),
    "WEBHOOK_SUCCESS": _work(2, 4),
    "WEBHOOK_TIMEOUT": _work(2, 4),
    "WEBHOOK_5XX": _work(2, 4),
    "WEBHOOK_RETRIES_EXHAUSTED": _work(2, 4),
    "WEBHOOK_SLOW_RECEIVER": _work(2, 4),
    "SCHEDULED_ON_TIME": _work(2, 4),
    "SCHEDULED_LATE_RECOVERY": _work(2, 4),
    "SCHEDULED_FAR_FUTURE": _work(2, 4),
    "PAYLOAD_SMALL": _work(2, 1),
    "PAYLOAD_MEDIUM": _work(2, 16),
    "PAYLOAD_LARGE": _work(2, 256),
    "PAYLOAD_INVALID": _work(2, 1, End.INVALID_PAYLOAD),
}


def speed_of(environ: Mapping[str, str]) -> float:
    """By SIMULATED_SPEED: how many times faster than ForgeRun's it all is; 1 unless given."""
    text = environ.get("SIMULATED_SPEED", "1")
    try:
        speed = float(text)
    except ValueError:
        speed = 0
    if not 0 < speed < float("inf"):
        raise ValueError(f"SIMULATED_SPEED: must be a number above 0, not {text!r}")
    return speed


def handlers(speed: float, sleep: Callable[[float], None] = time.sleep) -> dict[str, Handler]:
    """One a kind."""
    return {kind: partial(_simulate, kind, work, speed, sleep) for kind, work in KINDS.items()}


def _simulate(
    kind: str, work: Work, speed: float, sleep: Callable[[float], None], item: ItemWork
) -> Any:
    if work.end is End.CANCEL_AT_ONCE:
        item.cancel()
        return None
    seconds = work.seconds / 2 if work.end is End.CANCEL_HALFWAY else work.seconds
    left = seconds / speed
    while left > 0 and not item.canceled:
        sleep(min(left, _LOOK_SECONDS))
        left -= _LOOK_SECONDS
    if work.end is End.CANCEL_HALFWAY:
        item.cancel()
    elif failure := _failure(kind, work.end, item.attempt or 1):
        item.fail(failure)
    else:
        return _result(kind, work.output_kib * 1024)
    return None


def _failure(kind: str, end: End, attempt: int) -> Failure | None:
    match end:
        case End.FAILURE:
            return Failure(type="SimulatedFailure", message=f"{kind} fails", retryable=False)
        case End.RETRYABLE_FAILURE:
            return Failure(type="SimulatedFailure", message=f"{kind} fails again and again")
        case End.SUCCESS_IF_RETRIED if attempt == 1:
            return Failure(type="SimulatedFailure", message=f"{kind} fails the first time")
        case End.INVALID_PAYLOAD:
            return Failure(type="InvalidPayload", message="it is simulated", retryable=False)
        case End.TIMEOUT:
            return Failure(type="timeout", message=f"{kind} takes too long", retryable=False)
    return None


def _result(kind: str, size: int) -> Mapping[str, Any]:
    """The output's size and hash, and the output itself where a result has room for it."""
    output = (f"{kind} " * size)[:size]
    result = {"bytes": size, "sha256": sha256(output.encode()).hexdigest()}
    whole = {**result, "output": output}
    return whole if len(json.dumps(whole)) <= RESULT_BYTES else result


HANDLERS: Final = handlers(speed_of(os.environ))
