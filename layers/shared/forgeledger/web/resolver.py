"""Powertools' resolver with our paths: item ids may hold any character, also a slash."""

import json
import re
from collections.abc import Callable
from functools import partial
from re import Pattern
from typing import TYPE_CHECKING, Any, TypeVar, get_args

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from aws_lambda_powertools.event_handler.api_gateway import Response

from forgeledger.runtime import HasTime, before_deadline
from forgeledger.unknown_fields import KnownFields, UnknownFields, unknown_in
from forgeledger.web.error_responses import Refused, answer_to
from forgeledger.web.models import known_fields
from forgeledger.web.openapi import ABOUT, complete
from forgeledger.web.query_checks import QueryChecks
from forgeledger.web.request_body import read_json

if TYPE_CHECKING:
    from aws_lambda_powertools.event_handler.openapi.models import OpenAPI

_Handler = TypeVar("_Handler", bound=Callable[..., Any])

UNKNOWN_ROUTE = "unknown"
# Greedy: what comes behind an item's id is a known word, so the id is all that is before it.
_ANYTHING = {"itemId": ".+"}
_ONE_SEGMENT = "[^/]+"


class LedgerResolver(APIGatewayHttpResolver):
    def __init__(self) -> None:
        # Each route's method, its path as OpenAPI writes it, and its pattern.
        self.table: list[tuple[str, str, Pattern[str]]] = []
        # Names in the body of the request that is being answered, told once each.
        self.ignored: list[str] = []
        self._unknown = UnknownFields()
        # By the route: what its body may say, and that of the request that is being answered.
        self._fields: dict[str, KnownFields] = {}
        self._known: KnownFields = {}
        super().__init__(
            enable_validation=True,
            response_validation_error_http_code=500,
            json_body_deserializer=self._read,
            serializer=partial(json.dumps, ensure_ascii=False, separators=(",", ":")),
        )
        # In the place of powertools' own, which stand in front of all other middleware and are not
        # typed.
        self._request_validation_middleware = QueryChecks()  # type: ignore[no-untyped-call]
        self.exception_handler(Exception)(answer_to)
        self.not_found(self._no_such_route)

    def route(
        self, rule: str, method: Any, *args: Any, **options: Any
    ) -> Callable[[_Handler], _Handler]:
        path = re.sub(r"<(\w+)>", r"{\1}", rule)
        self.table.append((str(method), path, self._compile_regex(rule)))
        registered = super().route(rule, method, *args, **options)

        def register(handler: _Handler) -> _Handler:
            self._fields[f"{method} {path}"] = _body_fields(handler)
            return registered(handler)

        return register

    def begin(self, route: str) -> None:
        """A request to a route, of which nothing is known to be wrong yet."""
        self.ignored = []
        self._known = self._fields.get(route, {})

    def named(self, method: str, path: str) -> str:
        """The route that a request meets, for the metrics."""
        for each_method, template, pattern in self.table:
            if each_method == method and pattern.match(path):
                return f"{method} {template}"
        return UNKNOWN_ROUTE

    def _read(self, text: str) -> dict[str, Any]:
        body = read_json(text)
        self.ignored = self._unknown.not_seen_before(unknown_in(body, self._known))
        return body

    def has_time(self) -> HasTime:
        """Whether the request that is being answered may ask the table for more."""
        return before_deadline(self.lambda_context.get_remaining_time_in_millis)

    def get_openapi_schema(self, **options: Any) -> "OpenAPI":
        from aws_lambda_powertools.event_handler.openapi.models import OpenAPI

        plain = super().get_openapi_schema(**{**options, **ABOUT})
        order = list(dict.fromkeys(path for _, path, _ in self.table))
        return OpenAPI(**complete(plain.model_dump(by_alias=True, exclude_none=True), order))

    def described(self) -> str:
        """The OpenAPI document, with the stage in its server's address if there is one."""
        from aws_lambda_powertools.event_handler.openapi.models import Server

        return self.get_openapi_json_schema(servers=[Server(url=self._get_base_path() or "/")])

    @staticmethod
    def _compile_regex(rule: str, base_regex: str = r"{}\Z") -> Pattern[str]:
        """Powertools' own pattern knows neither a slash nor an emoji in a value."""
        literal_or_name = re.split(r"<(\w+)>", rule)
        parts = [
            f"(?P<{part}>{_ANYTHING.get(part, _ONE_SEGMENT)})" if number % 2 else re.escape(part)
            for number, part in enumerate(literal_or_name)
        ]
        return re.compile(base_regex.format("".join(parts)), re.DOTALL)

    def _no_such_route(self, _: Exception) -> Response[str]:
        path = self.current_event.path
        met = [(method, known) for method, known, pattern in self.table if pattern.match(path)]
        if not met:
            return answer_to(Refused(404, "not_found", "There is no such route."))
        allowed = sorted({method for method, _ in met})
        detail = f"This route takes {', '.join(allowed)}."
        commands = self._commands_behind({known for _, known in met})
        if commands:
            detail += f" POST takes one of these behind it: {', '.join(commands)}."
        return answer_to(
            Refused(405, "method_not_allowed", detail, headers={"Allow": ", ".join(allowed)})
        )

    def _commands_behind(self, templates: set[str]) -> list[str]:
        """What a misspelled command could have been: the words that may end such a path."""
        posted = [known.rpartition("/") for method, known, _ in self.table if method == "POST"]
        return sorted(word for path, _, word in posted if path in templates)


def _body_fields(handler: Callable[..., Any]) -> KnownFields:
    """Of `body: Annotated[Model, ...]` or `Annotated[Model | None, ...]`; none without a body."""
    annotated = handler.__annotations__.get("body")
    if annotated is None:
        return {}
    given, *_ = get_args(annotated)
    model, *_ = get_args(given) or (given,)
    return known_fields(model)
