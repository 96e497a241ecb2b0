"""Clients of a local engine ignore the user's proxies and profiles; clients of AWS use them."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from botocore.exceptions import ProfileNotFound

from forgeledger.cli.aws import client_of
from forgeledger.local.clients import Clients
from forgeledger.sdk.endpoints import Endpoints

QUEUE_URL = "http://queue"
PROXY = "http://127.0.0.1:1"


class QueueService(BaseHTTPRequestHandler):
    def do_POST(self):
        body = b'{"QueueUrl": "http://queue"}'
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def engine_url():
    with ThreadingHTTPServer(("127.0.0.1", 0), QueueService) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(autouse=True)
def user_settings(monkeypatch):
    for name in ("no_proxy", "NO_PROXY", "AWS_DEFAULT_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("http_proxy", "HTTP_PROXY"):
        monkeypatch.setenv(name, PROXY)
    monkeypatch.setenv("AWS_PROFILE", "missing")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "mine")


def local_cloud_client(url):
    return Clients(url).of("sqs")


def sdk_client(url, *, is_local=True):
    endpoints = Endpoints(aws_endpoint_url=url, region="us-east-1", is_local=is_local)
    return endpoints.sqs_client(QUEUE_URL, read_seconds=10)


def cli_client(url, *, is_local=True):
    endpoints = Endpoints(aws_endpoint_url=url, region="us-east-1", is_local=is_local)
    return client_of("sqs", endpoints)


@pytest.mark.parametrize("build", [local_cloud_client, sdk_client, cli_client])
def test_a_client_of_the_local_cloud_asks_no_proxy_and_no_profile(build, engine_url):
    assert build(engine_url).get_queue_url(QueueName="q")["QueueUrl"] == QUEUE_URL


@pytest.mark.parametrize("build", [sdk_client, cli_client])
def test_a_client_of_aws_is_what_the_user_set_up(build, engine_url, monkeypatch):
    with pytest.raises(ProfileNotFound):
        build(engine_url, is_local=False)
    monkeypatch.delenv("AWS_PROFILE")

    client = build(engine_url, is_local=False)

    assert client.meta.config.proxies is None
