"""Calls of the HTTP API: retries, idempotency keys, and problem documents as typed errors."""

import json
import logging
import re
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any, Final
from urllib.parse import quote, urlencode

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
from forgeledger.sdk.json_encoder import body_of_request
from forgeledger.sdk.records import JsonObject, Problem, WrongField
from forgeledger.web.limits import IDEMPOTENCY_KEY_CHARACTERS

_log = logging.getLogger("forgeledger.sdk")

# The first try of the same call is still at work, or its function crashed: then the key counts as
# in flight until the function's time would have been over, which is 29 seconds.
_STILL_AT_WORK: Final = "request_in_flight"
_LOOKS_AT_WORK: Final = 40
_LOOK_SECONDS: Final = 1.0
# What a part of a path is called by the part in front of it.
_IDS: Final[dict[object, str]] = {"jobs": "jobId", "items": "itemId"}
_DOTS: Final = (".", "..")
# How the type of each problem begins that the ledger itself tells.
_LEDGERS_OWN: Final = "urn:forgeledger:problem:"
# What a header brings over as it is: a space at its end is lost, other characters cannot go.
_IN_A_HEADER: Final = re.compile(r"(?! )[ -~\xa0-\xff]*(?<! )")
_HEADER_RULE: Final = (
    "must be printable Latin-1 without a space at either end, as it goes in a header"
)


