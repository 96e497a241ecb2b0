import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from forgeledger.sdk.api.transport import HttpRequest, PooledTransport
from forgeledger.sdk.errors import NoAnswerError


class Echo(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.seen.append((self.client_address, self.path, dict(self.headers), body))
        self.send_response(201)
        self.send_header("X-Kind", "echo")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.server.seen.append((self.client_address, self.path, dict(self.headers), b""))
        self.send_response(302)
        self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def server(monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    with ThreadingHTTPServer(("127.0.0.1", 0), Echo) as server:
        server.seen = []
        server.url = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def post(url, body=b"hello"):
    return HttpRequest(method="POST", url=url, headers={"x-api-key": "k"}, body=body)


def test_a_request_is_answered_over_a_kept_alive_connection(server):
    transport = PooledTransport()

    first = transport(post(server.url + "/a"))
    transport(post(server.url + "/b"))

    assert (first.status, first.body, first.headers["x-kind"]) == (201, b"hello", "echo")
    assert len({address for address, *_ in server.seen}) == 1
    assert server.seen[0][2]["x-api-key"] == "k"


def test_after_a_fork_no_connection_is_shared(server, monkeypatch):
    transport = PooledTransport()
    transport(post(server.url))
    monkeypatch.setattr("os.getpid", lambda: -1)

    transport(post(server.url))

    assert len({address for address, *_ in server.seen}) == 2


def test_a_redirect_is_not_followed_with_the_key(server):
    answer = PooledTransport()(HttpRequest(method="GET", url=server.url))

    assert answer.status == 302
    assert len(server.seen) == 1


def test_nobody_answering_is_a_typed_error():
    with pytest.raises(NoAnswerError, match=r"GET http://127.0.0.1:1") as caught:
        PooledTransport()(HttpRequest(method="GET", url="http://127.0.0.1:1", timeout_seconds=1))

    assert caught.value.method == "GET"


def test_the_systems_proxy_is_used_unless_the_host_is_exempt(server, monkeypatch):
    monkeypatch.setenv("http_proxy", server.url)
    monkeypatch.setenv("no_proxy", "exempt.example")

    answer = PooledTransport()(post("http://ledger.example/jobs"))

    assert answer.status == 201
    assert server.seen[0][1] == "http://ledger.example/jobs"
    with pytest.raises(NoAnswerError):
        PooledTransport()(post("http://exempt.example:1/jobs"))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_no_proxy_is_asked_for_what_is_on_this_machine(server, monkeypatch, host):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)

    answer = PooledTransport()(post(server.url.replace("127.0.0.1", host)))

    assert answer.status == 201
