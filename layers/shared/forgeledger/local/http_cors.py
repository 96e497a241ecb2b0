"""CORS as an HTTP API does it: it answers preflight requests itself and adds headers to answers."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Any, Final, Self

from forgeledger.local.http_events import HttpRequest, HttpResponse
from forgeledger.local.intrinsics import Resolver

_WANTED: Final = "access-control-request-method"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cors:
    origins: tuple[str, ...]
    allowed: tuple[tuple[str, str], ...]  # Headers of the answer to a preflight request.
    exposed: str

    @classmethod
    def read(cls, body: Mapping[str, Any], resolver: Resolver) -> Self | None:
        """From the API's OpenAPI body; None if it allows no other origin."""
        configuration = resolver.value(body.get("x-amazon-apigateway-cors"))
        if not configuration:
            return None
        return cls(
            origins=tuple(resolver.value(configuration["allowOrigins"])),
            allowed=(
                ("access-control-allow-methods", ",".join(configuration["allowMethods"])),
                ("access-control-allow-headers", ",".join(configuration["allowHeaders"])),
                ("access-control-max-age", str(configuration["maxAge"])),
            ),
            exposed=",".join(configuration["exposeHeaders"]),
        )

    def preflight(self, request: HttpRequest) -> HttpResponse | None:
        """The answer to a preflight request; None for any other request."""
        headers = _headers(request)
        if request.method != "OPTIONS" or not {"origin", _WANTED} <= headers.keys():
            return None
        allowed = self._allowed_origin(request)
        return HttpResponse(
            status=204, headers=(*allowed, *self.allowed) if allowed else (), body=b""
        )

    def added_to(self, response: HttpResponse, request: HttpRequest) -> HttpResponse:
        """The response with what a browser needs to show it to a page of another origin."""
        allowed = self._allowed_origin(request)
        if not allowed:
            return response
        exposed = ("access-control-expose-headers", self.exposed)
        return replace(response, headers=(*response.headers, *allowed, exposed))

    def _allowed_origin(self, request: HttpRequest) -> tuple[tuple[str, str], ...]:
        origin = _headers(request).get("origin")
        if origin is None or not any(fnmatchcase(origin, pattern) for pattern in self.origins):
            return ()
        shown = "*" if "*" in self.origins else origin
        return (("access-control-allow-origin", shown), ("vary", "origin"))


def _headers(request: HttpRequest) -> dict[str, str]:
    return {name.lower(): value for name, value in request.headers}
