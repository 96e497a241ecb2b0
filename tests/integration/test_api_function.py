"""The HTTP function on the local engine: the real handler, tables and API key."""

import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from forgeledger.bootstrap.api import build_api
from forgeledger.errors import IdempotencyKeyReused, StorageBusy
from forgeledger.jobs.storage.job_id_claims import DynamoDBJobIdClaims
from forgeledger.repeat import Repeat
from forgeledger.web.limits import IDEMPOTENCY_SECONDS
from tests.support.api_callers import Clock, Context, http_event
from tests.support.ledger_table import create_idempotency_table, create_ledger_table

pytestmark = pytest.mark.integration

APP = Path(__file__).parents[2] / "functions" / "api" / "app.py"
KEY = "a-key-that-nobody-guesses"


@pytest.fixture
def idempotency_table(aws) -> str:
    name = f"idempotency-{uuid4().hex[:8]}"
    create_idempotency_table(aws.client("dynamodb"), name)
    return name


@pytest.fixture
def app(aws, idempotency_table, monkeypatch) -> Iterator[Any]:
    table, parameter = f"ledger-{uuid4().hex[:8]}", f"/forgeledger/{uuid4().hex[:8]}"
    create_ledger_table(aws.client("dynamodb"), table)
    aws.client("ssm").put_parameter(Name=parameter, Value=KEY, Type="SecureString")
    for name, value in {
        "FORGELEDGER_TABLE": table,
        "FORGELEDGER_IDEMPOTENCY_TABLE": idempotency_table,
        "FORGELEDGER_API_KEY_PARAMETER": parameter,
        "POWERTOOLS_METRICS_NAMESPACE": "ForgeLedger",
        "POWERTOOLS_SERVICE_NAME": "api",
    }.items():
        monkeypatch.setenv(name, value)
    spec = importlib.util.spec_from_file_location("api_app", APP)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def call(app, method, path, body=None, **headers):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    event = http_event(method, path, body=body, headers={"x-api-key": KEY, **named})
    return app.handler(event, Context())


def test_a_job_goes_from_creation_to_completion(app):
    created = call(app, "POST", "/jobs", {"name": "n", "items": ["a/b", "c"], "seal": True})
    job_id = json.loads(created["body"])["jobId"]
    for item in ("a/b", "c"):
        call(app, "POST", f"/jobs/{job_id}/items/{item}/claim", {"workerId": "w"})
        done = call(app, "POST", f"/jobs/{job_id}/items/{item}/complete", {"result": {"n": 1}})
        assert done["statusCode"] == 200

    sealed = json.loads(call(app, "POST", f"/jobs/{job_id}/seal")["body"])
    item = json.loads(call(app, "GET", f"/jobs/{job_id}/items/a/b")["body"])
    page = json.loads(call(app, "GET", f"/jobs/{job_id}/events")["body"])
    why = json.loads(call(app, "GET", f"/jobs/{job_id}/why")["body"])
    listed = json.loads(call(app, "GET", "/jobs")["body"])

    assert sealed["job"]["status"] == "COMPLETED"
    assert [event["type"] for event in item["history"]] == ["registered", "claimed", "completed"]
    assert page["events"][-1]["type"] == "job.completed"
    assert why["reasons"] == ["finished"]
    assert [job["jobId"] for job in listed["jobs"]] == [job_id]


def test_a_repeated_request_gives_the_first_answer_again(app):
    first = call(app, "POST", "/jobs", {"name": "n"}, idempotency_key="k")
    again = call(app, "POST", "/jobs", {"name": "n"}, idempotency_key="k")
    other = call(app, "POST", "/jobs", {"name": "m"}, idempotency_key="k")

    assert (first["statusCode"], again["statusCode"], other["statusCode"]) == (201, 201, 422)
    assert again["body"] == first["body"]
    assert again["headers"]["Idempotency-Replayed"] == "true"


def test_the_key_of_the_parameter_is_asked_for(app):
    refused = call(app, "GET", "/jobs", x_api_key="another")
    granted = call(app, "GET", "/jobs")

    assert (refused["statusCode"], granted["statusCode"]) == (401, 200)


def test_without_a_parameter_everybody_may_call(aws, idempotency_table):
    table = f"ledger-{uuid4().hex[:8]}"
    create_ledger_table(aws.client("dynamodb"), table)
    api = build_api(
        {"FORGELEDGER_TABLE": table, "FORGELEDGER_IDEMPOTENCY_TABLE": idempotency_table},
        dynamodb=aws.client("dynamodb"),
    )

    result = api.answer(http_event("GET", "/jobs"), Context())

    assert result.response["statusCode"] == 200


def test_each_request_is_counted_by_route_and_status(app, capsys, caplog):
    caplog.set_level("INFO")

    call(app, "GET", "/jobs/none")

    written = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    metrics = next(line for line in written if "_aws" in line)
    logged = next(record for record in caplog.records if record.message == "request answered")
    assert (metrics["route"], metrics["status"]) == ("GET /jobs/{jobId}", "404")
    assert metrics["Requests"] == [1.0]
    assert (logged.route, logged.status) == ("GET /jobs/{jobId}", 404)


def test_a_key_stands_for_the_job_id_that_was_claimed_with_it_first(aws, idempotency_table):
    clock = Clock()
    claims = DynamoDBJobIdClaims(
        aws.client("dynamodb"), idempotency_table, clock, IDEMPOTENCY_SECONDS
    )
    repeat = Repeat(key="k", fingerprint="f")

    assert claims.claim(repeat, "job-1") == "job-1"
    assert claims.claim(repeat, "job-2") == "job-1"
    with pytest.raises(IdempotencyKeyReused):
        claims.claim(Repeat(key="k", fingerprint="g"), "job-3")
    clock.pass_seconds(601)
    assert claims.claim(Repeat(key="k", fingerprint="g"), "job-4") == "job-4"


def test_a_throttled_claim_asks_to_come_again(aws, idempotency_table):
    client = aws.client("dynamodb")
    claims = DynamoDBJobIdClaims(client, idempotency_table, Clock(), IDEMPOTENCY_SECONDS)
    real = client.put_item

    def throttled(**request):
        raise client.exceptions.ProvisionedThroughputExceededException(
            {"Error": {"Code": "ProvisionedThroughputExceededException"}}, "PutItem"
        )

    client.put_item = throttled
    with pytest.raises(StorageBusy):
        claims.claim(Repeat(key="k", fingerprint="f"), "job-1")
    client.put_item = real


def test_a_claim_that_fails_otherwise_is_a_fault(aws):
    client = aws.client("dynamodb")
    claims = DynamoDBJobIdClaims(client, "no-such-table", Clock(), IDEMPOTENCY_SECONDS)

    with pytest.raises(client.exceptions.ResourceNotFoundException):
        claims.claim(Repeat(key="k", fingerprint="f"), "job-1")
