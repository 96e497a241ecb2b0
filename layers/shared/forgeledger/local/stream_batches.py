"""What follows a stream batch's failed invocation: a retry, two halves, or giving up."""

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
    """Why records were sent to the on-failure destination."""

    RETRIES = "RetryAttemptsExhausted"
    AGE = "RecordAgeExceeded"


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryRule:
    """The mapping's retry settings; -1 means no limit."""

    maximum_retries: int = -1
    maximum_age_seconds: int = -1
    bisects: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    records: Sequence[Record]
    failures: int = 0  # Of exactly these records.

    @property
    def pause_seconds(self) -> float:
        """The pause before these records are retried."""
        if not self.failures:
            return 0.0
        return pause_seconds(self.failures, FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPlan:
    """What to do next, in stream order: drop `given_up`, then invoke each batch of `again`."""

    again: tuple[Batch, ...] = ()
    given_up: Batch | None = None
    condition: Condition | None = None


def after_failure(batch: Batch, first_failed: int, rule: RetryRule) -> RetryPlan:
    """Plan the retry after the record at index `first_failed`, and maybe later ones, failed.

    Records before it are done, and the rest is retried as a new batch. If the first record failed
    and the mapping bisects, both halves are retried. Bisecting uses up no retry, so that in the
    end only the poison record does.
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
    """The records that are too old, which come first in the stream, and the rest."""
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
    """The index of the first record that was reported as failed, or None."""
    if not failed:
        return None
    return next(
        index
        for index, record in enumerate(records)
        if record["dynamodb"]["SequenceNumber"] in failed
    )
