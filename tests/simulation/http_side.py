"""The real HTTP routes, built once: each history takes the stage with its own world."""

import json
from functools import cache
from typing import Any

from forgeledger.api import refusals
from forgeledger.bootstrap.api import api
from forgeledger.domain.commands import Command
from forgeledger.usecases.parallel import one_by_one
from forgeledger.usecases.surroundings import Surroundings
from tests.simulation import handlers
from tests.simulation.clients import DynamoDBClient
from tests.simulation.world import World


class _Context:
    function_name = "api"
    memory_limit_in_mb = 256
    invoked_function_arn = "arn:aws:lambda:eu-central-1:000000000000:function:api"
    aws_request_id = "request"

    @staticmethod
    def get_remaining_time_in_millis() -> int:
        return 29_000


class _Stage:
    """Stands for the clients and surroundings of whichever world is played."""

    def __init__(self) -> None:
        self.world: World | None = None
        self.client: DynamoDBClient | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.client, name)

    @property
    def around(self) -> Surroundings:
        assert self.world is not None
        return self.world.around

    def sleep(self, seconds: float) -> None:
        self.around.sleep(seconds)

    def now(self) -> int:
        return self.around.clock()

    def new_id(self) -> str:
        return self.around.new_id()

    def chance(self) -> float:
        return self.around.chance()


_STAGE = _Stage()


@cache
def _api() -> Any:
    refusals.logger = handlers.Silence()  # type: ignore[assignment]
    around = Surroundings(
        clock=_STAGE.now,
        new_id=_STAGE.new_id,
        sleep=_STAGE.sleep,
        chance=_STAGE.chance,
        parallel=one_by_one,
    )
    return api(handlers.ENVIRONMENT, dynamodb=_STAGE, around=around)


class Unanswered(Exception):
    """An answer that says to try again, or that something is broken."""


def request(world: World, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
    """The answer's JSON, with its status; Unanswered for one from 500 on."""
    _STAGE.world, _STAGE.client = world, DynamoDBClient(world)
    event = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {"content-type": "application/json"},
        "requestContext": {
            "http": {"method": method, "path": path, "sourceIp": "192.0.2.1"},
            "stage": "$default",
            "requestId": "request",
            "domainName": "simulated",
        },
        "body": None if body is None else json.dumps(body),
        "isBase64Encoded": False,
    }
    answer = _api().answer(event, _Context()).response
    status, content = answer["statusCode"], json.loads(answer["body"])
    if status >= 500:
        raise Unanswered(f"{status} {content.get('code')}")
    return {"status": status, **content}


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
