"""What can go wrong with a call to AWS, and the errors in which botocore dresses it."""

from enum import StrEnum
from typing import Any, Final

from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
)


class Fault(StrEnum):
    # The process ends at this call: before it left, or after it was carried out.
    CRASH_BEFORE = "crash before"
    CRASH_AFTER = "crash after"
    # No connection: not carried out, and the caller cannot know.
    UNSENT = "not sent"
    # Carried out, the answer lost.
    LOST = "answer lost"
    # Carried out, the answer lost, and repeated by botocore itself: the second answer arrives.
    REPEATED = "repeated by botocore"
    THROTTLED = "throttled"
    # So many times in a row that the caller gives up.
    THROTTLED_LONG = "throttled for long"
    SERVER_ERROR = "server error"
    CONFLICT = "transaction conflict"
    # A transaction canceled because one of its rows had no capacity left.
    CANCELED = "transaction throttled"
    IN_PROGRESS = "transaction in progress"
    SLOW = "slow"
    # Others go on while this caller stands still, before or after its call.
    PAUSE_BEFORE = "stall before"
    PAUSE_AFTER = "stall after"
    # The worst moment: everything is read and decided, and not yet written.
    PAUSE_AT_WRITE = "stall between reading and writing"
    # BatchGetItem leaves keys unprocessed, or reads rows at different moments.
    UNPROCESSED = "unprocessed keys"
    TORN = "torn read"
    # A page of a query has fewer rows than there are and were asked for.
    SHORT_PAGE = "page ends early"
    # Of many entries some are refused, or some arrive twice.
    PARTIAL = "some entries refused"
    DOUBLED = "entries doubled"


_WRITES: Final = frozenset(
    {
        "TransactWriteItems",
        "UpdateItem",
        "PutItem",
        "SendMessage",
        "SendMessageBatch",
        "PutEvents",
    }
)
# Faults that mean something only to some calls.
CALLS_OF: Final = {
    Fault.PAUSE_AT_WRITE: _WRITES,
    Fault.CRASH_AFTER: _WRITES,
    Fault.LOST: _WRITES,
    Fault.REPEATED: _WRITES,
    Fault.SERVER_ERROR: _WRITES,
    Fault.CONFLICT: frozenset({"TransactWriteItems", "UpdateItem"}),
    Fault.CANCELED: frozenset({"TransactWriteItems"}),
    Fault.IN_PROGRESS: frozenset({"TransactWriteItems"}),
    Fault.SHORT_PAGE: frozenset({"Query"}),
    Fault.UNPROCESSED: frozenset({"BatchGetItem"}),
    Fault.TORN: frozenset({"BatchGetItem"}),
    Fault.PARTIAL: frozenset({"PutEvents", "SendMessageBatch"}),
    Fault.DOUBLED: frozenset({"PutEvents"}),
}

# In these others may go on in between.
STALLS: Final = frozenset(
    {
        Fault.PAUSE_BEFORE,
        Fault.PAUSE_AFTER,
        Fault.PAUSE_AT_WRITE,
        Fault.REPEATED,
        Fault.TORN,
    }
)


class Crash(BaseException):
    """The end of a process. Not an Exception: no product code may outlive it."""


def client_error(
    code: str, operation: str, *, status: int = 400, retries: int = 0, **more: Any
) -> ClientError:
    response: Any = {
        "Error": {"Code": code, "Message": "simulated"},
        "ResponseMetadata": {"HTTPStatusCode": status, "RetryAttempts": retries},
        **more,
    }
    return ClientError(response, operation)


def no_connection() -> Exception:
    return EndpointConnectionError(endpoint_url="https://simulated")


def connect_timeout() -> Exception:
    return ConnectTimeoutError(endpoint_url="https://simulated")


def answer_lost() -> Exception:
    return ReadTimeoutError(endpoint_url="https://simulated")
