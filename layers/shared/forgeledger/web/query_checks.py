"""Parameters of the query that a route does not have: refused, unlike unknown fields of a body.

A field is data, and may be of use to a newer version; a parameter says what is to be answered. One
that is left out, as `stat=FAILED` would be, turns the answer into that to another question.
"""

from typing import TYPE_CHECKING, Any, Final, cast

from aws_lambda_powertools.event_handler.api_gateway import Response
from aws_lambda_powertools.event_handler.middlewares import NextMiddleware
from aws_lambda_powertools.event_handler.middlewares.openapi_validation import (
    OpenAPIRequestValidationMiddleware,
)
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError

from forgeledger.web.request_guard import OPEN_PATHS

if TYPE_CHECKING:
    from aws_lambda_powertools.event_handler.types import EventHandlerInstance

_NONE: Final = "is no parameter of this route, which takes none"


class QueryChecks(OpenAPIRequestValidationMiddleware):
    """Powertools' checks of a request, and that it has no parameter which nobody would look at."""

    def handler(
        self, app: "EventHandlerInstance", next_middleware: NextMiddleware
    ) -> Response[Any]:
        unknown = _unknown_in(app)
        if not unknown:
            return super().handler(app, next_middleware)
        try:
            return super().handler(app, cast("NextMiddleware", _refuse))
        except RequestValidationError as error:
            # All that is wrong is told at once.
            raise RequestValidationError([*unknown, *error.errors()]) from None


def _unknown_in(app: "EventHandlerInstance") -> list[dict[str, Any]]:
    event = app.current_event
    # Probes and browsers add parameters of their own, and these answer the same to everybody.
    if event.path in OPEN_PATHS:
        return []
    known = sorted(param.alias for param in app.context["_route"].dependant.query_params)
    message = f"is no parameter of this route, which takes {', '.join(known)}" if known else _NONE
    return [
        {"type": "unknown", "loc": ("query", name), "msg": message}
        for name in event.query_string_parameters
        if name not in known
    ]


def _refuse(_: Any) -> Response[Any]:
    raise RequestValidationError([])
