"""The API key: asked for by everything that has data."""

import pytest


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
