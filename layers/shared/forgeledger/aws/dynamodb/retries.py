"""Trying again what failed for a passing reason: a bounded number of times, with full jitter."""

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from botocore.exceptions import (
    ClientError,
    HTTPClientError,
    IncompleteReadError,
)
from botocore.exceptions import (
    ConnectionError as BotoConnectionError,
)
from botocore.parsers import ResponseParserError

from forgeledger.errors import StorageBusy, StorageError

Answer = TypeVar("Answer")


class EmptyAnswer(Exception):
    """A read's answer that was cut off before its first letter: botocore takes it for an answer."""


# No answer, or half of one: whether the request was carried out is not known.
NO_ANSWER: Final = (
    BotoConnectionError,
    HTTPClientError,
    IncompleteReadError,
    ResponseParserError,
    EmptyAnswer,
)
PASSING_CODES: Final = frozenset(
    {
        "ProvisionedThroughputExceededException",
        "ReplicatedWriteConflictException",
        "RequestLimitExceeded",
        "ThrottlingException",
        # A single write met a transaction on the same row.
        "TransactionConflictException",
        # Our own transaction, whose first answer was lost, is still under way.
        "TransactionInProgressException",
        # Whoever lets this one through has looked at its reasons.
        "TransactionCanceledException",
    }
)
# Of the reasons for which a transaction is canceled, those that pass by themselves.
BUSY_REASONS: Final = frozenset(
    {"ProvisionedThroughputExceeded", "ThrottlingError", "TransactionConflict"}
)
# With them stand the actions that nothing was wrong with.
PASSING_REASONS: Final = BUSY_REASONS | {"None"}
_SERVER_ERROR: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrying:
    """Waits 1.6 seconds in all at the longest, half of it on average, before it gives up."""

    attempts: int = 8
    # Waiting for no answer takes seconds each time, and botocore has tried some times itself.
    silent_attempts: int = 2
    first_pause_seconds: float = 0.02
    longest_pause_seconds: float = 0.5
    sleep: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = random.random

    def call(self, what: str, attempt: Callable[[], Answer]) -> Answer:
        tries = silences = 0
        while True:
            tries += 1
            try:
                return attempt()
            except (ClientError, *NO_ANSWER) as error:
                if not isinstance(error, ClientError):
                    silences += 1
                elif not passes(error):
                    raise refused(what, error) from error
                if tries >= self.attempts or silences >= self.silent_attempts:
                    raise StorageBusy(what, tries) from error
            self.pause(tries - 1)

    def pause(self, tries: int) -> None:
        bound_seconds = min(self.longest_pause_seconds, self.first_pause_seconds * 2.0**tries)
        self.sleep(bound_seconds * self.chance())


def code_of(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def passes(error: ClientError) -> bool:
    return code_of(error) in PASSING_CODES or _status_of(error) >= _SERVER_ERROR


def may_have_been_made(error: ClientError) -> bool:
    """Whether this answer, or one that botocore got before it, leaves open what became of it."""
    metadata = _metadata_of(error)
    return (
        metadata.get("RetryAttempts", 0) > 0
        or _status_of(error) >= _SERVER_ERROR
        or code_of(error) == "TransactionInProgressException"
    )


def refused(what: str, error: ClientError) -> StorageError:
    return StorageError(f"{what}: {error}")


def _metadata_of(error: ClientError) -> Mapping[str, Any]:
    return error.response.get("ResponseMetadata", {})


def _status_of(error: ClientError) -> int:
    return int(_metadata_of(error).get("HTTPStatusCode", 0))
