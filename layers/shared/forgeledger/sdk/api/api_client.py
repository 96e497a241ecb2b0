"""Call the HTTP API: retries, idempotency keys, and problem documents as typed errors."""

import json
import logging
import math
import re
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any, Final
from urllib.parse import quote, urlencode

from forgeledger.jobs.messages.command_fields import ITEM_ID, JOB_ID
from forgeledger.sdk.api.transport import HttpRequest, HttpResponse, Transport
from forgeledger.sdk.backoff import Backoff
from forgeledger.sdk.errors import (
    ApiError,
    InvalidCommandError,
    InvalidSettingError,
    NoAnswerError,
    SdkError,
    WrongAddressError,
    api_error,
)
from forgeledger.sdk.json_decoder import warnings_of, wrong_fields
from forgeledger.sdk.json_encoder import body_of_request
from forgeledger.sdk.records import JsonObject, Problem, WrongField
from forgeledger.unknown_fields import UnknownFields
from forgeledger.web.address import why_no_secret_may_be_sent
from forgeledger.web.limits import IDEMPOTENCY_KEY_CHARACTERS

_log = logging.getLogger("forgeledger.sdk")

# An earlier try of the same call is still running, or its function crashed: then its key counts as
# in flight until the function's timeout, which is 29 seconds.
_IN_FLIGHT: Final = "request_in_flight"
_IN_FLIGHT_TRIES: Final = 40
_IN_FLIGHT_SECONDS: Final = 1.0
# The name of a path segment, by the segment before it.
_IDS: Final[dict[object, str]] = {"jobs": JOB_ID.name, "items": ITEM_ID.name}
_DOTS: Final = (".", "..")
# A request without time left is tried once, for so long.
_LEAST_SECONDS: Final = 1.0
# The prefix of the ledger's own problem types.
_OWN_TYPE: Final = "urn:forgeledger:problem:"
# Headers are trimmed, and other characters cannot be sent in them.
_IN_A_HEADER: Final = re.compile(r"(?! )[ -~\xa0-\xff]*(?<! )")
_HEADER_RULE: Final = (
    "must be printable Latin-1 without a space at either end, because it is sent in a header"
)


class ApiClient:
    """Every call is safe to repeat: the tries of a POST share one idempotency key.

    `seconds_left` bounds all tries of a call, where its caller has no longer.
    """

    def __init__(
        self,
        api_url: str,
        transport: Transport,
        *,
        api_key: str | None = None,
        backoff: Backoff | None = None,
        sleep: Callable[[float], None] = time.sleep,
        timeout_seconds: float = 35.0,
        seconds_left: Callable[[], float] = lambda: math.inf,
        on_warning: Callable[[WrongField], None] | None = None,
    ) -> None:
        self._api_url = api_url.rstrip("/")
        self._transport = transport
        self._api_key = None if api_key is None else _checked_api_key(api_key)
        if self._api_key and (why := why_no_secret_may_be_sent(self._api_url)):
            raise WrongAddressError("api_url", api_url, why)
        self._backoff = backoff or Backoff(attempts=6, first_seconds=0.2, most_seconds=5.0)
        self._sleep = sleep
        self._timeout_seconds = timeout_seconds
        self._seconds_left = seconds_left
        self._on_warning = on_warning or _log_warning
        self._warned_of = UnknownFields()

    def get(self, *path: str, **parameters: str | int | None) -> JsonObject:
        query = urlencode({name: value for name, value in parameters.items() if value is not None})
        url = self._url(path) + (f"?{query}" if query else "")
        return self._answer("GET", url, self._headers())

    def post(
        self, *path: str, body: Mapping[str, Any] | None = None, idempotency_key: str | None = None
    ) -> JsonObject:
        key = str(uuid.uuid4()) if idempotency_key is None else checked_key(idempotency_key)
        content = body_of_request(body or {})
        headers = {**self._headers(), "content-type": "application/json", "idempotency-key": key}
        return self._answer("POST", self._url(path), headers, content)

    def _url(self, path: tuple[str, ...]) -> str:
        _check_ids(path)
        return "/".join((self._api_url, *map(_part_of_path, path)))

    def _headers(self) -> dict[str, str]:
        headers = {"accept": "application/json"}
        if self._api_key:
            headers["x-api-key"] = self._api_key
        return headers

    def _answer(
        self, method: str, url: str, headers: dict[str, str], body: bytes | None = None
    ) -> JsonObject:
        request = HttpRequest(method=method, url=url, headers=headers, body=body)
        for attempt in range(1, self._backoff.attempts + 1):
            wait = self._backoff.seconds(attempt)
            try:
                response = self._response(request)
            except NoAnswerError as error:
                if self._is_last(attempt, wait):
                    raise
                _log.info("%s; again in %.1f s", error, wait)
            else:
                if 200 <= response.status < 300:
                    answer = _json_object(request, response)
                    self._show_warnings(answer)
                    return answer
                problem = _problem(response)
                wait = max(wait, self._retry_after(response))
                if self._is_last(attempt, wait) or not _may_pass(problem):
                    self._show_warnings(problem.raw)
                    raise self._error(request, problem)
                _log.info("%s %s; again in %.1f s", problem.status, problem.code, wait)
            self._sleep(wait)
        raise AssertionError("a Backoff has at least one attempt")

    def _is_last(self, attempt: int, wait: float) -> bool:
        """Whether there is no other try after this one and the pause."""
        return attempt == self._backoff.attempts or self._seconds_left() < wait + _LEAST_SECONDS

    def _response(self, request: HttpRequest) -> HttpResponse:
        """The response; waits a bounded time while an earlier try of the call is in flight."""
        for _ in range(_IN_FLIGHT_TRIES):
            response = self._send(request)
            if response.status != 409 or _problem(response).code != _IN_FLIGHT:
                return response
            wait = max(_IN_FLIGHT_SECONDS, self._retry_after(response))
            if self._seconds_left() < wait + _LEAST_SECONDS:
                return response
            self._sleep(wait)
        return self._send(request)

    def _send(self, request: HttpRequest) -> HttpResponse:
        seconds = min(self._timeout_seconds, max(self._seconds_left(), _LEAST_SECONDS))
        return self._transport(replace(request, timeout_seconds=seconds))

    def _error(self, request: HttpRequest, problem: Problem) -> SdkError:
        """A 404 means "no such job" only with our problem type; any other is a wrong address."""
        if problem.status != 404 or str(problem.raw.get("type")).startswith(_OWN_TYPE):
            return api_error(problem)
        detail = " ".join(problem.detail[:200].split())
        why = f"is it a ForgeLedger API? {request.method} {request.url} answered 404 {detail}"
        return WrongAddressError("api_url", self._api_url, why.rstrip())

    def _show_warnings(self, answer: JsonObject) -> None:
        """Each field once: a large registration is many requests."""
        warnings = {warning.field: warning for warning in warnings_of(answer)}
        for field in self._warned_of.not_seen_before(warnings):
            if field in warnings:
                self._on_warning(warnings[field])

    def _retry_after(self, response: HttpResponse) -> float:
        seconds = response.headers.get("retry-after", "")
        return min(float(seconds), self._backoff.most_seconds) if seconds.isdecimal() else 0.0


