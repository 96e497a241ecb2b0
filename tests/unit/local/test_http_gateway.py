"""The gateway over real sockets, with a function in this process."""

import http.client
import json
import socket
import threading
from urllib.parse import urlsplit

import pytest

from forgeledger.local.function_process import InvocationFailed
from forgeledger.local.http_cors import Cors
from forgeledger.local.http_gateway import MAX_BODY_BYTES, HttpGateway
from forgeledger.local.stack import Route

ROUTES = (
    Route(method="POST", path="/echo", function="Echo"),
    Route(method="GET", path="/echo", function="Echo"),
    Route(method="HEAD", path="/echo", function="Echo"),
    Route(method="GET", path="/fail", function="Fail"),
    Route(method="GET", path="/unstartable", function="Unstartable"),
    Route(method="GET", path="/nonsense", function="Nonsense"),
    Route(method="GET", path="/slow", function="Slow"),
)
RELEASE = threading.Event()


def invoke(function, event, request_id):
    if function == "Fail":
        raise InvocationFailed("ValueError", "no", request_id)
    if function == "Unstartable":
        raise FileNotFoundError("no log folder")
    if function == "Nonsense":
        return {"statusCode": 200, "headers": {"x": "a\r\nset-cookie: b"}}
    if function == "Slow":
        RELEASE.wait(60)
    return {"body": event.get("body"), "method": event["requestContext"]["http"]["method"]}


@pytest.fixture(scope="module")
def gateway():
    running = HttpGateway(ROUTES, invoke, api_id="abc", integration_seconds=0.2)
    running.start()
    yield running
    RELEASE.set()
    running.stop()


def ask(gateway, method, path, **options):
    connection = http.client.HTTPConnection(urlsplit(gateway.url).netloc, timeout=60)
    connection.request(method, path, **options)
    response = connection.getresponse()
    return response.status, response.read()


def say(gateway, text):
    """Send raw bytes and read the answer until the gateway closes the connection."""
    with socket.create_connection(("127.0.0.1", urlsplit(gateway.url).port), timeout=60) as raw:
        raw.sendall(text)
        raw.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: raw.recv(65536), b""))


def test_a_body_arrives_whole(gateway):
    status, body = ask(gateway, "POST", "/echo", body=b"x" * 1_000_000)

    assert status == 200
    assert len(json.loads(body)["body"]) == 1_000_000


def test_a_body_in_chunks_arrives_whole(gateway):
    status, body = ask(gateway, "POST", "/echo", body=iter([b"ab", b"cd"]), encode_chunked=True)

    assert status == 200
    assert json.loads(body)["body"] == "abcd"


def test_a_connection_serves_many_requests(gateway):
    connection = http.client.HTTPConnection(urlsplit(gateway.url).netloc, timeout=60)
    answers = []
    for _ in range(3):
        connection.request("GET", "/echo")
        answers.append(connection.getresponse().read())

    assert len(answers) == 3


def test_head_has_no_body(gateway):
    assert ask(gateway, "HEAD", "/echo") == (200, b"")


def test_no_route_is_404(gateway):
    assert ask(gateway, "DELETE", "/echo") == (404, b'{"message":"Not Found"}')


@pytest.mark.parametrize("path", ["/fail", "/unstartable", "/nonsense"])
def test_a_failing_function_is_500_without_a_word_about_why(gateway, path):
    assert ask(gateway, "GET", path) == (500, b'{"message":"Internal Server Error"}')


def test_an_integration_that_takes_too_long_is_503(gateway):
    assert ask(gateway, "GET", "/slow") == (503, b'{"message":"Service Unavailable"}')


def test_a_body_over_the_limit_is_413_before_it_is_read(gateway):
    head = f"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: {MAX_BODY_BYTES + 1}\r\n\r\n"

    assert b" 413 " in say(gateway, head.encode()).splitlines()[0]


def test_chunks_over_the_limit_are_413(gateway):
    head = "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    size = f"{MAX_BODY_BYTES + 1:x}\r\n"

    assert b" 413 " in say(gateway, (head + size).encode()).splitlines()[0]


def test_framing_that_makes_no_sense_is_400(gateway):
    head = "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: many\r\n\r\n"

    assert b" 400 " in say(gateway, head.encode()).splitlines()[0]


def test_a_gateway_that_never_started_can_be_stopped():
    HttpGateway(ROUTES, invoke, api_id="abc").stop()


def test_a_kept_alive_connection_is_closed_when_the_gateway_stops(capfd):
    stopped = HttpGateway(ROUTES, invoke, api_id="abc")
    stopped.start()
    connection = http.client.HTTPConnection(urlsplit(stopped.url).netloc, timeout=60)
    connection.request("POST", "/echo", body=b"first")
    connection.getresponse().read()

    stopped.stop()
    connection.request("POST", "/echo", body=b"late")
    response = connection.getresponse()

    assert response.status == 503
    assert response.read()
    assert response.will_close
    assert capfd.readouterr().err == ""


def test_a_preflight_request_reaches_no_function_and_an_answer_gets_its_headers():
    cors = Cors(origins=("*",), allowed=(("access-control-max-age", "1"),), exposed="etag")
    running = HttpGateway(ROUTES, invoke, api_id="abc", cors=cors)
    running.start()
    origin = {"Origin": "https://app.example"}
    connection = http.client.HTTPConnection(urlsplit(running.url).netloc, timeout=60)

    wanted = {**origin, "Access-Control-Request-Method": "POST"}
    connection.request("OPTIONS", "/nowhere", headers=wanted)
    preflight = connection.getresponse()
    preflight.read()
    connection.request("GET", "/nowhere", headers=origin)
    refused = connection.getresponse()
    refused.read()
    running.stop()

    assert (preflight.status, preflight.headers["access-control-max-age"]) == (204, "1")
    assert (refused.status, refused.headers["access-control-allow-origin"]) == (404, "*")
