"""The parts of the OpenAPI document that the models cannot describe."""

from collections.abc import Iterable, Sequence
from typing import Any

from aws_lambda_powertools.event_handler.openapi.types import OpenAPIResponse
from pydantic import BaseModel

from forgeledger import __version__
from forgeledger.web.limits import IDEMPOTENCY_KEY_CHARACTERS
from forgeledger.web.problems import CONTENT_TYPE, Problem
from forgeledger.web.request_guard import API_KEY_HEADER, PUBLIC_PATHS

# Plain dictionaries: powertools' OpenAPI models are slow to import and rarely needed.
ABOUT: dict[str, Any] = {
    "title": "ForgeLedger",
    "version": __version__,
    "description": (
        "Tells you, exactly once, when a million queue messages are done. Errors are problem "
        "documents (RFC 9457) with a stable `code`. Body fields may be spelled in camelCase or "
        "snake_case; unknown ones are ignored, and named in `warnings`. Unknown query "
        "parameters are refused."
    ),
    "security_schemes": {"apiKey": {"type": "apiKey", "in": "header", "name": API_KEY_HEADER}},
    "security": [{"apiKey": []}],
    "tags": [
        {"name": "jobs", "description": "Sets of items that are finished together."},
        {"name": "items", "description": "Units of work in a job."},
        {"name": "commands", "description": "The commands of queue messages, answered at once."},
        {"name": "operations", "description": "Public, without an API key."},
    ],
}

_PROBLEMS = {
    401: "The API key is missing or wrong.",
    404: "There is no such job or item.",
    409: "The ledger rejects it: `code` is the reason.",
    410: "The job that the jobKey names has expired.",
    413: "The body is too large.",
    415: "The body is not application/json.",
    422: "Fields or parameters are wrong, or a parameter is unknown; `errors` lists each.",
    500: "A fault on our side, or in the setup of the API: `api_keys_unreadable`.",
    503: "The ledger's storage or that of the API keys is busy or slow; retry after `Retry-After`.",
}
# The throttle stands before the function, whose every own error is a problem document.
_THROTTLED = {
    "description": "API Gateway's own answer above the deployment's limits; wait and repeat.",
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "properties": {"message": {"type": "string"}},
                "required": ["message"],
            },
            "example": {"message": "Too Many Requests"},
        }
    },
}
_LOCATION = {
    "Location": {"description": "The path of the new job.", "schema": {"type": "string"}},
}
_PROBLEM_CONTENT = {CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
# In the answer of each route that takes a body.
_WARNINGS = {
    "type": "array",
    "items": {"$ref": "#/components/schemas/FieldError"},
    "description": "Fields that are unknown and were ignored; left out if there are none.",
}
# Powertools' own error bodies, which this API does not use.
_UNUSED_SCHEMAS = ("HTTPValidationError", "ValidationError", "ResponseValidationError")
_IDEMPOTENCY_KEYS = [
    {
        "name": name,
        "in": "header",
        "required": False,
        "description": "The same key and body get the first response again for ten minutes.",
        "schema": {"type": "string", "minLength": 1, "maxLength": IDEMPOTENCY_KEY_CHARACTERS},
    }
    for name in ("Idempotency-Key", "x-idempotency-key")
]


def route_responses(
    status: int, model: type[BaseModel], description: str
) -> dict[int, OpenAPIResponse]:
    """A route's success response; `complete` adds its problems but 422, which has their schema."""
    return {
        status: {"description": description, "content": {"application/json": {"model": model}}},
        422: {"description": _PROBLEMS[422], "content": {CONTENT_TYPE: {"model": Problem}}},
    }


def complete(document: dict[str, Any], order: Sequence[str]) -> dict[str, Any]:
    """Add what all routes have in common, and sort the paths."""
    schemas = document["components"]["schemas"]
    for name in _UNUSED_SCHEMAS:
        schemas.pop(name, None)
    for schema in schemas.values():
        _drop_titles(schema.get("properties", {}).values())
    paths = {path: document["paths"][path] for path in order if path in document["paths"]}
    for path, item in paths.items():
        for method, operation in item.items():
            _complete_operation(operation, path, method)
            if "requestBody" in operation:
                schemas[_schema_of_success(operation)]["properties"]["warnings"] = _WARNINGS
    return {**document, "paths": paths}


def _complete_operation(operation: dict[str, Any], path: str, method: str) -> None:
    responses = {str(status): response for status, response in operation["responses"].items()}
    if path in PUBLIC_PATHS:
        operation["security"] = []
        operation["responses"] = {"200": responses["200"], "429": _THROTTLED}
        return
    problems = [401, 500, 503]
    if "{" in path:
        problems.append(404)
    if method == "post":
        problems += [409, 413, 415]
        operation["parameters"] = [*operation.get("parameters", []), *_IDEMPOTENCY_KEYS]
    if "201" in responses:
        problems.append(410)
        responses["201"]["headers"] = _LOCATION
    for status in problems:
        description = _PROBLEMS[status]
        responses[str(status)] = {"description": description, "content": _PROBLEM_CONTENT}
    responses["429"] = _THROTTLED
    operation["responses"] = dict(sorted(responses.items()))
    _drop_titles(parameter["schema"] for parameter in operation.get("parameters", []))


def _schema_of_success(operation: dict[str, Any]) -> str:
    status = next(status for status in operation["responses"] if status.startswith("2"))
    content = operation["responses"][status]["content"]["application/json"]
    return str(content["schema"]["$ref"].rpartition("/")[2])


def _drop_titles(schemas: Iterable[dict[str, Any]]) -> None:
    """Pydantic derives titles from the field names; they add nothing."""
    for schema in schemas:
        schema.pop("title", None)
