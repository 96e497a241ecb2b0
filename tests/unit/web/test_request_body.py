"""Bodies that cannot be read: no JSON, no text, too large, or of another media type."""

import base64
import json

import pytest

from forgeledger.web.limits import HTTP_BODY_BYTES


@pytest.mark.parametrize(
    "body",
    ["{", '"text"', "[]", "[{}]", "null", '{"name": NaN}', "[" * 500, "[" * 500 + '"\\ud800"'],
)
def test_a_body_that_is_no_json_object_is_refused(caller, body):
    reply = caller.post("/jobs", body)

    assert reply.status == 422
    assert set(reply.wrong) == {"body"}


def test_a_missing_body_is_refused(caller):
    reply = caller.post("/jobs")

    assert reply.wrong == {"body": "required"}


def test_a_number_without_end_is_no_payload(caller):
    job_id = caller.new_job()

    reply = caller.post(
        f"/jobs/{job_id}/items:register", '{"items": [{"itemId": "a", "payload": 1e999}]}'
    )

    assert reply.wrong == {"items[0].payload": "json"}


def test_a_body_in_base64_is_read(caller):
    event = caller.event("POST", "/jobs", body=base64.b64encode(b'{"name": "n"}').decode())
    event["isBase64Encoded"] = True

    assert caller.send(event).status == 201


@pytest.mark.parametrize("body", ["!", base64.b64encode(b"\xff").decode()])
def test_a_body_that_is_no_text_is_refused(caller, body):
    event = {**caller.event("POST", "/jobs", body=body), "isBase64Encoded": True}

    assert caller.send(event).wrong == {"body": "json"}


def test_a_body_with_half_a_character_is_refused(caller):
    event = {**caller.event("POST", "/jobs"), "body": '{"name": "\ud800"}'}

    assert caller.send(event).wrong == {"body": "json"}


def test_the_largest_body_fits_into_an_event_of_lambda_and_one_more_byte_is_refused_by_us(caller):
    largest = json.dumps({"name": "x"}).ljust(HTTP_BODY_BYTES)

    event = caller.event("POST", "/jobs", body=largest)
    encoded = {**event, "body": base64.b64encode(largest.encode()).decode()}

    assert caller.send({**encoded, "isBase64Encoded": True}).status == 201
    assert max(len(json.dumps(request)) for request in (event, encoded)) < 6_000_000
    assert caller.post("/jobs", largest + " ").json["code"] == "body_too_large"


def test_a_body_over_the_limit_is_refused(caller, monkeypatch):
    monkeypatch.setattr("forgeledger.web.request_body.HTTP_BODY_BYTES", 100)

    reply = caller.post("/jobs", {"name": "é" * 50})

    assert (reply.status, reply.json["code"]) == (413, "body_too_large")


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded"])
def test_a_body_has_to_say_that_it_is_json(caller, kind):
    reply = caller.post("/jobs", {"name": "n"}, content_type=kind)

    assert (reply.status, reply.json["code"]) == (415, "unsupported_media_type")


def test_the_type_of_a_body_may_have_parameters_or_be_left_out(caller):
    event = caller.event("POST", "/jobs", body={"name": "n"})
    del event["headers"]["content-type"]

    assert caller.send(event).status == 201
    assert (
        caller.post("/jobs", {"name": "n"}, content_type="Application/JSON; charset=utf-8").status
        == 201
    )


@pytest.mark.parametrize("kind", ["text/plain", "application/octet-stream", "multipart/form-data"])
def test_an_empty_body_has_no_type(caller, kind):
    job_id = caller.new_job(items=["a"])
    claim, create = (
        caller.event("POST", path, body="") for path in (f"/jobs/{job_id}/items/a/claim", "/jobs")
    )
    claim["headers"]["content-type"] = create["headers"]["content-type"] = kind

    claimed, refused = caller.send(claim), caller.send(create)

    assert (claimed.status, claimed.json["outcome"]) == (200, "applied")
    assert (refused.status, refused.json["code"]) == (422, "invalid_request")
