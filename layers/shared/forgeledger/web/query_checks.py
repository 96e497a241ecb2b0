"""Refuse unknown query parameters, although most unknown body fields are ignored.

A field is data that a newer version may use. A parameter selects what is returned: without the
misspelt `stat=FAILED` the response would answer another question.
"""

from typing import TYPE_CHECKING, Any, cast

from aws_lambda_powertools.event_handler.api_gateway import Response
from aws_lambda_powertools.event_handler.middlewares import NextMiddleware
from aws_lambda_powertools.event_handler.middlewares.openapi_validation import (
    OpenAPIRequestValidationMiddleware,
)
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError

from forgeledger.rule_messages import path_of
from forgeledger.web.request_guard import DOCS_FILES, PUBLIC_PATHS

if TYPE_CHECKING:
    from aws_lambda_powertools.event_handler.types import EventHandlerInstance


class QueryChecks(OpenAPIRequestValidationMiddleware):
    """Powertools' request validation, plus the checks for unknown parameters and refused fields."""

    def handler(
        self, app: "EventHandlerInstance", next_middleware: NextMiddleware
    ) -> Response[Any]:
        refused = [*_unknown_parameters(app), *_refused_fields(app)]
        if not refused:
            return super().handler(app, next_middleware)
        try:
            return super().handler(app, cast("NextMiddleware", _refuse))
        except RequestValidationError as error:
            # Report all errors of the request together. A closed object calls the second spelling
            # of a field unknown.
            paths = {path_of(fault["loc"]) for fault in refused}
            others = (fault for fault in error.errors() if path_of(fault["loc"]) not in paths)
            raise RequestValidationError([*refused, *others]) from None


def _unknown_parameters(app: "EventHandlerInstance") -> list[dict[str, Any]]:
    event = app.current_event
    # Probes and browsers add parameters of their own to public routes, which take none.
    if event.path in PUBLIC_PATHS or event.path.startswith(DOCS_FILES):
        return []
    known = sorted(param.alias for param in app.context["_route"].dependant.query_params)
    message = f"is no parameter of this route, which takes {', '.join(known) or 'none'}"
    return [
        {"type": "unknown", "loc": ("query", name), "msg": message}
        for name in event.query_string_parameters
        if name not in known
    ]


def _refused_fields(app: Any) -> list[dict[str, Any]]:
    if not app.context["_route"].dependant.body_params:
        return []
    # To read the body is to look at its fields.
    _ = app.current_event.json_body
    return [
        {"type": rule, "loc": ("body", path), "msg": message}
        for path, (rule, message) in app.checked.refused.items()
    ]


def _refuse(_: Any) -> Response[Any]:
    raise RequestValidationError([])
