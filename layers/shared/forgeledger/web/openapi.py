"""The description of the HTTP side: what the models cannot say by themselves."""

from collections.abc import Iterable, Sequence
from typing import Any

from aws_lambda_powertools.event_handler.openapi.types import OpenAPIResponse
from pydantic import BaseModel

from forgeledger import __version__
from forgeledger.web.limits import IDEMPOTENCY_KEY_CHARACTERS
from forgeledger.web.problems import CONTENT_TYPE, Problem
from forgeledger.web.request_guard import API_KEY_HEADER, OPEN_PATHS

# Plain dictionaries: powertools' models of OpenAPI take a while to load, and only whoever reads
# the description needs them.
ABOUT: dict[str, Any] = {
    "title": "ForgeLedger",
    "version": __version__,
    "description": (
        "Tells you, exactly once, when a million queue messages are done. Errors are problem "
        "documents (RFC 9457) with a stable `code`; fields of a body may be spelled in camelCase "
        "or snake_case. A parameter of the query that a route does not have is refused."
    ),
    "security_schemes": {"apiKey": {"type": "apiKey", "in": "header", "name": API_KEY_HEADER}},
    "security": [{"apiKey": []}],
    "tags": [
        {"name": "jobs", "description": "Sets of items that are finished together."},
        {"name": "items", "description": "Units of work in a job."},
        {"name": "commands", "description": "What a queue message says, answered at once."},
        {"name": "operations", "description": "Open to everybody."},
    ],
}

_METHODS = ("get", "post")
_PROBLEMS = {
    401: "The API key is missing or wrong.",
    404: "There is no such job or item.",
    409: "The ledger refuses it: `code` is the reason.",
    413: "The body is over the limit.",
    415: "The body is not application/json.",
    422: "Fields or parameters are wrong, or a parameter is unknown; `errors` names each of them.",
    500: "A fault on our side, or in how the API was set up: `api_keys_unreadable`.",
    503: "The storage, or that of the API's keys, is busy or slow; try again after `Retry-After`.",
}
_PROBLEM_REFERENCE = {"$ref": "#/components/schemas/Problem"}
# Powertools describes its own error bodies; ours take their place.
_FOREIGN = ("HTTPValidationError", "ValidationError", "ResponseValidationError")
_IDEMPOTENCY_KEYS = [
    {
        "name": name,
        "in": "header",
        "required": False,
        "description": "The same key and body within ten minutes give the first answer again.",
        "schema": {"type": "string", "minLength": 1, "maxLength": IDEMPOTENCY_KEY_CHARACTERS},
    }
    for name in ("Idempotency-Key", "x-idempotency-key")
]


def answers(
    status: int, model: type[BaseModel], description: str, *problems: int
) -> dict[int, OpenAPIResponse]:
    """The answers of a route: its own, and the problems beside those that every route has."""
    own: OpenAPIResponse = {
        "description": description,
        "content": {"application/json": {"model": model}},
    }
    return {status: own} | {code: _problem(code) for code in (*problems, 422)}


def _problem(status: int) -> OpenAPIResponse:
    return {"description": _PROBLEMS[status], "content": {CONTENT_TYPE: {"model": Problem}}}


def complete(document: dict[str, Any], order: Sequence[str]) -> dict[str, Any]:
    """Add what every route has in common, and put the paths into this order."""
    schemas = document["components"]["schemas"]
    for name in _FOREIGN:
        schemas.pop(name, None)
    for schema in schemas.values():
        _drop_titles(schema.get("properties", {}).values())
    paths = {path: document["paths"][path] for path in order}
    for path, item in paths.items():
        for method in _METHODS:
            if method in item:
                _complete_operation(item[method], path, method)
    return {**document, "paths": paths}


def _complete_operation(operation: dict[str, Any], path: str, method: str) -> None:
    responses = {str(status): answer for status, answer in operation["responses"].items()}
    if path in OPEN_PATHS:
        operation["security"] = []
        operation["responses"] = {"200": responses["200"]}
        return
    common = [401, 500, 503]
    if method == "post":
        common += [409, 413, 415]
        operation["parameters"] = [*operation.get("parameters", []), *_IDEMPOTENCY_KEYS]
    for status in common:
        described = {"content": {CONTENT_TYPE: {"schema": _PROBLEM_REFERENCE}}}
        responses[str(status)] = {"description": _PROBLEMS[status], **described}
    operation["responses"] = dict(sorted(responses.items()))
    _drop_titles(parameter["schema"] for parameter in operation.get("parameters", []))


def _drop_titles(schemas: Iterable[dict[str, Any]]) -> None:
    """Pydantic makes them of the names, and they say no more than those."""
    for schema in schemas:
        schema.pop("title", None)
