"""The local cloud's clients beside a proxy that answers nothing and a profile that is gone."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from botocore.exceptions import ProfileNotFound

from forgeledger.cli.aws import client_of
from forgeledger.local.clients import Clients
from forgeledger.sdk.endpoints import Endpoints

QUEUE_URL = "http://queue"
PROXY = "http://127.0.0.1:1"


class Queues(BaseHTTPRequestHandler):
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
    with ThreadingHTTPServer(("127.0.0.1", 0), Queues) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(autouse=True)
def settings_of_a_user(monkeypatch):
    for name in ("no_proxy", "NO_PROXY", "AWS_DEFAULT_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("http_proxy", "HTTP_PROXY"):
        monkeypatch.setenv(name, PROXY)
    monkeypatch.setenv("AWS_PROFILE", "gone")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "mine")


def of_the_local_cloud(url):
    return Clients(url).of("sqs")


def of_the_sdk(url, *, is_local=True):
    endpoints = Endpoints(aws_endpoint_url=url, region="us-east-1", is_local=is_local)
    return endpoints.sqs_client(QUEUE_URL, read_seconds=10)


def of_the_command_line(url, *, is_local=True):
    endpoints = Endpoints(aws_endpoint_url=url, region="us-east-1", is_local=is_local)
    return client_of("sqs", endpoints)


@pytest.mark.parametrize("make", [of_the_local_cloud, of_the_sdk, of_the_command_line])
def test_a_client_of_the_local_cloud_asks_no_proxy_and_no_profile(make, engine_url):
    assert make(engine_url).get_queue_url(QueueName="q")["QueueUrl"] == QUEUE_URL


@pytest.mark.parametrize("make", [of_the_sdk, of_the_command_line])
def test_a_client_of_aws_is_what_the_user_set_up(make, engine_url, monkeypatch):
    with pytest.raises(ProfileNotFound):
        make(engine_url, is_local=False)
    monkeypatch.delenv("AWS_PROFILE")

    client = make(engine_url, is_local=False)

    assert client.meta.config.proxies is None
