"""The real HTTP routes, built once; each request is answered in the world of its history."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Self, cast
from urllib.parse import urlencode

from aws_lambda_powertools.event_handler.api_gateway import BaseRouter
from aws_lambda_powertools.utilities.idempotency import base as idempotency
from aws_lambda_powertools.utilities.idempotency.persistence import base as persistence
from aws_lambda_powertools.utilities.idempotency.persistence import datarecord as data_record
from aws_lambda_powertools.utilities.idempotency.persistence import dynamodb as dynamodb_layer

from forgeledger.bootstrap.api import build_api
from forgeledger.jobs.model.commands import Command
from forgeledger.runtime import Runtime
from forgeledger.web import error_responses
from tests.simulation import handlers
from tests.simulation.clients import DynamoDBClient, WakeQueueClient
from tests.simulation.environments import FunctionContext
from tests.simulation.http_callers import SimulatedParameters, with_good_key, without_good_key
from tests.simulation.lane_checks import Violation
from tests.simulation.service_side import quiet_looks
from tests.simulation.world import SimulatedWorld
from tests.support.one_by_one import one_by_one

# Modules of powertools that read the clock themselves.
_CLOCK_MODULES: tuple[Any, ...] = (idempotency, persistence, dynamodb_layer, data_record)
# The share of requests that also come without a good key.
_REFUSED_SHARE = 0.1
# Class attributes of powertools' resolvers that describe the current request.
_REQUEST_ATTRIBUTES = ("current_event", "lambda_context")


class _CurrentWorld:
    """Delegates to the DynamoDB client and the runtime of the current history's world."""

    def __init__(self) -> None:
        self.world: SimulatedWorld | None = None
        self.client: DynamoDBClient | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.client, name)

    @property
    def current(self) -> SimulatedWorld:
        assert self.world is not None
        return self.world

    @property
    def runtime(self) -> Runtime:
        return self.current.runtime

    def delete_item(self, **request: Any) -> dict[str, Any]:
        """Only powertools deletes: the record of a request that failed with an exception."""
        world = self.world
        assert world is not None
        return cast("dict[str, Any]", world.call("DeleteItem", self._delete, request))

    def _delete(self, request: dict[str, Any]) -> dict[str, Any]:
        assert self.world is not None
        key = request["Key"]["id"]["S"]
        if self.world.tables.get("id", key) is not None:
            self.world.tables.delete("id", key)
        return {}

    def sleep(self, seconds: float) -> None:
        self.runtime.sleep(seconds)

    def now(self) -> int:
        return self.runtime.clock()

    def new_id(self) -> str:
        return self.runtime.new_id()

    def draw(self) -> float:
        return self.runtime.draw()


_CURRENT = _CurrentWorld()


class _SimulatedTime:
    """Replaces the module `datetime`, with the world's clock."""

    timedelta = timedelta

    @property
    def datetime(self) -> Self:
        return self

    @staticmethod
    def now() -> datetime:
        return datetime.fromtimestamp(_CURRENT.now() / 1000, UTC)


@contextmanager
def _serving(world: SimulatedWorld) -> Iterator[None]:
    """The world of one request; afterwards the global state of powertools is as before."""
    _CURRENT.world, _CURRENT.client = world, DynamoDBClient(world)
    clocks = [module.dt for module in _CLOCK_MODULES]
    current = [(name, getattr(BaseRouter, name, None)) for name in _REQUEST_ATTRIBUTES]
    for module in _CLOCK_MODULES:
        module.dt = _SIMULATED_TIME
    try:
        yield
    finally:
        for module, clock in zip(_CLOCK_MODULES, clocks, strict=True):
            module.dt = clock
        for name, value in current:
            setattr(BaseRouter, name, value)


_SIMULATED_TIME = _SimulatedTime()


@cache
def _api(depth: int, *, execution: bool) -> Any:
    """One API per level of stalls, since each can answer only one request at a time."""
    del depth
    error_responses.logger = handlers.SilentLogger()  # type: ignore[assignment]
    runtime = Runtime(
        clock=_CURRENT.now,
        new_id=_CURRENT.new_id,
        sleep=_CURRENT.sleep,
        draw=_CURRENT.draw,
        parallel=one_by_one,
    )
    return build_api(
        handlers.environment(execution=execution),
        dynamodb=_CURRENT,
        ssm=SimulatedParameters(),
        looks=quiet_looks(lambda: WakeQueueClient(_CURRENT.current), runtime)
        if execution
        else None,
        runtime=runtime,
    )


class ServerErrorAnswer(Exception):
    """The API answered with a status of 500 or above."""


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    status: int
    headers: Mapping[str, str]
    body: str


def http_event(
    method: str,
    path: str,
    headers: Mapping[str, str],
    body: str | None,
    query: Mapping[str, str] | None = None,
) -> Any:
    """A request as API Gateway passes it on."""
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": urlencode(query or {}),
        "queryStringParameters": dict(query or {}),
        "headers": headers,
        "requestContext": {
            "http": {"method": method, "path": path, "sourceIp": "192.0.2.1"},
            "stage": "$default",
            "requestId": "request",
            "domainName": "simulated",
        },
        "body": body,
        "isBase64Encoded": False,
    }


def respond(world: SimulatedWorld, event: dict[str, Any]) -> HttpAnswer:
    """Answer a request inside the current process; some come without a good key before."""
    process = world.invocation
    assert process is not None
    if world.random.random() < _REFUSED_SHARE:
        calls = process.calls
        answer = _respond(world, without_good_key(event, world.random))
        if answer.status != 401 or process.calls != calls:
            raise Violation(f"a request without a good key is answered {answer}")
    return _respond(world, with_good_key(event, world.random))


def _respond(world: SimulatedWorld, event: dict[str, Any]) -> HttpAnswer:
    assert world.invocation is not None
    context = FunctionContext(world, world.invocation)
    with _serving(world):
        answer, metrics = handlers.invoke(
            "api",
            _api(world.depth, execution=world.rules.execution),
            event,
            context,
            decorated=world.draw_decorated(),
        )
    if metrics["Requests"] != 1:
        raise Violation(f"a request is counted as {metrics}")
    headers = {name.lower(): value for name, value in answer.get("headers", {}).items()}
    return HttpAnswer(answer["statusCode"], headers, answer["body"])


def request(
    world: SimulatedWorld,
    method: str,
    path: str,
    body: dict[str, Any] | None = None,
    query: Mapping[str, str] | None = None,
) -> Any:
    """The answer's JSON and status; raises ServerErrorAnswer from 500 on."""
    text = None if body is None else json.dumps(body)
    headers = {"content-type": "application/json"}
    answer = respond(world, http_event(method, path, headers, text, query))
    content = json.loads(answer.body)
    if answer.status >= 500:
        raise ServerErrorAnswer(f"{answer.status} {content.get('code')}")
    return {"status": answer.status, **content}


def command_body(command: Command) -> dict[str, Any]:
    """The body of a command, without fields that are None."""
    failure = command.failure
    fields = {
        "commandId": command.command_id,
        "attempt": command.attempt,
        "dispatch": command.dispatch,
        "retryAfterSeconds": command.retry_after_seconds,
        "workerId": command.worker_id,
        "error": None
        if failure is None
        else {"type": failure.type, "message": failure.message, "retryable": failure.retryable},
    }
    return {name: value for name, value in fields.items() if value is not None}
