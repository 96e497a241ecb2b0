"""Register items through `Ledger`, chunk by chunk."""

from collections import UserDict
from types import MappingProxyType

import pytest
from pydantic.alias_generators import to_camel

from forgeledger.sdk.api.registration import RegistrationOptions
from forgeledger.sdk.errors import (
    ApiError,
    EmptySealError,
    InvalidCommandError,
    InvalidItemError,
    InvalidRequestError,
    RegistrationStoppedError,
)
from forgeledger.sdk.records import Registration
from tests.support.api_bodies import job_body
from tests.support.builders import JOB_ID

ONE_AT_A_TIME = RegistrationOptions(parallel=1)


def registered(count, existed=0, rejected=0):
    return {"registered": count, "alreadyExisted": existed, "rejected": rejected}


def test_a_job_of_many_items_gets_its_lanes_and_all_of_its_items(ledger, api):
    api.answer(job_body(), 201)
    api.answer(registered(1000)).answer(registered(1000)).answer(registered(1))
    api.answer(job_body(total=2001))

    job = ledger.create_job("n", items=[f"item-{n}" for n in range(2_001)], seal=True)

    assert job.total == 2_001
    assert api.bodies[0] == {"name": "n", "plannedItems": 2_001}
    chunks = sorted(api.bodies[1:4], key=lambda body: body["items"][-1] == "item-2000")
    assert [len(body["items"]) for body in chunks] == [1000, 1000, 1]
    assert [body.get("seal") for body in chunks] == [None, None, True]
    assert api.paths[-1] == f"GET /jobs/{JOB_ID}"


@pytest.mark.parametrize("found", [{"sealed": True}, {"epoch": 2}])
def test_a_job_that_its_key_named_before_gets_no_items_once_it_was_sealed(ledger, api, found):
    api.answer(job_body(created=False, total=2_001, **found))

    job = ledger.create_job("n", items=[f"item-{n}" for n in range(2_001)], job_key="k")

    assert job.total == 2_001
    assert api.paths == ["POST /jobs"]


def test_what_an_earlier_creation_with_the_key_left_undone_is_done(ledger, api):
    api.answer(job_body(created=False)).answer(registered(0, existed=1_000))
    api.answer(registered(1)).answer(job_body(sealed=True))

    ledger.create_job("n", items=[f"item-{n}" for n in range(1_001)], job_key="k", seal=True)

    assert len(api.paths) == 4
    assert api.bodies[2]["seal"] is True


def test_an_item_is_checked_once_though_the_job_comes_first(ledger, api, monkeypatch):
    checked = []
    monkeypatch.setattr("forgeledger.sdk.api.item_input.check_item", checked.append)
    api.answer(job_body(), 201).answer(registered(1000)).answer(job_body())
    items = [f"item-{n}" for n in range(1_001)]

    ledger.create_job("n", items=items)

    assert checked == items


def test_items_of_unknown_number_leave_the_lanes_to_the_ledger(ledger, api):
    api.answer(job_body(), 201).answer(registered(1000)).answer(job_body())

    ledger.create_job("n", items=(f"item-{n}" for n in range(1_001)))

    assert api.bodies[0] == {"name": "n"}


def test_registration_sums_up_and_reports_its_progress(ledger, api):
    api.answer(registered(1000)).answer(registered(900, 60, 40)).answer(registered(500))
    progress = []

    total = ledger.register(
        JOB_ID,
        (f"item-{n}" for n in range(2_500)),
        options=ONE_AT_A_TIME,
        on_progress=progress.append,
    )

    assert total == Registration(registered=2_400, already_existed=60, rejected=40)
    assert [so_far.sent for so_far in progress] == [1_000, 2_000, 2_500]


def test_the_chunk_that_seals_goes_last(ledger, api):
    api.answer(registered(1))

    ledger.register(
        JOB_ID,
        list("abcdefg"),
        seal=True,
        options=RegistrationOptions(chunk_items=2, parallel=3),
    )

    assert sum(len(body["items"]) for body in api.bodies) == 7
    assert api.bodies[-1] == {"items": ["g"], "seal": True}
    assert all("seal" not in body for body in api.bodies[:-1])


