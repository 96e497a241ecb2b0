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


def read_work(body, receive_count):
    return work_message.read_work(body, receive_count, UnknownFields())


def test_a_message_may_say_all_in_either_spelling():
    camel = read_work(json.dumps({**GOOD, "kind": "k", "payload": [1]}), 2)
    snake = read_work(
        json.dumps({"job_id": JOB_ID, "item_id": "i", "kind": "k", "payload": [1]}), 2
    )

    assert camel == snake
    assert camel == WorkMessage(job_id=JOB_ID, item_id="i", attempt=2, kind="k", payload=[1])


@pytest.mark.parametrize("name", sorted(WORK_NAMES))
def test_a_field_that_is_known_is_read(name):
    rest = {known: value for known, value in GOOD.items() if known != to_camel(name)}
    value = {**GOOD, "attempt": 7, "leaseSeconds": 60}.get(to_camel(name), "other")

    with_it = read_work(json.dumps({**rest, name: value}), 1)

    assert getattr(with_it, to_snake(name)) == value


def test_all_that_is_read_is_known_in_either_spelling():
    read = [field.name for field in fields(WorkMessage)]

    assert {spelled for name in read for spelled in (name, to_camel(name))} == WORK_NAMES


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
