import pytest

from forgeledger.sdk.api.api_client import ApiClient
from forgeledger.sdk.errors import (
    AccessRefusedError,
    ApiError,
    ConflictError,
    InvalidCommandError,
    InvalidRequestError,
    InvalidSettingError,
    NoAnswerError,
    NotFoundError,
    UnavailableError,
)
from tests.support.api_callers import make_world

UNREACHABLE = NoAnswerError("GET", "https://api", "refused")


def test_a_get_names_its_path_and_parameters(client, api):
    api.answer({"x": 1})

    assert client.get("jobs", "j", "items", "a/b ?", state=None, limit=5) == {"x": 1}

    assert api.paths == ["GET /jobs/j/items/a%2Fb%20%3F?limit=5"]
    assert api.requests[0].headers["x-api-key"] == "key-1"


def test_a_post_carries_its_body_and_a_key_of_its_own(client, api):
    api.answer({})

    client.post("jobs", "j", "items:register", body={"items": ["é"]})
    client.post("jobs", "j", "seal")

    assert api.paths == ["POST /jobs/j/items:register", "POST /jobs/j/seal"]
    assert api.bodies == [{"items": ["é"]}, {}]
    keys = [request.headers["idempotency-key"] for request in api.requests]
    assert len(set(keys)) == 2


@pytest.mark.parametrize("wrong", [{1, 2}, float("inf"), object(), b"x"])
def test_a_field_that_has_no_json_is_refused_by_its_name(client, api, wrong):
    with pytest.raises(InvalidCommandError, match="result: is not JSON: "):
        client.post("jobs", "j", "items", "a", "complete", body={"attempt": 1, "result": wrong})

    assert api.requests == []


def test_what_has_no_json_though_each_field_has_is_refused_as_a_whole(client, api):
    with pytest.raises(InvalidCommandError, match="body: is not JSON: keys must be"):
        client.post("jobs", body={("na", "me"): "n"})

    assert api.requests == []


def test_without_an_api_key_none_is_sent(api):
    api.answer({})

    ApiClient("https://api", api).get("health")

    assert "x-api-key" not in api.requests[0].headers


@pytest.mark.parametrize("key", ["secret\n", " secret", "secr\u2713t", 5])
def test_an_api_key_that_no_header_can_carry_is_refused_and_not_shown(api, key):
    with pytest.raises(InvalidSettingError, match=r"^api_key: must be printable") as caught:
        ApiClient("https://api", api, api_key=key)

    assert "sec" not in str(caught.value)


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_what_may_pass_is_tried_again_with_the_same_key(client, api, naps, status):
    api.problem(status, "busy").fail(UNREACHABLE).answer({"done": True})

    assert client.post("jobs", body={}) == {"done": True}

    assert len(api.requests) == 3
    assert len({request.headers["idempotency-key"] for request in api.requests}) == 1
    assert len(naps) == 2


@pytest.mark.parametrize("key", ["mine", "k" * 256, "two words", "caf\u00e9"])
def test_a_key_may_be_given(client, api, key):
    api.answer({})

    client.post("jobs", idempotency_key=key)

    assert api.requests[0].headers["idempotency-key"] == key


@pytest.mark.parametrize("key", ["", "k" * 257])
def test_a_key_that_the_api_would_refuse_is_refused_in_its_words(client, api, key):
    (by_api,) = make_world().caller().post("/jobs", {}, idempotency_key=key).json["errors"]

    with pytest.raises(InvalidCommandError) as caught:
        client.post("jobs", idempotency_key=key)

    assert (caught.value.field, caught.value.rule) == (by_api["field"], by_api["message"])
    assert api.requests == []


@pytest.mark.parametrize("key", [5, b"k", " ", "k ", " k", "k\n", "a\tb", "\u20ac", "\ud800"])
def test_a_key_that_no_header_brings_over_as_it_is_is_refused(client, api, key):
    with pytest.raises(InvalidCommandError, match="Idempotency-Key: must be "):
        client.post("jobs", idempotency_key=key)

    assert api.requests == []


def test_a_first_try_that_is_still_at_work_is_asked_for_again(client, api):
    api.problem(409, "request_in_flight").answer({"done": True})

    assert client.post("jobs") == {"done": True}


def test_the_key_of_a_function_that_crashed_is_waited_for_longer_than_the_function_may_take(
    client, api, naps
):
    api.problem(500, "internal")
    for _ in range(30):
        api.problem(409, "request_in_flight")
    api.answer({"done": True})

    assert client.post("jobs") == {"done": True}

    assert sum(naps) > 29


def test_a_key_that_stays_in_flight_is_a_typed_error(client, api, naps):
    api.problem(409, "request_in_flight")

    with pytest.raises(ConflictError):
        client.post("jobs")

    assert sum(naps) < 60


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, InvalidRequestError),
        (413, InvalidRequestError),
        (422, InvalidRequestError),
        (401, AccessRefusedError),
        (403, AccessRefusedError),
        (404, NotFoundError),
        (409, ConflictError),
        (418, ApiError),
        (501, UnavailableError),
    ],
)
def test_what_will_not_pass_is_a_typed_error_at_once(client, api, naps, status, error):
    api.problem(status, "some_code")

    with pytest.raises(ApiError) as caught:
        client.get("jobs")

    assert type(caught.value) is error
    assert (caught.value.status, caught.value.code) == (status, "some_code")
    assert len(api.requests) == 1
    assert naps == []


def test_tries_are_bounded(client, api):
    api.problem(503, "busy")

    with pytest.raises(UnavailableError):
        client.get("jobs")

    assert len(api.requests) == 3


def test_an_api_that_stays_out_of_reach_is_a_typed_error(client, api):
    api.fail(UNREACHABLE)

    with pytest.raises(NoAnswerError):
        client.get("jobs")

    assert len(api.requests) == 3


def test_the_wait_that_the_api_asks_for_is_bounded(client, api, naps):
    api.answer({}, 429, retry_after="3600").answer({}, 429, retry_after="soon").answer({})

    client.get("jobs")

    assert naps[0] == 0.4
    assert naps[1] <= 0.2


def test_every_wrong_field_is_reported(client, api):
    errors = [{"field": "items[3].itemId", "rule": "max_length", "message": "too long"}]
    api.problem(422, "invalid_request", errors=errors)

    with pytest.raises(
        InvalidRequestError, match=r"^422 invalid_request: items\[3\].itemId: too long$"
    ) as caught:
        client.post("jobs")

    (wrong,) = caught.value.problem.errors
    assert (wrong.field, wrong.rule) == ("items[3].itemId", "max_length")


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b"<html>Bad", "<html>Bad"),
        (b'{"message": "Forbidden"}', "Forbidden"),
        (b"[]", "[]"),
        (b'{"errors": "many", "detail": "x"}', "x"),
        (b'{"errors": ["many"], "detail": "x"}', "x"),
    ],
)
def test_the_answer_of_a_proxy_in_front_of_the_api_is_shown_unchanged(client, api, body, detail):
    api.answer(body, 403)

    with pytest.raises(AccessRefusedError) as caught:
        client.get("jobs")

    assert (caught.value.code, caught.value.problem.detail) == ("http_403", detail)


@pytest.mark.parametrize("body", [b"<html>", b"[]"])
def test_an_answer_that_is_not_from_a_ledger_is_reported(client, api, body):
    api.answer(body)

    with pytest.raises(ApiError, match="is it a ForgeLedger") as caught:
        client.get("jobs")

    assert caught.value.code == "not_a_ledger"