def test_sealing_a_job_with_nothing_to_register_seals_it(ledger, api):
    api.answer({"outcome": "applied", "job": job_body()})

    assert ledger.register(JOB_ID, [], seal=True, allow_empty=True) == Registration()
    assert api.paths == [f"POST /jobs/{JOB_ID}/seal"]


@pytest.mark.parametrize("items", [[], iter(())])
def test_nothing_is_not_sealed_by_accident(ledger, api, items):
    with pytest.raises(EmptySealError, match=r"^seal: no items .*allow_empty=True"):
        ledger.register(JOB_ID, items, seal=True)
    with pytest.raises(EmptySealError, match=r"^seal: no items .*allow_empty=True"):
        ledger.create_job("n", items=items, seal=True)

    assert api.requests == []


@pytest.mark.parametrize("allow_empty", [None, 1, "yes"])
def test_what_permits_an_empty_seal_is_true_or_false(ledger, api, allow_empty):
    with pytest.raises(InvalidCommandError, match=r"^allow_empty: must be true or false"):
        ledger.register(JOB_ID, [], seal=True, allow_empty=allow_empty)

    assert api.requests == []


@pytest.mark.parametrize("lanes", [{"lanes": 3}, {"planned_items": 9}, {"expected_items": 2_000}])
def test_a_number_that_is_given_comes_before_that_of_the_items(ledger, api, lanes):
    api.answer(job_body(), 201).answer(registered(1000)).answer(job_body())

    ledger.create_job("n", items=[f"item-{n}" for n in range(1_001)], **lanes)

    ((name, value),) = lanes.items()
    assert api.bodies[0] == {"name": "n", to_camel(name): value}


@pytest.mark.parametrize(
    "given", ["invoice-1", b"invoice-1", bytearray(b"a"), {"a": {"payload": 1}}, None, 5]
)
def test_what_would_come_apart_is_no_list_of_items_or_tags(ledger, api, given):
    rule = f"must be a list or another iterable, not a {type(given).__name__}; put"

    with pytest.raises(InvalidCommandError, match=f"^items: {rule}"):
        ledger.register(JOB_ID, given, seal=True)
    with pytest.raises(InvalidCommandError, match=f"^items: {rule}"):
        ledger.create_job("x", items=given)
    with pytest.raises(InvalidCommandError, match=f"^tags: {rule}"):
        ledger.create_job("x", items=["a"], tags=given)

    assert api.requests == []


@pytest.mark.parametrize("given", [("a", "b"), iter(["a", "b"]), {"a": 1, "b": 2}.keys()])
def test_any_iterable_of_items_is_taken(ledger, api, given):
    api.answer(registered(2))

    ledger.register(JOB_ID, given)

    assert api.bodies == [{"items": ["a", "b"]}]


def test_nothing_to_register_is_no_request(ledger, api):
    assert ledger.register(JOB_ID, iter(())) == Registration()
    assert api.requests == []


def test_a_registration_that_stops_says_how_far_it_came(ledger, api):
    api.answer(registered(2)).problem(404, "job_not_found")

    with pytest.raises(RegistrationStoppedError) as caught:
        ledger.register(
            JOB_ID, list("abcdef"), options=RegistrationOptions(chunk_items=2, parallel=1)
        )

    assert caught.value.registration == Registration(registered=2)
    assert isinstance(caught.value.__cause__, ApiError)
    assert str(caught.value).startswith("registration stopped after 2 items were answered: 404 ")
    assert len(api.requests) == 2


@pytest.mark.parametrize(
    ("item", "message"),
    [
        ("", "items[3]: itemId must have 1 to 256 characters, not 0"),
        ({"payload": 1}, "items[3]: itemId is missing or not text"),
        ({"item_id": "\ud800"}, "items[3]: itemId is not valid Unicode"),
        ({"itemId": "a", "payload": {1, 2}}, "items[3]: payload is not JSON: "),
        ({"itemId": "a", "payload": "x" * 32_767}, "items[3]: payload must be at most 32768 bytes"),
        ({"itemId": "a", "colour": 1}, "items[3]: colour is not a field of an item"),
        (17, "items[3]: item must be an itemId or an object that has one"),
    ],
)
def test_an_item_that_the_ledger_would_refuse_is_named_by_its_index(ledger, api, item, message):
    api.answer(registered(2))

    with pytest.raises(RegistrationStoppedError) as caught:
        ledger.register(
            JOB_ID,
            ["a", "b", "c", item],
            options=RegistrationOptions(chunk_items=2, parallel=1),
        )

    assert isinstance(caught.value.__cause__, InvalidItemError)
    assert str(caught.value.__cause__).startswith(message)
    assert caught.value.__cause__.index == 3
    assert all("c" not in body["items"] for body in api.bodies)


