"""Which route of an HTTP API a request matches."""

import pytest

from forgeledger.local.http_routes import find_route, route_key
from forgeledger.local.stack import Route

ROUTES = [
    Route(method=method, path=path, function="ApiFunction")
    for method, path in [
        ("ANY", "/{proxy+}"),
        ("GET", "/jobs"),
        ("GET", "/jobs/{jobId}"),
        ("GET", "/jobs/latest"),
        ("ANY", "/jobs/{jobId}"),
        ("POST", "/jobs/{jobId}/items:register"),
        ("GET", "/jobs/{jobId}/items/{itemId}"),
        ("GET", "/files/{path+}"),
    ]
]


@pytest.mark.parametrize(
    ("method", "path", "key", "parameters"),
    [
        ("GET", "/jobs", "GET /jobs", {}),
        ("GET", "/jobs/7", "GET /jobs/{jobId}", {"jobId": "7"}),
        ("PUT", "/jobs/7", "ANY /jobs/{jobId}", {"jobId": "7"}),
        ("GET", "/jobs/latest", "GET /jobs/latest", {}),
        ("POST", "/jobs/7/items:register", "POST /jobs/{jobId}/items:register", {"jobId": "7"}),
        ("POST", "/jobs/7/items%3Aregister", "POST /jobs/{jobId}/items:register", {"jobId": "7"}),
        (
            "GET",
            "/jobs/7/items/a%20%2F%C3%A4",
            "GET /jobs/{jobId}/items/{itemId}",
            {"jobId": "7", "itemId": "a /\u00e4"},
        ),
        ("GET", "/files/a/b", "GET /files/{path+}", {"path": "a/b"}),
        ("GET", "/jobs/", "ANY /{proxy+}", {"proxy": "jobs/"}),
        ("GET", "/jobs/7/items/", "ANY /{proxy+}", {"proxy": "jobs/7/items/"}),
        ("POST", "/other/x", "ANY /{proxy+}", {"proxy": "other/x"}),
    ],
)
def test_the_most_specific_route_wins(method, path, key, parameters):
    match = find_route(ROUTES, method, path)

    assert match is not None
    assert route_key(match[0]) == key
    assert match[1] == parameters


def test_the_root_is_not_part_of_a_greedy_path():
    assert find_route(ROUTES, "GET", "/") is None


def test_the_default_route_takes_what_is_left():
    default = Route(method="ANY", path="/$default", function="ApiFunction")

    match = find_route([*ROUTES, default], "GET", "/")

    assert match == (default, {})
    assert route_key(default) == "$default"
