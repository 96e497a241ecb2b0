"""What stands in front of all routes: the path as it was meant, the key, the body's limits."""

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from urllib.parse import unquote

from forgeledger.web.error_responses import Refused, wrong_field
from forgeledger.web.limits import IDEMPOTENCY_KEY_CHARACTERS
from forgeledger.web.request_body import JSON, plain_body

API_KEY_HEADER = "x-api-key"
IDEMPOTENCY_KEY_HEADER = "idempotency-key"
# They carry no data of anybody's, and say the same in every deployment.
OPEN_PATHS = frozenset({"/health", "/openapi.json", "/swagger"})


@dataclass(frozen=True, slots=True)
class RequestGuard:
    # The text with the keys that may pass, one a line; None: everybody may.
    read_keys: Callable[[], str] | None = None

    def admit(self, event: Mapping[str, Any], path: str) -> dict[str, Any]:
        """The event with its body as plain text, or Refused."""
        headers = dict(event["headers"])
        self._check_key(path, headers.get(API_KEY_HEADER, ""))
        _settle_idempotency_key(headers)
        body = plain_body(event, headers)
        if body is not None:
            headers["content-type"] = JSON
        return {**event, "headers": headers, "body": body, "isBase64Encoded": False}

    def _check_key(self, path: str, given: str) -> None:
        if self.read_keys is None or path in OPEN_PATHS:
            return
        digest = sha256(given.encode()).digest()
        known = [sha256(key.encode()).digest() for key in self.read_keys().split()]
        # All are compared, each in constant time: neither tells how near a guess is.
        matches = [hmac.compare_digest(digest, each) for each in known]
        if not any(matches):
            raise Refused(
                401,
                "unauthorized",
                f"The header {API_KEY_HEADER} is missing or wrong.",
                headers={"WWW-Authenticate": 'ApiKey realm="forgeledger"'},
            )


def normalized(event: Mapping[str, Any]) -> dict[str, Any]:
    """The event with its path decoded and the names of its headers in lower case.

    An HTTP API hands the path over decoded already; a function URL as it stood in the request.
    """
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    path = event["rawPath"]
    if ".lambda-url." in event["requestContext"].get("domainName", ""):
        path = unquote(path)
    return {**event, "headers": headers, "rawPath": path}


def _settle_idempotency_key(headers: dict[str, str]) -> None:
    key = headers.get(IDEMPOTENCY_KEY_HEADER, headers.get(f"x-{IDEMPOTENCY_KEY_HEADER}"))
    if key is None:
        return
    if not 1 <= len(key) <= IDEMPOTENCY_KEY_CHARACTERS:
        message = f"must have 1 to {IDEMPOTENCY_KEY_CHARACTERS} characters"
        raise wrong_field("Idempotency-Key", "max_length" if key else "min_length", message)
    headers[IDEMPOTENCY_KEY_HEADER] = key
