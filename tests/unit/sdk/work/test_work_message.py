import json
from dataclasses import fields

import pytest
from pydantic.alias_generators import to_camel, to_snake

from forgeledger.jobs.messages.command_fields import WORK_NAMES
from forgeledger.sdk.errors import InvalidWorkError
from forgeledger.sdk.work import work_message
from forgeledger.sdk.work.work_message import WorkMessage
from forgeledger.unknown_fields import UnknownFields
from tests.support.builders import JOB_ID

GOOD = {"jobId": JOB_ID, "itemId": "i"}
WHOLE = "must be a whole number from 1 to 1000000000"


BY_LEDGER = {"jobId": JOB_ID, "redelivery": "ledger", "leaseSeconds": 300}


def read_works(body, receive_count):
    return work_message.read_work(body, receive_count, UnknownFields())


def read_work(body, receive_count):
    (work,) = read_works(body, receive_count)
    return work


def test_a_message_may_say_all_in_either_spelling():
    camel = read_work(json.dumps({**GOOD, "kind": "k", "payload": [1]}), 2)
    snake = read_work(
        json.dumps({"job_id": JOB_ID, "item_id": "i", "kind": "k", "payload": [1]}), 2
    )

    assert camel == snake
    assert camel == WorkMessage(
        job_id=JOB_ID, item_id="i", attempt=2, kind="k", payload=[1], deliveries=2
    )


READ = ("job_id", "item_id", "attempt", "kind", "payload", "lease_seconds", "run_seconds")


@pytest.mark.parametrize("name", [name for name in sorted(WORK_NAMES) if to_snake(name) in READ])
def test_a_field_that_is_known_is_read(name):
    good = {**BY_LEDGER, **GOOD, "attempt": 7, "leaseSeconds": 60, "runSeconds": 60}
    rest = {known: value for known, value in good.items() if known != to_camel(name)}
    value = good.get(to_camel(name), "other")

    with_it = read_work(json.dumps({**rest, name: value}), 1)

    assert getattr(with_it, to_snake(name)) == value


def test_all_that_is_read_is_known_in_either_spelling():
    others = ("items", "redelivery", "sentAt")

    spelled = {name for field in (*READ, *others) for name in (to_snake(field), to_camel(field))}

    assert spelled == WORK_NAMES
    assert {field.name for field in fields(WorkMessage)} == {*READ, "deliveries", "dispatch"}


def test_only_a_message_of_the_ledger_is_for_a_dispatch_whatever_the_delivery():
    by_ledger = read_work(json.dumps({**BY_LEDGER, "itemId": "i", "attempt": 3}), 2)
    by_user = read_work(
        json.dumps({**GOOD, "attempt": 3, "leaseSeconds": 60, "runSeconds": "x"}), 2
    )

    assert (by_ledger.dispatch, by_ledger.attempt, by_ledger.deliveries) == (3, 4, 2)
    assert (by_user.dispatch, by_user.attempt, by_user.lease_seconds) == (None, 4, 60)
    assert by_user.run_seconds is None


def test_a_message_may_give_several_items_each_with_an_attempt_of_its_own():
    items = [{"itemId": "a", "attempt": 1, "payload": 1}, {"item_id": "b", "attempt": 4}]

    first, second = read_works(json.dumps({**BY_LEDGER, "runSeconds": 60, "items": items}), 2)

    shared = {"job_id": JOB_ID, "deliveries": 2, "lease_seconds": 300, "run_seconds": 60}
    assert first == WorkMessage(item_id="a", attempt=2, dispatch=1, payload=1, **shared)
    assert second == WorkMessage(item_id="b", attempt=5, dispatch=4, **shared)


def test_of_a_message_for_one_item_a_field_called_items_is_ignored():
    assert read_work(json.dumps({**GOOD, "items": 3}), 1).item_id == "i"


@pytest.mark.parametrize(
    ("items", "message"),
    [
        ([], r"items: must be a list of items, not \[\]"),
        ({"itemId": "a"}, "items: must be a list of items, not {'itemId': 'a'}"),
        ([{"itemId": "a"}, "b"], r"items\[1\]: must be a JSON object, not 'b'"),
        ([{"itemId": "a"}, {}], r"items\[1\].itemId: is missing"),
        ([{"itemId": "a", "attempt": 0}], rf"items\[0\].attempt: {WHOLE}, not 0"),
        ([{"itemId": "a", "kind": 1}], r"items\[0\].kind: must be text, not 1"),
    ],
)
def test_a_wrong_item_of_several_is_reported_by_its_place(items, message):
    with pytest.raises(InvalidWorkError, match=f"^{message}$"):
        read_works(json.dumps({**BY_LEDGER, "items": items}), 1)


def test_a_message_that_stands_for_a_later_attempt_counts_from_there():
    assert read_work(json.dumps({**GOOD, "attempt": 4}), 2).attempt == 5


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"kind": 9}, "kind: must be text, not 9"),
        ({"attempt": 0}, f"attempt: {WHOLE}, not 0"),
        ({"attempt": "x"}, f"attempt: {WHOLE}, not 'x'"),
        ({"attempt": True}, f"attempt: {WHOLE}, not True"),
        ({"leaseSeconds": 0}, "leaseSeconds: must be a whole number from 1 to 604800, not 0"),
        ({"itemId": 5}, "itemId: must be text of 1 to 256 characters, not 5"),
        ({"itemId": ""}, "itemId: must have 1 to 256 characters, not 0"),
        ({"jobId": 5}, "jobId: 5 is not the id of a job"),
        ({"jobId": "J"}, "jobId: 'J' is not the id of a job"),
    ],
)
def test_a_wrong_field_is_reported_by_its_name_and_its_rule(more, message):
    with pytest.raises(InvalidWorkError) as caught:
        read_work(json.dumps({**GOOD, **more}), 1)

    assert str(caught.value) == message


@pytest.mark.parametrize("field", GOOD)
def test_only_what_is_not_there_is_missing(field):
    with pytest.raises(InvalidWorkError, match=f"^{field}: is missing$"):
        read_work(json.dumps({name: GOOD[name] for name in GOOD if name != field}), 1)
