"""What becomes of a stream batch after each invocation: done, again, in halves, or given up."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

from forgeledger.backoff import pause_seconds
from forgeledger.local.stream_events import created_at

FIRST_PAUSE_SECONDS: Final = 0.1
LONGEST_PAUSE_SECONDS: Final = 5.0
Record = Mapping[str, Any]


class Condition(StrEnum):
    """Why records went to the on-failure destination."""

    RETRIES = "RetryAttemptsExhausted"
    AGE = "RecordAgeExceeded"


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryRule:
    """The mapping's promises; -1 stands for no limit."""

    maximum_retries: int = -1
    maximum_age_seconds: int = -1
    bisects: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    records: Sequence[Record]
    failures: int = 0  # of exactly these records

    @property
    def pause_seconds(self) -> float:
        """How long to wait before these records are tried again."""
        if not self.failures:
            return 0.0
        return pause_seconds(self.failures, FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPlan:
    """What to do next, in the order of the stream; `given_up` comes before `again`."""

    again: tuple[Batch, ...] = ()
    given_up: Batch | None = None
    condition: Condition | None = None


def after_failure(batch: Batch, first_failed: int, rule: RetryRule) -> RetryPlan:
    """The verdict when the record at `first_failed`, and maybe others after it, failed.

    Records before it are done, and the rest is a batch of its own with all its retries. A batch
    that fails at its first record is halved where the mapping says so, which costs no retry, so
    that in the end only the record that cannot pass uses them up.
    """
    if first_failed > 0:
        return RetryPlan(again=(Batch(records=batch.records[first_failed:]),))
    size = len(batch.records)
    if rule.bisects and size > 1:
        middle = size // 2
        return RetryPlan(
            again=(Batch(records=batch.records[:middle]), Batch(records=batch.records[middle:]))
        )
    failed = replace(batch, failures=batch.failures + 1)
    if 0 <= rule.maximum_retries < failed.failures:
        return RetryPlan(given_up=failed, condition=Condition.RETRIES)
    return RetryPlan(again=(failed,))


def split_expired(batch: Batch, rule: RetryRule, now: float) -> tuple[Batch | None, Batch | None]:
    """The records that are too old, and the rest; records age in the order of the stream."""
    if rule.maximum_age_seconds < 0:
        return None, batch
    young = 0
    while (
        young < len(batch.records)
        and now - created_at(batch.records[young]) > rule.maximum_age_seconds
    ):
        young += 1
    if young == 0:
        return None, batch
    expired = replace(batch, records=batch.records[:young])
    rest = Batch(records=batch.records[young:]) if young < len(batch.records) else None
    return expired, rest


def first_failed_index(records: Sequence[Record], failed: Sequence[str]) -> int | None:
    """Where the batch continues: at the lowest sequence number that was reported, or nowhere."""
    if not failed:
        return None
    wanted = set(failed)
    return next(
        index
        for index, record in enumerate(records)
        if record["dynamodb"]["SequenceNumber"] in wanted
    )
