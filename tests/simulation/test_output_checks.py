"""What functions write is read as CloudWatch would, and who may call them is checked."""

import json
from random import Random
from typing import Any

import pytest

from tests.simulation import handlers, http_side
from tests.simulation.environments import FunctionContext
from tests.simulation.http_callers import with_good_key, without_good_key
from tests.simulation.http_side import http_event, respond
from tests.simulation.lane_checks import Violation
from tests.simulation.output_checks import API_KEYS, metrics_in
from tests.simulation.world import Invocation, SimulatedWorld
from tests.simulation.world_rules import WorldRules

LOG_LINE = {
    "level": "INFO",
    "message": "done",
    "timestamp": "2026-01-01",
    "function_request_id": "a",
}
METRIC = {"Name": "Requests", "Unit": "Count"}
METRICS: dict[str, Any] = {
    "_aws": {"CloudWatchMetrics": [{"Dimensions": [["service"]], "Metrics": [METRIC]}]},
    "service": "api",
    "Requests": [1.0, 2.0],
}


def written(*entries: Any) -> str:
    return "\n".join(json.dumps(entry) for entry in entries)


def test_metrics_are_added_up() -> None:
    assert metrics_in(written(LOG_LINE, METRICS)) == {"Requests": 3.0}


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("done", "no JSON"),
        (written({"message": "done"}), "lacks"),
        (written(LOG_LINE | {"key": API_KEYS[1]}), "API key"),
        (written(LOG_LINE | {"exception_name": "TypeError"}), "TypeError"),
        (written(METRICS | {"Requests": 0} | {"service": 0, "_aws": METRICS["_aws"]})[:-1], "JSON"),
        (written({name: METRICS[name] for name in ("_aws", "service")}), "metrics lack"),
        (written({name: METRICS[name] for name in ("_aws", "Requests")}), "dimensions"),
    ],
)
def test_what_is_written_wrongly_is_noticed(text: str, wrong: str) -> None:
    with pytest.raises(Violation, match=wrong):
        metrics_in(text)


@pytest.mark.parametrize("decorated", [False, True])
def test_a_handler_answers_the_same_with_its_decorators(
    decorated: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    world = SimulatedWorld(random=Random(1), rules=WorldRules())
    process = Invocation("api", {}, deadline=world.now + 30_000)
    event = with_good_key(http_event("GET", "/jobs/nobody", {}, None), Random(1))

    def answer() -> Any:
        with http_side._serving(world):
            context = FunctionContext(world, process)
            return handlers.invoke(
                "api", http_side._api(0, execution=False), event, context, decorated=decorated
            )

    _, (response, metrics) = world.invoke(process, answer)

    assert response["statusCode"] == 404
    assert metrics["Requests"] == 1
    assert capsys.readouterr().out == ""


def test_a_request_comes_in_many_ways_and_gets_one_answer() -> None:
    world = SimulatedWorld(random=Random(1), rules=WorldRules())
    event = http_event("GET", "/jobs", {}, None, {"limit": "2"})

    statuses = set()
    for _ in range(40):
        process = Invocation("api", {}, deadline=world.now + 30_000)
        _, answer = world.invoke(process, lambda: respond(world, event))
        statuses.add(answer.status)

    assert statuses == {200}


def test_some_keys_are_good_and_others_are_not() -> None:
    event = http_event("POST", "/jobs", {"idempotency-key": "a"}, "{}")

    good = [with_good_key(event, Random(seed)) for seed in range(100)]
    others = [without_good_key(event, Random(seed)) for seed in range(100)]

    assert {key_of(request) for request in good} == set(API_KEYS)
    assert {key_of(request) for request in others}.isdisjoint(API_KEYS)
    assert {request["isBase64Encoded"] for request in good} == {True, False}
    assert len({name for request in good for name in request["headers"]}) == 6


def key_of(request: dict[str, Any]) -> str | None:
    headers = {name.lower(): value for name, value in request["headers"].items()}
    return headers.get("x-api-key")
