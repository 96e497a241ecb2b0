"""Tell botocore's errors apart: no answer, a reason that passes, or one that lasts."""

from collections.abc import Mapping
from typing import Any, Final

from botocore.exceptions import ClientError, HTTPClientError, IncompleteReadError
from botocore.exceptions import ConnectionError as BotoConnectionError
from botocore.parsers import ResponseParserError

# No answer, or half of one: whether the request was carried out is unknown.
NO_ANSWER: Final = (BotoConnectionError, HTTPClientError, IncompleteReadError, ResponseParserError)
_SERVER_ERROR: Final = 500
_TOO_MANY_REQUESTS: Final = 429
# Parts of the codes with which AWS's services and their front ends say "later".
_PASSING: Final = (
    "throttl",
    "throughputexceeded",
    "toomanyrequests",
    "requestlimitexceeded",
    "slowdown",
    "overlimit",
    "unavailable",
    "internal",
    "timeout",
    "timedout",
)


def code_of(error: BaseException | None) -> str:
    """The code in AWS's error response; empty for an error without one."""
    response: Mapping[str, Any] = getattr(error, "response", {})
    return str(response.get("Error", {}).get("Code", ""))


def metadata_of(error: ClientError) -> Mapping[str, Any]:
    return error.response.get("ResponseMetadata", {})


def is_server_error(error: ClientError) -> bool:
    return int(metadata_of(error).get("HTTPStatusCode", 0)) >= _SERVER_ERROR


def is_passing_code(code: str) -> bool:
    lowered = code.lower()
    return any(part in lowered for part in _PASSING)


def may_pass(error: BaseException) -> bool:
    """Whether the same call may succeed a little later, with nothing changed."""
    if not isinstance(error, ClientError):
        return isinstance(error, NO_ANSWER)
    throttled = metadata_of(error).get("HTTPStatusCode") == _TOO_MANY_REQUESTS
    return throttled or is_server_error(error) or is_passing_code(code_of(error))
