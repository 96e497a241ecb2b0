"""Powertools' HTTP resolver for paths in which an item id may contain any character.

Powertools' own path patterns match no slash and no emoji. The price of ours is that three private
names of powertools are used here: `_compile_regex` is overridden, `_request_validation_middleware`
is replaced, and `_get_base_path` is called. Look at them when powertools is upgraded.
"""

import json
import re
from collections.abc import Callable
from functools import partial
from re import Pattern
from typing import TYPE_CHECKING, Any, TypeVar, get_args

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from aws_lambda_powertools.event_handler.api_gateway import Response

from forgeledger.runtime import HasTime, before_deadline
from forgeledger.unknown_fields import UnknownFields
from forgeledger.web.body_fields import BodyFields, CheckedFields, check_fields
from forgeledger.web.error_responses import HttpError, problem_response
from forgeledger.web.openapi import ABOUT, complete
from forgeledger.web.query_checks import QueryChecks
from forgeledger.web.request_body import read_json

if TYPE_CHECKING:
    from aws_lambda_powertools.event_handler.openapi.models import OpenAPI

_Handler = TypeVar("_Handler", bound=Callable[..., Any])

UNKNOWN_ROUTE = "unknown"
# Greedy: an item id may contain slashes, and only a fixed word can follow it.
_PARAMETER_PATTERNS = {"itemId": ".+"}
_ONE_SEGMENT = "[^/]+"


class LedgerResolver(APIGatewayHttpResolver):
    # Who sent the current request.
    client_id: str

    def __init__(self) -> None:
        # The routes: method, path as in OpenAPI, pattern.
        self.table: list[tuple[str, str, Pattern[str]]] = []
        # The fields of the current request's body, and unknown ones that were not logged before.
        self.checked = CheckedFields()
        self.ignored: list[str] = []
        self._logged = UnknownFields()
        # The fields of each route's body, and those of the current request's route.
        self._fields: dict[str, BodyFields | None] = {}
        self._known: BodyFields | None = None
        super().__init__(
            enable_validation=True,
            response_validation_error_http_code=500,
            json_body_deserializer=self._read_body,
            serializer=partial(json.dumps, ensure_ascii=False, separators=(",", ":")),
        )
        self._request_validation_middleware = QueryChecks()  # type: ignore[no-untyped-call]
        self.exception_handler(Exception)(problem_response)
        self.not_found(self._no_such_route)

    def route(
        self, rule: str, method: Any, *args: Any, **options: Any
    ) -> Callable[[_Handler], _Handler]:
        path = re.sub(r"<(\w+)>", r"{\1}", rule)
        self.table.append((str(method), path, self._compile_regex(rule)))
        register = super().route(rule, method, *args, **options)

        def register_with_fields(handler: _Handler) -> _Handler:
            self._fields[f"{method} {path}"] = _body_fields(handler)
            return register(handler)

        return register_with_fields

    def start_request(self, method: str, path: str) -> str:
        """Prepare for a request, and return the name of its route."""
        self.checked, self.ignored = CheckedFields(), []
        names = [f"{method} {known}" for verb, known in self._matches(path) if verb == method]
        route = names[0] if names else UNKNOWN_ROUTE
        self._known = self._fields.get(route)
        return route

    def _matches(self, path: str) -> list[tuple[str, str]]:
        """The methods and path templates of the routes that match a path."""
        return [(method, known) for method, known, pattern in self.table if pattern.match(path)]

    def _read_body(self, text: str) -> dict[str, Any]:
        body = read_json(text)
        if self._known is not None:
            self.checked = check_fields(body, self._known)
            self.ignored = self._logged.not_seen_before(self.checked.ignored)
        return body

    def has_time(self) -> HasTime:
        """Whether the current request has time left for another call to the table."""
        return before_deadline(self.lambda_context.get_remaining_time_in_millis)

    def get_openapi_schema(self, **options: Any) -> "OpenAPI":
        from aws_lambda_powertools.event_handler.openapi.models import OpenAPI

        plain = super().get_openapi_schema(**{**options, **ABOUT})
        order = list(dict.fromkeys(path for _, path, _ in self.table))
        return OpenAPI(**complete(plain.model_dump(by_alias=True, exclude_none=True), order))

    def openapi_text(self) -> str:
        """The OpenAPI document; the server's URL includes the stage, if there is one."""
        from aws_lambda_powertools.event_handler.openapi.models import Server

        return self.get_openapi_json_schema(servers=[Server(url=self.base_path() or "/")])

    def base_path(self) -> str:
        """The stage in the current request's path, with its slash; empty without one."""
        return self._get_base_path()

    @staticmethod
    def _compile_regex(rule: str, base_regex: str = r"{}\Z") -> Pattern[str]:
        literals_and_names = re.split(r"<(\w+)>", rule)
        parts = [
            f"(?P<{part}>{_PARAMETER_PATTERNS.get(part, _ONE_SEGMENT)})"
            if index % 2
            else re.escape(part)
            for index, part in enumerate(literals_and_names)
        ]
        return re.compile(base_regex.format("".join(parts)), re.DOTALL)

    def _no_such_route(self, _: Exception) -> Response[str]:
        matches = self._matches(self.current_event.path)
        if not matches:
            return problem_response(HttpError(404, "not_found", "There is no such route."))
        allowed = ", ".join(sorted({method for method, _ in matches}))
        detail = f"This route takes {allowed}."
        if commands := self._commands_below({known for _, known in matches}):
            detail += f" POST takes one of these commands after it: {', '.join(commands)}."
        error = HttpError(405, "method_not_allowed", detail, headers={"Allow": allowed})
        return problem_response(error)

    def _commands_below(self, paths: set[str]) -> list[str]:
        """The commands below these paths, for a sender that misspelt one."""
        posts = [path.rpartition("/") for method, path, _ in self.table if method == "POST"]
        return sorted(command for parent, _, command in posts if parent in paths)


def _body_fields(handler: Callable[..., Any]) -> BodyFields | None:
    """From `body: Annotated[Model, ...]` or `Annotated[Model | None, ...]`, if there is a body."""
    annotation = handler.__annotations__.get("body")
    if annotation is None:
        return None
    body, *_ = get_args(annotation)
    model, *_ = get_args(body) or (body,)
    return BodyFields.of(model)
