"""The API key: required by every route that returns data."""

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError

from forgeledger.bootstrap.api import build_api
from tests.support.time_left import looks


@pytest.fixture
def guarded(world):
    return lambda **headers: world.caller(lambda: "old-key\nnew-key\n", **headers)


def test_a_request_without_the_key_is_refused(guarded):
    reply = guarded().get("/jobs")

    assert (reply.status, reply.json["code"]) == (401, "unauthorized")
    assert reply.headers["Content-Type"] == "application/problem+json"
    assert "ApiKey" in reply.headers["WWW-Authenticate"]


@pytest.mark.parametrize("key", ["", "wrong", "old-key\nnew-key", "ключ"])
def test_a_wrong_key_is_refused_before_anything_is_looked_at(guarded, key):
    reply = guarded(x_api_key=key).post("/jobs", "not json")

    assert reply.status == 401


@pytest.mark.parametrize("key", ["old-key", "new-key"])
def test_each_of_the_keys_may_pass(guarded, key):
    reply = guarded(x_api_key=key).post("/jobs", {"name": "n"})

    assert reply.status == 201


def test_a_parameter_without_a_key_lets_nobody_pass(world):
    caller = world.caller(lambda: " ", x_api_key="")

    assert caller.get("/jobs").status == 401


def test_header_names_have_no_case(guarded):
    caller = guarded()
    caller.headers["X-Api-Key"] = "old-key"

    assert caller.get("/jobs").status == 200


@pytest.mark.parametrize("path", ["/health", "/openapi.json", "/swagger"])
def test_what_has_no_data_is_open(guarded, path):
    assert guarded().get(path).status == 200


def test_keys_that_cannot_be_read_let_nobody_pass(world):
    def broken():
        raise RuntimeError("no such parameter")

    reply = world.caller(broken, x_api_key="old-key").get("/jobs")

    assert reply.status == 500


class Ssm:
    """A parameter store that raises an error until it has keys."""

    def __init__(self, error):
        self.error = error
        self.keys = None
        self.tries = 0

    def get_parameter(self, **request):
        self.tries += 1
        if self.keys is None:
            raise self.error
        return {"Parameter": {"Value": self.keys}}


def error_of(code):
    return ClientError({"Error": {"Code": code}}, "GetParameter")


PERMANENT = (500, "api_keys_unreadable", None)
TEMPORARY = (503, "api_keys_busy", "1")


@pytest.mark.parametrize(
    ("error", "why", "expected"),
    [
        (error_of("ParameterNotFound"), "ParameterNotFound", PERMANENT),
        (error_of("AccessDenied"), "AccessDenied", PERMANENT),
        (error_of("AccessDeniedException"), "AccessDeniedException", PERMANENT),
        (error_of("InvalidKeyId"), "InvalidKeyId", PERMANENT),
        (error_of("ThrottlingException"), "ThrottlingException", TEMPORARY),
        (error_of("InternalServerError"), "InternalServerError", TEMPORARY),
        (ConnectTimeoutError(endpoint_url="https://ssm"), "ConnectTimeoutError", TEMPORARY),
    ],
)
def test_why_the_keys_cannot_be_read_is_said_without_saying_where(world, error, why, expected):
    ssm = Ssm(error)
    environment = {
        "FORGELEDGER_TABLE": "t",
        "FORGELEDGER_IDEMPOTENCY_TABLE": "i",
        "FORGELEDGER_API_KEY_PARAMETER": "/secret/name",
    }
    api = build_api(environment, dynamodb=object(), ssm=ssm, runtime=world.runtime)
    caller = world.caller(lambda: api.guard.read_keys(looks(2)))
    caller.headers["x-api-key"] = "new-key"

    before = caller.get("/jobs")
    tries = ssm.tries
    ssm.keys = "new-key"
    after = caller.get("/jobs")

    retry_after = before.headers.get("Retry-After")
    assert (before.status, before.json["code"], retry_after) == expected
    assert why in before.json["detail"]
    assert "/secret/name" not in before.text
    assert after.status == 200
    assert tries == (3 if expected is TEMPORARY else 1)