def checked_key(key: object) -> str:
    """An Idempotency-Key, checked as the API checks it."""
    if not isinstance(key, str):
        raise InvalidCommandError("Idempotency-Key", "must be text")
    if not 1 <= len(key) <= IDEMPOTENCY_KEY_CHARACTERS:
        rule = f"must have 1 to {IDEMPOTENCY_KEY_CHARACTERS} characters"
        raise InvalidCommandError("Idempotency-Key", rule)
    if not _IN_A_HEADER.fullmatch(key):
        raise InvalidCommandError("Idempotency-Key", _HEADER_RULE)
    return key


def _log_warning(warning: WrongField) -> None:
    _log.warning("%s %s", warning.field, warning.message)


def _checked_api_key(key: object) -> str:
    # A key from a file often ends with a line break. It is a secret: the error does not show it.
    if not isinstance(key, str) or not _IN_A_HEADER.fullmatch(key):
        raise InvalidSettingError("api_key", _HEADER_RULE)
    return key


def _may_pass(problem: Problem) -> bool:
    # 501 and 505 are permanent.
    return problem.status == 429 or (problem.status >= 500 and problem.status not in (501, 505))


def _json_object(request: HttpRequest, response: HttpResponse) -> JsonObject:
    content = _content(response)
    if content is not None:
        return content
    raise ApiError(
        replace(
            _problem(response),
            code="not_a_ledger",
            detail=f"{request.url} did not answer with a JSON object: is it a ForgeLedger API?",
        )
    )


def _content(response: HttpResponse) -> JsonObject | None:
    """The JSON object in the body, if it is one."""
    try:
        content = json.loads(response.body)
    except ValueError:
        return None
    return content if isinstance(content, dict) else None


def _problem(response: HttpResponse) -> Problem:
    """From a problem document, or from the response of a gateway or proxy before the API."""
    content = _content(response)
    if content is None:
        content = {"detail": response.body[:200].decode(errors="replace")}
    return Problem(
        status=response.status,
        code=str(content.get("code") or f"http_{response.status}"),
        title=str(content.get("title") or ""),
        detail=str(content.get("detail") or content.get("message") or ""),
        errors=wrong_fields(content.get("errors")),
        raw=content,
    )


def _check_ids(path: tuple[object, ...]) -> None:
    """Refuses an invalid id: it would lead to another route, with a misleading answer."""
    for before, part in pairwise(path):
        if before not in _IDS:
            continue
        field = _IDS[before]
        if not isinstance(part, str) or not part:
            raise InvalidCommandError(field, f"must be text that is not empty, not {part!r}")
        if not _has_utf_8(part):
            raise InvalidCommandError(field, f"is not valid Unicode: {part!r}")
        # A gateway splits at a slash even if it is escaped; no job id has one.
        if before == "jobs" and ("/" in part or part in _DOTS):
            raise InvalidCommandError(field, f"{part!r} is not the id of a job")


def _has_utf_8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _part_of_path(part: str) -> str:
    # A colon stays, as in `items:register`; a slash in an item's id is escaped.
    quoted = quote(part, safe=":")
    # Clients and proxies drop a segment of dots, and with `..` the one before it.
    return quoted.replace(".", "%2E") if part in _DOTS else quoted
