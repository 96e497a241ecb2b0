"""Refuse unknown query parameters, although unknown body fields are ignored.

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

from forgeledger.web.request_guard import DOCS_FILES, PUBLIC_PATHS

if TYPE_CHECKING:
    from aws_lambda_powertools.event_handler.types import EventHandlerInstance


class QueryChecks(OpenAPIRequestValidationMiddleware):
    """Powertools' request validation, plus the check for unknown query parameters."""

    def handler(
        self, app: "EventHandlerInstance", next_middleware: NextMiddleware
    ) -> Response[Any]:
        unknown = _unknown_parameters(app)
        if not unknown:
            return super().handler(app, next_middleware)
        try:
            return super().handler(app, cast("NextMiddleware", _refuse))
        except RequestValidationError as error:
            # Report all errors of the request together.
            raise RequestValidationError([*unknown, *error.errors()]) from None


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


def _refuse(_: Any) -> Response[Any]:
    raise RequestValidationError([])
