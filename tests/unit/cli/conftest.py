"""The program itself on an API in memory: only the network and AWS are replaced."""

import io
import json
import os
import threading
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest

from forgeledger.cli.app import run
from forgeledger.cli.session import SessionSeams
from forgeledger.sdk.api.ledger import Ledger
from forgeledger.sdk.api.transport import HttpRequest, HttpResponse
from forgeledger.sdk.seams import Seams, with_seams
from tests.support.api_callers import World, http_event, make_world
from tests.support.fake_deployment import FakeDeployment
from tests.support.fake_fifo import FakeFifo, FakeSqs

API_URL = "http://api.test"


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


class InMemoryApi:
    """A transport that calls the real API on a store in memory."""

    def __init__(self, world: World) -> None:
        self._caller = world.caller()
        self.requests: list[HttpRequest] = []
        self.on_request: Any = None
        # Fields that each request has besides its own, as that of a newer client.
        self.more_fields: dict[str, Any] = {}
        # A Lambda function handles one request at a time.
        self._lock = threading.Lock()

    def __call__(self, request: HttpRequest) -> HttpResponse:
        self.requests.append(request)
        if self.on_request is not None:
            self.on_request(len(self.requests))
        parts = urlsplit(request.url)
        event = http_event(
            request.method,
            unquote(parts.path),
            query=dict(parse_qsl(parts.query)),
            body=None if request.body is None else self._body(request.body),
            headers=dict(request.headers),
        )
        with self._lock:
            reply = self._caller.send(event)
        headers = {name.lower(): value for name, value in reply.headers.items()}
        return HttpResponse(status=reply.status, headers=headers, body=reply.text.encode())

    def _body(self, content: bytes) -> str:
        return json.dumps({**json.loads(content), **self.more_fields})


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch):
    for name in list(os.environ):
        if name.startswith(("FORGELEDGER_", "AWS_", "LOCALSTACK_")):
            monkeypatch.delenv(name)


@pytest.fixture
def world():
    return make_world()


@pytest.fixture
def api(world):
    return InMemoryApi(world)


@pytest.fixture
def ledger(api):
    return with_seams(Ledger, Seams(transport=api))(api_url=API_URL)


@pytest.fixture
def clients():
    """Fakes of AWS's services by name; a test adds those that its command may use."""
    return {}


@pytest.fixture
def now():
    """A clock that moves only while the program sleeps."""
    return [0.0]


@pytest.fixture
def session_options(api, clients, now):
    def sleep(seconds):
        now[0] += max(seconds, 0.001)

    return SessionSeams(
        environ={"FORGELEDGER_API_URL": API_URL},
        transport=api,
        client_of=lambda service, endpoints: clients[service],
        clock=lambda: now[0],
        sleep=sleep,
    )


@pytest.fixture
def forgeledger(session_options, monkeypatch, capsys):
    """Runs a command as the program does, and returns exit code and output."""

    def command(*words, stdin="", **environ):
        capsys.readouterr()
        typed = stdin if isinstance(stdin, bytes) else stdin.encode()
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(typed), encoding="utf-8"))
        with_environ = replace(session_options, environ={**session_options.environ, **environ})
        code = run([str(word) for word in words], with_environ)
        printed = capsys.readouterr()
        return Ended(code, printed.out, printed.err)

    return command


@pytest.fixture
def sqs(clients):
    policy = json.dumps({"deadLetterTargetArn": "arn:aws:sqs:us-east-1:1:letters"})
    clients["sqs"] = FakeSqs(
        commands=FakeFifo(attributes={"RedrivePolicy": policy}),
        rejects=FakeFifo(),
        letters=FakeFifo(),
    )
    return clients["sqs"]


@pytest.fixture
def rejects(sqs):
    return sqs.queues["rejects"]


@pytest.fixture
def commands(sqs):
    return sqs.queues["commands"]


@pytest.fixture
def deployment(clients):
    fake = FakeDeployment()
    services = "sts cloudformation sqs dynamodb lambda iam events"
    clients.update(dict.fromkeys(services.split(), fake))
    return fake
