"""Which pages of other origins may read an answer, as an HTTP API tells their browsers."""

import pytest

from forgeledger.local.http_cors import Cors
from forgeledger.local.http_events import HttpRequest, HttpResponse
from forgeledger.local.intrinsics import Resolver
from tests.support.deployed_template import TEMPLATE, properties

APP = "https://app.example"
ANSWER = HttpResponse(status=429, headers=(("x", "y"),), body=b"wait")


def cors(origins: str) -> Cors | None:
    """As the template configures it."""
    resolver = Resolver(parameters={"CorsOrigins": origins}, conditions=TEMPLATE["Conditions"])
    return Cors.read(properties("HttpApi")["DefinitionBody"], resolver)


def request(method: str = "GET", **headers: str) -> HttpRequest:
    named = tuple((name.replace("_", "-").title(), value) for name, value in headers.items())
    return HttpRequest(method=method, target="/jobs", headers=named, body=b"", source_ip="::1")


def preflight(origin: str) -> HttpRequest:
    return request("OPTIONS", origin=origin, access_control_request_method="POST")


def test_without_origins_there_is_no_cors():
    assert cors("") is None


def test_a_preflight_request_of_an_allowed_page_is_answered():
    answer = cors(f"http://localhost:3000,{APP}").preflight(preflight(APP))

    assert answer.status == 204
    assert dict(answer.headers) == {
        "access-control-allow-origin": APP,
        "access-control-allow-methods": "GET,POST",
        "access-control-allow-headers": (
            "content-type,idempotency-key,if-none-match,x-api-key,x-idempotency-key"
        ),
        "access-control-max-age": "3600",
        "vary": "origin",
    }


@pytest.mark.parametrize("origin", ["https://evil.example", f"{APP}.evil.example", "null"])
def test_a_page_of_another_origin_is_told_nothing(origin):
    allowed = cors(APP)

    assert allowed.preflight(preflight(origin)).headers == ()
    assert allowed.added_to(ANSWER, request(origin=origin)) == ANSWER


@pytest.mark.parametrize("other", [request("OPTIONS"), request("OPTIONS", origin=APP), request()])
def test_what_is_no_preflight_request_goes_to_the_function(other):
    assert cors(APP).preflight(other) is None


def test_every_answer_says_that_the_page_may_read_it():
    answer = cors(APP).added_to(ANSWER, request(origin=APP))

    headers = dict(answer.headers)
    assert (answer.status, answer.body, headers["x"]) == (429, b"wait", "y")
    assert headers["access-control-allow-origin"] == APP
    exposed = "etag,idempotency-replayed,location,retry-after"
    assert headers["access-control-expose-headers"] == exposed


def test_a_program_that_is_no_browser_sees_no_difference():
    assert cors(APP).added_to(ANSWER, request()) == ANSWER


@pytest.mark.parametrize(
    ("origins", "shown"), [("*", "*"), ("https://*", APP), ("https://*.example", APP)]
)
def test_an_origin_may_be_a_pattern(origins, shown):
    answer = cors(origins).added_to(ANSWER, request(origin=APP))

    assert dict(answer.headers)["access-control-allow-origin"] == shown
