"""What can go wrong with a call to AWS, and the errors that botocore raises for it."""

from enum import StrEnum
from typing import Any, Final

from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
)


class CallFault(StrEnum):
    # The process ends at this call: before it was sent, or after it took effect.
    CRASH_BEFORE = "crash before"
    CRASH_AFTER = "crash after"
    # No connection: it took no effect, but the caller cannot know.
    UNSENT = "not sent"
    # It took effect, but the answer was lost.
    LOST = "answer lost"
    # It took effect, the answer was lost, and botocore's own retry got an answer.
    REPEATED = "repeated by botocore"
    THROTTLED = "throttled"
    # So often in a row that the caller gives up.
    THROTTLED_LONG = "throttled for long"
    SERVER_ERROR = "server error"
    CONFLICT = "transaction conflict"
    # A transaction canceled because one of its rows was throttled.
    CANCELED = "transaction throttled"
    IN_PROGRESS = "transaction in progress"
    SLOW = "slow"
    # Other processes run while this one is stalled, before or after its call.
    PAUSE_BEFORE = "stall before"
    PAUSE_AFTER = "stall after"
    # The worst moment: everything is read and decided, nothing is written.
    PAUSE_AT_WRITE = "stall between reading and writing"
    # BatchGetItem leaves keys unprocessed, or reads its rows at two moments.
    UNPROCESSED = "unprocessed keys"
    TORN = "torn read"
    # A page of a query ends before its limit although there are more rows.
    SHORT_PAGE = "page ends early"
    # Some entries of a batch are refused, or all of them are delivered twice.
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
# The calls to which a fault applies; a fault that is not listed applies to all.
CALLS_WITH_FAULT: Final = {
    CallFault.PAUSE_AT_WRITE: _WRITES,
    CallFault.CRASH_AFTER: _WRITES,
    CallFault.LOST: _WRITES,
    CallFault.REPEATED: _WRITES,
    CallFault.SERVER_ERROR: _WRITES,
    CallFault.CONFLICT: frozenset({"TransactWriteItems", "UpdateItem"}),
    CallFault.CANCELED: frozenset({"TransactWriteItems"}),
    CallFault.IN_PROGRESS: frozenset({"TransactWriteItems"}),
    CallFault.SHORT_PAGE: frozenset({"Query"}),
    CallFault.UNPROCESSED: frozenset({"BatchGetItem"}),
    CallFault.TORN: frozenset({"BatchGetItem"}),
    CallFault.PARTIAL: frozenset({"PutEvents", "SendMessageBatch"}),
    CallFault.DOUBLED: frozenset({"PutEvents"}),
}

# Faults during which other processes may run.
STALLS: Final = frozenset(
    {
        CallFault.PAUSE_BEFORE,
        CallFault.PAUSE_AFTER,
        CallFault.PAUSE_AT_WRITE,
        CallFault.REPEATED,
        CallFault.TORN,
    }
)


class Crash(BaseException):
    """The end of a process. No Exception, so that no product code can catch it."""


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
