"""Finds a request's route as an HTTP API does: the most specific one wins."""

from collections.abc import Sequence
from typing import Final
from urllib.parse import unquote

from forgeledger.local.stack import Route

DEFAULT: Final = "$default"
_FIXED, _VARIABLE, _GREEDY = range(3)


def find_route(
    routes: Sequence[Route], method: str, raw_path: str
) -> tuple[Route, dict[str, str]] | None:
    """The route and its decoded path parameters; `raw_path` is still percent-encoded."""
    candidates = [
        (_rank(route), route, parameters)
        for route in routes
        if route.method in {method, "ANY"}
        and (parameters := _parameters(route.path, raw_path)) is not None
    ]
    if not candidates:
        return None
    _, route, parameters = min(candidates, key=lambda candidate: candidate[0])
    return route, parameters


def route_key(route: Route) -> str:
    return DEFAULT if route.path in {DEFAULT, f"/{DEFAULT}"} else f"{route.method} {route.path}"


def _parameters(pattern: str, raw_path: str) -> dict[str, str] | None:
    if pattern in {DEFAULT, f"/{DEFAULT}"}:
        return {}
    wanted, given = pattern.split("/")[1:], raw_path.split("/")[1:]
    parameters: dict[str, str] = {}
    for index, segment in enumerate(wanted):
        if _kind(segment) == _GREEDY:
            rest = "/".join(given[index:])
            parameters[segment[1:-2]] = unquote(rest)
            return parameters if rest else None
        if index >= len(given):
            return None
        if _kind(segment) == _VARIABLE:
            if not given[index]:
                return None
            parameters[segment[1:-1]] = unquote(given[index])
        elif segment != unquote(given[index]):
            return None
    return parameters if len(given) == len(wanted) else None


def _rank(route: Route) -> tuple[int, list[int], int]:
    is_default = route.path in {DEFAULT, f"/{DEFAULT}"}
    kinds = [_kind(segment) for segment in route.path.split("/")[1:]]
    return int(is_default), kinds, int(route.method == "ANY")


def _kind(segment: str) -> int:
    if segment.startswith("{") and segment.endswith("}"):
        return _GREEDY if segment.endswith("+}") else _VARIABLE
    return _FIXED
