"""Callers of the HTTP API: their keys, good ones and others, and the ways to write a request."""

from base64 import b64encode
from collections.abc import Mapping
from random import Random
from typing import Any

from tests.simulation.output_checks import API_KEYS

# Header names are read in any case; a proxy may change it.
_KEY_HEADERS = ("x-api-key", "X-API-Key", "X-Api-Key")
_IDEMPOTENCY_HEADERS = ("idempotency-key", "Idempotency-Key", "x-idempotency-key")
_WRONG_KEYS = (
    None,
    "",
    API_KEYS[0][:-1],
    f"{API_KEYS[0]}x",
    API_KEYS[1].upper(),
    " ".join(API_KEYS),
    "\u00e9",
)


class SimulatedParameters:
    """SSM with the parameter of the API keys."""

    def get_parameter(self, **_: Any) -> dict[str, Any]:
        return {"Parameter": {"Value": "\n".join(API_KEYS)}}


def with_good_key(event: Mapping[str, Any], random: Random) -> dict[str, Any]:
    return _written(event, random, random.choice(API_KEYS))


def without_good_key(event: Mapping[str, Any], random: Random) -> dict[str, Any]:
    return _written(event, random, random.choice(_WRONG_KEYS))


def _written(event: Mapping[str, Any], random: Random, key: str | None) -> dict[str, Any]:
    """The same request in one of the ways in which it may come."""
    headers = dict(event["headers"])
    if key is not None:
        headers[random.choice(_KEY_HEADERS)] = key
    idempotency_key = headers.pop("idempotency-key", None)
    if idempotency_key is not None:
        headers[random.choice(_IDEMPOTENCY_HEADERS)] = idempotency_key
    written = {**event, "headers": headers}
    if event["body"] and random.random() < 0.25:
        body = b64encode(event["body"].encode()).decode()
        return {**written, "body": body, "isBase64Encoded": True}
    return written
