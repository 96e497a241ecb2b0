"""Retry what failed for a reason that passes: a bounded number of times, with full jitter."""

import random
import time
from collections.abc import Callable
from typing import Final, TypeVar

from botocore.exceptions import ClientError

from forgeledger.aws import errors
from forgeledger.aws.errors import code_of, is_server_error, may_pass, metadata_of
from forgeledger.backoff import pause_seconds
from forgeledger.errors import StorageBusy, StorageError
from forgeledger.fast_dataclass import fast_frozen

Answer = TypeVar("Answer")


class EmptyAnswer(Exception):
    """An empty response body, which botocore accepts as a valid answer."""


NO_ANSWER: Final = (*errors.NO_ANSWER, EmptyAnswer)
# Conflicts between writers.
_CONFLICTS: Final = frozenset(
    {
        "ReplicatedWriteConflictException",
        # A single write met a transaction on the same row.
        "TransactionConflictException",
        # Our own transaction, whose first answer was lost, is still under way.
        "TransactionInProgressException",
        # The caller has checked that all its cancellation reasons are temporary.
        "TransactionCanceledException",
    }
)
# Temporary reasons for canceling a transaction.
BUSY_REASONS: Final = frozenset(
    {"ProvisionedThroughputExceeded", "ThrottlingError", "TransactionConflict"}
)
# "None" stands for the actions without a fault.
PASSING_REASONS: Final = BUSY_REASONS | {"None"}


@fast_frozen
class Retrying:
    """Pauses for 1.6 seconds in all at most, half of it on average, before it gives up."""

    attempts: int = 8
    # Each missing answer costs seconds of waiting.
    unanswered_attempts: int = 2
    # An answer such as "busy" may take seconds, too: later, no attempt starts.
    last_attempt_seconds: float = 9
    first_pause_seconds: float = 0.02
    longest_pause_seconds: float = 0.5
    sleep: Callable[[float], None] = time.sleep
    draw: Callable[[], float] = random.random
    clock: Callable[[], float] = time.monotonic

    def call(self, what: str, attempt: Callable[[], Answer]) -> Answer:
        tries = unanswered = 0
        started = self.clock()
        while True:
            tries += 1
            try:
                return attempt()
            except (ClientError, *NO_ANSWER) as error:
                if not isinstance(error, ClientError):
                    unanswered += 1
                elif not (may_pass(error) or code_of(error) in _CONFLICTS):
                    raise StorageError(f"{what}: {error}") from error
                late = self.clock() - started > self.last_attempt_seconds
                if late or tries >= self.attempts or unanswered >= self.unanswered_attempts:
                    raise StorageBusy(what, tries) from error
            self.pause(tries - 1)

    def pause(self, tries: int) -> None:
        longest = self.longest_pause_seconds
        self.sleep(pause_seconds(tries, self.first_pause_seconds, longest, self.draw()))


def may_have_been_made(error: ClientError) -> bool:
    """Whether the request may have been carried out, by this try or an earlier one of botocore."""
    return (
        metadata_of(error).get("RetryAttempts", 0) > 0
        or is_server_error(error)
        or code_of(error) == "TransactionInProgressException"
    )
