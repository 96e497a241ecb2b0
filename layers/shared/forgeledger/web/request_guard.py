"""Checks before routing: normalise the path, check the API key and the body."""

import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final
from urllib.parse import unquote

from forgeledger.runtime import HasTime
from forgeledger.web.error_responses import HttpError, invalid_field, invalid_request
from forgeledger.web.limits import IDEMPOTENCY_KEY_CHARACTERS
from forgeledger.web.problems import FieldError
from forgeledger.web.request_body import JSON, plain_body, writable

API_KEY_HEADER = "x-api-key"
IDEMPOTENCY_KEY_HEADER = "idempotency-key"
# They return no user data and are the same in every deployment.
PUBLIC_PATHS = frozenset({"/health", "/openapi.json", "/swagger"})
DOCS_FILES = "/swagger/"
# Whose every key is, and every request where no key is required.
OPERATOR: Final = "operator"
# Of the API's description, what is small: the page, and the script that asks for the key.
_SMALL_DOCS = re.compile(r"/swagger(/start-\w+\.js)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class AdmittedRequest:
    """The event with its body as plain text, and whose key it came with."""

    event: dict[str, Any]
    client_id: str


@dataclass(frozen=True, slots=True)
class RequestGuard:
    # Returns the accepted API keys, one per line; None: no key is required.
    read_keys: Callable[[HasTime], str] | None = None
    # Whether the API's description needs a key as well.
    docs_need_key: bool = False

    def admit(self, event: Mapping[str, Any], path: str, has_time: HasTime) -> AdmittedRequest:
        """The request, ready for its route; raises HttpError if it is refused."""
        headers = dict(event["headers"])
        self._check_api_key(path, headers.get(API_KEY_HEADER, ""), has_time)
        _check_unicode(event, headers)
        _unify_idempotency_key(headers)
        body = plain_body(event, headers)
        # Now it is. An empty one has no type, whatever its sender's library says of it.
        headers["content-type"] = JSON
        plain = {**event, "headers": headers, "body": body, "isBase64Encoded": False}
        return AdmittedRequest(event=plain, client_id=OPERATOR)

    def _check_api_key(self, path: str, key: str, has_time: HasTime) -> None:
        if self.read_keys is None or self._is_public(path):
            return
        digest = sha256(key.encode(errors="surrogatepass")).digest()
        accepted = [sha256(line.encode()).digest() for line in self.read_keys(has_time).split()]
        # Constant time: compare with every key, and do not stop at a match.
        matches = [hmac.compare_digest(digest, other) for other in accepted]
        if not any(matches):
            detail = f"The header {API_KEY_HEADER} is missing or wrong."
            challenge = {"WWW-Authenticate": 'ApiKey realm="forgeledger"'}
            raise HttpError(401, "unauthorized", detail, headers=challenge)

    def _is_public(self, path: str) -> bool:
        if self.docs_need_key:
            return path == "/health" or _SMALL_DOCS.fullmatch(path) is not None
        return path in PUBLIC_PATHS or path.startswith(DOCS_FILES)


def normalized(event: Mapping[str, Any]) -> dict[str, Any]:
    """The event with a decoded path and lower-case header names.

    An HTTP API decodes the path itself; a function URL does not.
    """
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    path = event["rawPath"]
    if ".lambda-url." in event["requestContext"].get("domainName", ""):
        path = unquote(path)
    return {**event, "headers": headers, "rawPath": path}


def _check_unicode(event: Mapping[str, Any], headers: Mapping[str, str]) -> None:
    """A lone surrogate can be neither stored nor written into a response."""
    parameters = event.get("queryStringParameters") or {}
    parts = {
        "path": event["rawPath"],
        "query": "".join([*parameters, *parameters.values()]),
        "headers": "".join(headers.values()),
    }
    errors = [
        FieldError(field=part, rule="unicode", message="must be valid Unicode")
        for part, text in parts.items()
        if writable(text) != text
    ]
    if errors:
        raise invalid_request(*errors)


def _unify_idempotency_key(headers: dict[str, str]) -> None:
    """Check the key, and store it under one header name."""
    other = headers.get(f"x-{IDEMPOTENCY_KEY_HEADER}")
    key = headers.get(IDEMPOTENCY_KEY_HEADER, other)
    if key is None:
        return
    if other not in (None, key):
        message = "is another name of Idempotency-Key, which differs"
        raise invalid_field(f"x-{IDEMPOTENCY_KEY_HEADER}", "spelled_twice", message)
    if not 1 <= len(key) <= IDEMPOTENCY_KEY_CHARACTERS:
        message = f"must have 1 to {IDEMPOTENCY_KEY_CHARACTERS} characters"
        raise invalid_field("Idempotency-Key", "max_length" if key else "min_length", message)
    headers[IDEMPOTENCY_KEY_HEADER] = key