class ApiClient:
    """Each call is safe to repeat: a GET by itself, a POST by the key that its tries share."""

    def __init__(
        self,
        api_url: str,
        transport: Transport,
        *,
        api_key: str | None = None,
        backoff: Backoff | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._api_url = api_url.rstrip("/")
        self._transport = transport
        self._api_key = None if api_key is None else _checked_api_key(api_key)
        self._backoff = backoff or Backoff(attempts=6, first_seconds=0.2, most_seconds=5.0)
        self._sleep = sleep

    def get(self, *path: str, **parameters: str | int | None) -> JsonObject:
        query = urlencode({name: value for name, value in parameters.items() if value is not None})
        url = self._url(path) + (f"?{query}" if query else "")
        return self._answer(HttpRequest(method="GET", url=url, headers=self._headers()))

    def post(
        self,
        *path: str,
        body: Mapping[str, Any] | None = None,
        idempotency_key: str | None = None,
    ) -> JsonObject:
        key = str(uuid.uuid4()) if idempotency_key is None else checked_key(idempotency_key)
        content = body_of_request(body or {})
        headers = {
            **self._headers(),
            "content-type": "application/json",
            "idempotency-key": key,
        }
        return self._answer(
            HttpRequest(method="POST", url=self._url(path), headers=headers, body=content)
        )

    def _url(self, path: tuple[str, ...]) -> str:
        _check_ids(path)
        return "/".join((self._api_url, *map(_part_of_path, path)))

    def _headers(self) -> dict[str, str]:
        headers = {"accept": "application/json"}
        if self._api_key:
            headers["x-api-key"] = self._api_key
        return headers

    def _answer(self, request: HttpRequest) -> JsonObject:
        for attempt in range(1, self._backoff.attempts + 1):
            last_try = attempt == self._backoff.attempts
            wait = self._backoff.seconds(attempt)
            try:
                response = self._settled(request)
            except NoAnswerError as error:
                if last_try:
                    raise
                _log.info("%s; again in %.1f s", error, wait)
            else:
                if 200 <= response.status < 300:
                    return _json_object(request, response)
                problem = _problem(response)
                if last_try or not _may_pass(problem):
                    raise self._refusal(request, problem)
                wait = max(wait, self._asked_wait(response))
                _log.info("%s %s; again in %.1f s", problem.status, problem.code, wait)
            self._sleep(wait)
        raise AssertionError("a Backoff has at least one attempt")

    def _settled(self, request: HttpRequest) -> HttpResponse:
        """The answer, once no earlier try of the same call is at work, or as it is by then."""
        for _ in range(_LOOKS_AT_WORK):
            response = self._transport(request)
            if response.status != 409 or _problem(response).code != _STILL_AT_WORK:
                return response
            self._sleep(max(_LOOK_SECONDS, self._asked_wait(response)))
        return self._transport(request)

    def _refusal(self, request: HttpRequest, problem: Problem) -> SdkError:
        """Any server says 404 of what it never heard of: only the ledger's own says it of a job."""
        if problem.status != 404 or str(problem.raw.get("type")).startswith(_LEDGERS_OWN):
            return api_error(problem)
        said = " ".join(problem.detail[:200].split())
        why = f"is it a ForgeLedger's? {request.method} {request.url} was answered 404 {said}"
        return WrongAddressError("api_url", self._api_url, why.rstrip())

    def _asked_wait(self, response: HttpResponse) -> float:
        asked = response.headers.get("retry-after", "")
        return min(float(asked), self._backoff.most_seconds) if asked.isdecimal() else 0.0


def checked_key(key: object) -> str:
    """An Idempotency-Key, refused in the words of the API: without one, each call is another."""
    if not isinstance(key, str):
        raise InvalidCommandError("Idempotency-Key", "must be text")
    if not 1 <= len(key) <= IDEMPOTENCY_KEY_CHARACTERS:
        rule = f"must have 1 to {IDEMPOTENCY_KEY_CHARACTERS} characters"
        raise InvalidCommandError("Idempotency-Key", rule)
    if not _IN_A_HEADER.fullmatch(key):
        raise InvalidCommandError("Idempotency-Key", _HEADER_RULE)
    return key


def _checked_api_key(key: object) -> str:
    # Read from a file it often ends with a line break. It is a secret, and stays out of the error.
    if not isinstance(key, str) or not _IN_A_HEADER.fullmatch(key):
        raise InvalidSettingError("api_key", _HEADER_RULE)
    return key


def _may_pass(problem: Problem) -> bool:
    # 501 and 505 say that this will never work.
    return problem.status == 429 or (problem.status >= 500 and problem.status not in (501, 505))


def _json_object(request: HttpRequest, response: HttpResponse) -> JsonObject:
    try:
        content = json.loads(response.body)
    except ValueError:
        content = None
    if isinstance(content, dict):
        return content
    raise ApiError(
        replace(
            _problem(response),
            code="not_a_ledger",
            detail=f"{request.url} did not answer with a JSON object: is it a ForgeLedger?",
        )
    )


def _problem(response: HttpResponse) -> Problem:
    """From a problem document, or from whatever stands in front of the API and answered instead."""
    try:
        content = json.loads(response.body)
    except ValueError:
        content = None
    if not isinstance(content, dict):
        content = {"detail": response.body[:200].decode(errors="replace")}
    errors = content.get("errors")
    return Problem(
        status=response.status,
        code=str(content.get("code") or f"http_{response.status}"),
        title=str(content.get("title") or ""),
        detail=str(content.get("detail") or content.get("message") or ""),
        errors=tuple(
            WrongField(
                field=str(wrong.get("field", "")),
                rule=str(wrong.get("rule", "")),
                message=str(wrong.get("message", "")),
            )
            for wrong in (errors if isinstance(errors, list) else ())
            if isinstance(wrong, dict)
        ),
        raw=content,
    )


def _check_ids(path: tuple[object, ...]) -> None:
    """What is no id would lead to another route, whose answer would be taken for this one's."""
    for before, part in pairwise(path):
        if before not in _IDS:
            continue
        field = _IDS[before]
        if not isinstance(part, str) or not part:
            raise InvalidCommandError(field, f"is a text that is not empty, not {part!r}")
        if not _has_utf_8(part):
            raise InvalidCommandError(field, f"is not valid Unicode: {part!r}")
        # Escaped or not, a gateway takes a slash for the end of a part; no id of a job has one.
        if before == "jobs" and ("/" in part or part in _DOTS):
            raise InvalidCommandError(field, f"{part!r} is not the id of a job")


def _has_utf_8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _part_of_path(part: str) -> str:
    # A colon stays, as in `items:register`; a slash in the name of an item does not.
    quoted = quote(part, safe=":")
    # On its way an address loses a part of dots, and with `..` the part in front of it.
    return quoted.replace(".", "%2E") if part in _DOTS else quoted
