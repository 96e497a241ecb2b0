"""The real HTTP routes, built once: each history takes the stage with its own world."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Self, cast

from aws_lambda_powertools.event_handler.api_gateway import BaseRouter
from aws_lambda_powertools.utilities.idempotency import base as idempotency
from aws_lambda_powertools.utilities.idempotency.persistence import base as keeping
from aws_lambda_powertools.utilities.idempotency.persistence import datarecord as records
from aws_lambda_powertools.utilities.idempotency.persistence import dynamodb as rows

from forgeledger.bootstrap.api import build_api
from forgeledger.jobs.model.commands import Command
from forgeledger.parallel import one_by_one
from forgeledger.runtime import Runtime
from forgeledger.web import error_responses
from tests.simulation import handlers
from tests.simulation.clients import DynamoDBClient
from tests.simulation.world import Invocation, World

# Modules of powertools that read the time themselves.
_READ_THE_TIME: tuple[Any, ...] = (idempotency, keeping, rows, records)
# What it knows of the request that is being answered, in all of its resolvers together.
_OF_THE_REQUEST = ("current_event", "lambda_context")


@dataclass(frozen=True, slots=True)
class _Context:
    world: World
    process: Invocation

    function_name = "api"
    memory_limit_in_mb = 256
    invoked_function_arn = "arn:aws:lambda:eu-central-1:000000000000:function:api"
    aws_request_id = "request"

    def get_remaining_time_in_millis(self) -> int:
        return max(0, self.process.deadline - self.world.now)


class _Stage:
    """Stands for the clients and surroundings of whichever world is played."""

    def __init__(self) -> None:
        self.world: World | None = None
        self.client: DynamoDBClient | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.client, name)

    @property
    def runtime(self) -> Runtime:
        assert self.world is not None
        return self.world.runtime

    def delete_item(self, **request: Any) -> dict[str, Any]:
        """Only powertools deletes anything: the row of a request that could not be answered."""
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


_STAGE = _Stage()


class _SimulatedTime:
    """Stands for the module `datetime`, whose clock is the world's."""

    timedelta = timedelta

    @property
    def datetime(self) -> Self:
        return self

    @staticmethod
    def now() -> datetime:
        return datetime.fromtimestamp(_STAGE.now() / 1000, UTC)


@contextmanager
def _on_stage(world: World) -> Iterator[None]:
    """For one request; what powertools keeps in a class and in modules is as before afterwards."""
    _STAGE.world, _STAGE.client = world, DynamoDBClient(world)
    clocks = [module.dt for module in _READ_THE_TIME]
    current = [(name, getattr(BaseRouter, name, None)) for name in _OF_THE_REQUEST]
    for module in _READ_THE_TIME:
        module.dt = _SIMULATED_TIME
    try:
        yield
    finally:
        for module, clock in zip(_READ_THE_TIME, clocks, strict=True):
            module.dt = clock
        for name, value in current:
            setattr(BaseRouter, name, value)


_SIMULATED_TIME = _SimulatedTime()


@cache
def _api(depth: int) -> Any:
    """One for each process that may stand still inside another: it has one request at a time."""
    del depth
    error_responses.logger = handlers.Silence()  # type: ignore[assignment]
    runtime = Runtime(
        clock=_STAGE.now,
        new_id=_STAGE.new_id,
        sleep=_STAGE.sleep,
        draw=_STAGE.draw,
        parallel=one_by_one,
    )
    return build_api(handlers.ENVIRONMENT, dynamodb=_STAGE, runtime=runtime)


class Unanswered(Exception):
    """An answer that says to try again, or that something is broken."""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: str


def event_of(method: str, path: str, headers: Mapping[str, str], body: str | None) -> Any:
    """A request as the gateway hands it over."""
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": "",
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


def respond(world: World, event: dict[str, Any]) -> Answer:
    """What the routes answer, inside the process that is at work."""
    assert world.invocation is not None
    context = _Context(world, world.invocation)
    with _on_stage(world):
        answer = _api(world.depth).answer(event, context).response
    headers = {name.lower(): value for name, value in answer.get("headers", {}).items()}
    return Answer(answer["statusCode"], headers, answer["body"])


def request(world: World, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
    """The answer's JSON, with its status; Unanswered for one from 500 on."""
    text = None if body is None else json.dumps(body)
    answer = respond(world, event_of(method, path, {"content-type": "application/json"}, text))
    content = json.loads(answer.body)
    if answer.status >= 500:
        raise Unanswered(f"{answer.status} {content.get('code')}")
    return {"status": answer.status, **content}


def command_body(command: Command) -> dict[str, Any]:
    """A command as a worker writes it, without what it does not say."""
    failure = command.failure
    fields = {
        "commandId": command.command_id,
        "attempt": command.attempt,
        "workerId": command.worker_id,
        "error": None
        if failure is None
        else {"type": failure.type, "message": failure.message, "retryable": failure.retryable},
    }
    return {name: value for name, value in fields.items() if value is not None}
