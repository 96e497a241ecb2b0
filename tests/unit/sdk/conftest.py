"""A reporter over a queue in memory, and an API with scripted answers."""

import json
from dataclasses import replace

import pytest

from forgeledger.sdk.api.api_client import ApiClient
from forgeledger.sdk.api.ledger import Ledger
from forgeledger.sdk.api.transport import HttpResponse
from forgeledger.sdk.backoff import Backoff
from forgeledger.sdk.endpoints import Endpoints
from forgeledger.sdk.report import process_hooks
from forgeledger.sdk.report.outbox import OutboxLimits
from forgeledger.sdk.report.reporter import Reporter
from forgeledger.sdk.seams import Seams, with_seams
from forgeledger.sdk.work.worker import Worker
from forgeledger.sdk.work.worker_options import WorkerOptions
from tests.support.fake_queues import FakeCommandQueue
from tests.support.running_worker import QUICKLY

QUICK = Backoff(attempts=3, first_seconds=0.001, most_seconds=0.004)


@pytest.fixture
def queue():
    return FakeCommandQueue()


@pytest.fixture
def make_reporter(queue):
    """A reporter that sends at flush(), unless `background=True`."""
    made = []

    def make(**overrides):
        limits = OutboxLimits(
            **{
                "linger_seconds": 0.005,
                **{
                    name: overrides.pop(name) for name in ("commands", "bytes") if name in overrides
                },
            }
        )
        options = {
            "command_queue_url": "https://queue.example/commands.fifo",
            "worker_id": "w-1",
            "limits": limits,
            "backoff": QUICK,
            "background": False,
            "flush_seconds": 5.0,
        }
        seams = Seams(make_client=overrides.pop("make_client", lambda: queue))
        reporter = with_seams(Reporter, seams)(**{**options, **overrides})
        made.append(reporter)
        return reporter

    yield make
    for reporter in made:
        # Or the end of the process would flush what a test left.
        process_hooks._registered.discard(reporter)
        process_hooks._pending.discard(reporter)


@pytest.fixture
def reporter(make_reporter):
    return make_reporter()


class FakeApi:
    """Answers in the order given, repeats the last one; remembers every request."""

    def __init__(self):
        self.requests = []
        self.answers = []

    def answer(self, body, status=200, **headers):
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answers.append(HttpResponse(status=status, headers=names, body=content))
        return self

    def problem(self, status, code, **more):
        kind = f"urn:forgeledger:problem:{code}"
        body = {"type": kind, "status": status, "code": code, "detail": "no", **more}
        return self.answer(body, status)

    def fail(self, error):
        self.answers.append(error)
        return self

    def __call__(self, request):
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    @property
    def paths(self):
        return [
            f"{request.method} {request.url.removeprefix('https://api')}"
            for request in self.requests
        ]

    @property
    def bodies(self):
        return [json.loads(request.body) if request.body else None for request in self.requests]


@pytest.fixture
def api():
    return FakeApi()


@pytest.fixture
def naps():
    return []


@pytest.fixture
def ledger(api, naps):
    seams = Seams(transport=api, sleep=naps.append)
    return with_seams(Ledger, seams)(api_url="https://api/", api_key="key-1", backoff=QUICK)


@pytest.fixture
def make_worker(make_reporter):
    def make(queue, handlers, *, retry_seconds=None, reporter=None, ledger=None, **overrides):
        options = {"concurrency": 2, "visibility_seconds": 60, "grace_seconds": 5.0}
        seams = Seams(make_client=lambda: queue)
        if ledger is not None:
            seams = replace(seams, transport=ledger, clock=ledger.clock, sleep=lambda _: None)
        return with_seams(Worker, seams)(
            "https://queue.example/work",
            {"default": handlers} if callable(handlers) else handlers,
            options=WorkerOptions(**{**options, **overrides}),
            reporter=reporter or make_reporter(background=True),
            endpoints=Endpoints(api_url=None if ledger is None else "https://api"),
            backoff=QUICKLY,
            retry_seconds=retry_seconds,
        )

    return make


@pytest.fixture
def client(api, naps):
    backoff = Backoff(attempts=3, first_seconds=0.1, most_seconds=0.4)
    return ApiClient("https://api/", api, api_key="key-1", backoff=backoff, sleep=naps.append)
