"""Half of a surrogate pair in a request is refused before it is stored or written anywhere."""

import json

import pytest

from tests.support.api_callers import Context

LONE = "\ud800"


@pytest.mark.parametrize("path", ["/{}", "/jobs/{}", "/jobs/x/items/a{}b", "/jobs/x/events/{}"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_path_with_half_a_pair_is_refused(caller, method, path):
    reply = caller.send(caller.event(method, path.format(LONE)))

    assert (reply.status, reply.wrong) == (422, {"path": "unicode"})
    assert reply.text.encode()


@pytest.mark.parametrize("parameters", [{"tag": LONE}, {LONE: "x"}])
def test_a_query_with_half_a_pair_is_refused(caller, parameters):
    event = caller.event("GET", "/jobs")
    event["queryStringParameters"] = parameters

    assert caller.send(event).wrong == {"query": "unicode"}


@pytest.mark.parametrize("header", ["idempotency-key", "content-type", "x-other"])
def test_a_header_with_half_a_pair_is_refused(caller, header):
    event = caller.event("POST", "/jobs", body={"name": "n"}, headers={header: LONE})

    assert caller.send(event).wrong == {"headers": "unicode"}


def test_a_key_with_half_a_pair_is_a_wrong_one(world):
    caller = world.caller(lambda: "?", x_api_key=LONE)

    assert caller.get(f"/jobs/{LONE}").status == 401


def test_the_log_gets_a_path_that_can_be_written(caller):
    result = caller.api.answer(caller.event("GET", f"/jobs/{LONE}/why"), Context())

    assert result.path == "/jobs/?/why"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": LONE}, "name"),
        (
            {"name": "n", "metadata": {"who": ["ok", {"first": f"a{LONE}"}]}},
            "metadata.who[1].first",
        ),
        ({"name": "n", "items": ["a", {"itemId": "\udc00", "payload": LONE}]}, "items[1].itemId"),
        ({"name": "n", "metadata": {LONE: 1}}, "metadata.?"),
        ({"name": "\N{KEY}\u00e9", "tags": ["x", LONE]}, "tags[1]"),
    ],
)
def test_a_field_with_half_a_pair_is_named_and_makes_no_job(caller, body, field):
    reply = caller.post("/jobs", json.dumps(body))

    assert (reply.status, reply.wrong) == (422, {field: "unicode"})
    assert caller.get("/jobs").json["jobs"] == []


def test_the_name_of_a_field_with_half_a_pair_is_cut(caller):
    reply = caller.post("/jobs", json.dumps({"x" * 1_000: LONE}))

    assert reply.wrong == {"x" * 64: "unicode"}