def test_an_item_may_be_any_mapping_and_so_may_what_stands_in_its_payload(ledger, api):
    api.answer(registered(3))
    pages = MappingProxyType({"pages": [UserDict(first=1), MappingProxyType({"last": 3})]})
    items = [MappingProxyType({"itemId": "a"}), UserDict(itemId="b", payload=pages), "c"]

    ledger.register(JOB_ID, items)

    payload = {"pages": [{"first": 1}, {"last": 3}]}
    assert api.bodies == [{"items": [{"itemId": "a"}, {"itemId": "b", "payload": payload}, "c"]}]


@pytest.mark.parametrize("options", ["policy", "metadata"])
def test_what_a_job_is_given_may_be_any_mapping_too(ledger, api, options):
    api.answer(job_body(), 201)

    ledger.create_job("n", **{options: MappingProxyType({"a": UserDict(b=1)})})

    assert api.bodies == [{"name": "n", options: {"a": {"b": 1}}}]


@pytest.mark.parametrize("wrong", [{1, 2}, {(1, 2): 3}, float("nan"), MappingProxyType({"a": b""})])
def test_what_has_no_json_is_named_by_its_index_before_anything_is_sent(ledger, api, wrong):
    with pytest.raises(InvalidItemError, match=r"items\[1\]: payload is not JSON: ") as caught:
        ledger.create_job("n", items=["a", UserDict(itemId="b", payload={"in": [wrong]})])

    with pytest.raises(InvalidCommandError, match="metadata: is not JSON: "):
        ledger.create_job("n", metadata={"in": [wrong]})

    assert (caught.value.index, caught.value.field) == (1, "payload")
    assert api.requests == []


def test_a_job_whose_first_items_are_wrong_is_not_created(ledger, api):
    with pytest.raises(InvalidItemError):
        ledger.create_job("n", items=["a", ""])

    assert api.requests == []


def test_what_the_api_finds_wrong_is_named_by_its_index_in_all_items(ledger, api):
    wrong = [
        {"field": "items[1].payload", "rule": "max_bytes", "message": "too large"},
        {"field": "seal", "rule": "type", "message": "must be true or false"},
    ]
    api.answer(registered(2)).problem(422, "invalid_request", errors=wrong)

    with pytest.raises(RegistrationStoppedError) as caught:
        ledger.register(
            JOB_ID, list("abcd"), options=RegistrationOptions(chunk_items=2, parallel=1)
        )

    cause = caught.value.__cause__
    assert isinstance(cause, InvalidRequestError)
    assert [error.field for error in cause.problem.errors] == ["items[3].payload", "seal"]
    assert "items[3].payload: too large" in str(caught.value)


def test_a_job_that_is_made_is_named_when_its_items_cannot_be_registered(ledger, api):
    api.answer(job_body(), 201).problem(404, "job_not_found")

    with pytest.raises(RegistrationStoppedError) as caught:
        ledger.create_job("n", items=[f"item-{n}" for n in range(1_001)])

    assert caught.value.__notes__ == [
        f"job {JOB_ID} is created; register its items again, from the start"
    ]


@pytest.mark.parametrize("given", ["no", "", 1, None])
def test_seal_is_true_or_false_and_nothing_that_only_looks_like_it(ledger, api, given):
    for call in (
        lambda: ledger.create_job("nightly", seal=given),
        lambda: ledger.register(JOB_ID, ["a"], seal=given),
    ):
        with pytest.raises(InvalidCommandError, match=r"^seal: must be true or false, not "):
            call()

    assert api.requests == []
