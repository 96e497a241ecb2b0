"""An item is refused before it is sent if, and only if, the API would refuse it."""

import json
from types import MappingProxyType

import pytest

from forgeledger.jobs.model.limits import ITEM_ID_CHARACTERS, PAYLOAD_BYTES
from forgeledger.sdk.api.item_input import MOST_LEVELS, check_item
from forgeledger.sdk.errors import InvalidCommandError
from forgeledger.web.limits import HTTP_BODY_BYTES
from tests.support.api_callers import make_world
from tests.support.builders import JOB_ID

LAMBDA_EVENT_BYTES = 6 * 1024 * 1024


def lists(levels):
    return [lists(levels - 1)] if levels else "x"


def objects(levels):
    return {"a": objects(levels - 1)} if levels else "x"


def is_sent(item):
    try:
        check_item(item)
    except InvalidCommandError:
        return False
    return True


@pytest.fixture(scope="module")
def caller():
    return make_world().caller()


@pytest.fixture(scope="module")
def job_id(caller):
    return caller.new_job()


@pytest.mark.parametrize(
    ("payload", "taken"),
    [
        (lists(101), True),
        (lists(MOST_LEVELS), True),
        (lists(MOST_LEVELS + 1), False),
        (objects(MOST_LEVELS), True),
        (objects(MOST_LEVELS + 1), False),
        (MappingProxyType(objects(MOST_LEVELS)), True),
        (MappingProxyType(objects(MOST_LEVELS + 1)), False),
        ([{}] * 300, True),
        ("x" * (PAYLOAD_BYTES - 2), True),
        ("x" * (PAYLOAD_BYTES - 1), False),
        ("\uffff" + "\u20ac" * 8_000, True),
        ("\ufffe" + "\u00e9" * ((PAYLOAD_BYTES - 5) // 2), True),
        ("\ufffe" + "\u00e9" * ((PAYLOAD_BYTES - 5) // 2 + 1), False),
        ("\uffff" * (PAYLOAD_BYTES // 3), True),
        ("\uffff" * (PAYLOAD_BYTES // 3 + 1), False),
        ("\U0001f600" * (PAYLOAD_BYTES // 4), False),
        ("\x01" * ((PAYLOAD_BYTES - 2) // 6), True),
        ("\x01" * ((PAYLOAD_BYTES - 2) // 6 + 1), False),
        ('"' * (PAYLOAD_BYTES // 2 - 1), True),
        ('"' * (PAYLOAD_BYTES // 2), False),
        ("\ud800", False),
        ("\uffff\ud800", False),
        (float("inf"), False),
        ({"a": [1, 10**30, 0.1, -0.0, True, None]}, True),
    ],
)
def test_a_payload_is_measured_as_the_api_measures_it(caller, job_id, payload, taken):
    item = {"itemId": "i", "payload": payload}
    plain = dict(payload) if isinstance(payload, MappingProxyType) else payload
    body = {"items": [{**item, "payload": plain}]}

    reply = caller.post(f"/jobs/{job_id}/items:register", body)

    assert (is_sent(item), reply.status == 200) == (taken, taken), reply.text


@pytest.mark.parametrize(
    ("fields", "taken"),
    [
        ({"kind": "resize", "group": "!~", "notBefore": "2026-12-01T09:00:00+01:00"}, True),
        ({"kind": None, "group": None, "not_before": None}, True),
        ({"kind": ""}, False),
        ({"kind": "\u00e9" * 128}, True),
        ({"kind": "k" * 129}, False),
        ({"kind": 7}, False),
        ({"group": "g" * 128}, True),
        ({"group": "g" * 129}, False),
        ({"group": ""}, False),
        ({"group": "two words"}, False),
        ({"group": "\u00e9"}, False),
        ({"not_before": "1969-12-31T23:59:59Z"}, False),
        ({"notBefore": "2286-11-20T17:46:39.999Z"}, True),
        ({"notBefore": "2286-11-20T17:46:40Z"}, False),
        ({"notBefore": "tomorrow"}, False),
        ({"notBefore": 5}, False),
    ],
)
def test_what_an_item_is_registered_with_is_checked_as_the_api_checks_it(
    caller, job_id, fields, taken
):
    item = {"itemId": "i", **fields}

    reply = caller.post(f"/jobs/{job_id}/items:register", {"items": [item]})

    assert (is_sent(item), reply.status == 200) == (taken, taken), reply.text


@pytest.mark.parametrize("payload", [lists(MOST_LEVELS), objects(MOST_LEVELS), "\uffff\u20ac"])
def test_the_deepest_and_the_strangest_come_back(caller, payload):
    job_id = caller.new_job(items=[{"itemId": "i", "payload": payload}])

    assert caller.get(f"/jobs/{job_id}/items/i").json["payload"] == payload


@pytest.mark.parametrize(
    "payload",
    ["\uffff" * (PAYLOAD_BYTES // 3), '"' * (PAYLOAD_BYTES // 2 - 1), "x" * (PAYLOAD_BYTES - 2)],
)
@pytest.mark.parametrize("large", [1, 60, 100, 500])
def test_no_request_is_larger_than_the_api_takes(ledger, api, payload, large):
    api.answer({"registered": 1, "alreadyExisted": 0, "rejected": 0})
    rest = (ITEM_ID_CHARACTERS - 2) * "\U0001f600"
    items = [{"itemId": f"{number}", "payload": payload} for number in range(large)]

    ledger.register(JOB_ID, [*items, *[rest] * (1_000 - large)])

    assert sum(len(body["items"]) for body in api.bodies) == 1_000
    assert max(len(request.body) for request in api.requests) <= HTTP_BODY_BYTES
    assert (
        max(len(json.dumps(request.body.decode())) for request in api.requests) < LAMBDA_EVENT_BYTES
    )
