import json
from collections import UserDict
from datetime import datetime, timedelta, timezone
from types import MappingProxyType

import pytest
from pydantic_core import from_json

from forgeledger.jobs.messages.command_fields import WORKER_ID
from forgeledger.jobs.messages.command_message import decode
from forgeledger.jobs.model.ids import group_of, lane_of
from forgeledger.sdk.command import CommandIds
from forgeledger.sdk.command_checks import checked_text
from forgeledger.sdk.errors import InvalidCommandError, PermanentItemError
from forgeledger.sdk.failure import Failure
from forgeledger.sdk.json_encoder import MOST_NESTING, body_of_command
from tests.support.api_callers import make_world
from tests.support.builders import JOB_ID
from tests.support.sdk_commands import AT, make_command

FAIL = f"/jobs/{JOB_ID}/items/a/fail"


def make(kind="claim", **overrides):
    return make_command(kind, **{"item_id": "invoice-17", **overrides})


def nested(levels):
    value = "x"
    for _ in range(levels):
        value = [value]
    return value


def test_a_command_travels_with_all_that_was_given():
    command = make(
        "complete", attempt=2, worker_id="w-3", result={"pages": 3}, at=AT.replace(microsecond=0)
    )

    assert json.loads(command.body) == {
        "type": "complete",
        "jobId": JOB_ID,
        "itemId": "invoice-17",
        "attempt": 2,
        "workerId": "w-3",
        "at": "2026-11-21T10:00:00.000Z",
        "commandId": "c-1",
        "result": {"pages": 3},
    }


def test_a_command_belongs_to_the_lane_of_its_item():
    assert make().group == group_of(JOB_ID, lane_of("invoice-17", 4))


def test_times_are_printed_in_utc():
    east = datetime(2026, 11, 21, 12, 0, tzinfo=timezone(timedelta(hours=2)))

    assert json.loads(make(at=east).body)["at"] == "2026-11-21T10:00:00.000Z"


def test_a_lease_goes_with_a_claim():
    assert json.loads(make(lease_seconds=60).body)["leaseSeconds"] == 60


@pytest.mark.parametrize(
    ("field", "overrides"),
    [
        ("jobId", {"job_id": "not-a-job"}),
        ("itemId", {"item_id": ""}),
        ("itemId", {"item_id": "x" * 257}),
        ("itemId", {"item_id": "\U0001f600" * 255}),
        ("itemId", {"item_id": "\ud800"}),
        *(("jobId", {"job_id": wrong}) for wrong in (5, None, ["j"], b"j")),
        *(("itemId", {"item_id": wrong}) for wrong in (5, None, ["a"], b"a")),
        ("attempt", {"attempt": 0}),
        ("attempt", {"attempt": True}),
        ("attempt", {"attempt": "1"}),
        ("dispatch", {"dispatch": 0}),
        ("retryAfterSeconds", {"retry_after_seconds": -1}),
        ("retryAfterSeconds", {"retry_after_seconds": 86_401}),
        ("leaseSeconds", {"lease_seconds": 0}),
        ("leaseSeconds", {"lease_seconds": 8 * 24 * 3600}),
        ("result", {"result": float("nan")}),
        ("result", {"result": {1, 2}}),
        ("result", {"result": "\ud800"}),
        ("result", {"result": "\uffff\ud800"}),
        ("result", {"result": "x" * 32 * 1024}),
        ("result", {"result": nested(MOST_NESTING + 1)}),
        ("result", {"result": nested(100_000)}),
    ],
)
def test_what_the_ledger_would_reject_is_refused_before_it_is_sent(field, overrides):
    with pytest.raises(InvalidCommandError) as caught:
        make("complete", **overrides)

    assert caught.value.field == field
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize(
    "result",
    [
        nested(MOST_NESTING),
        [{}] * 200,
        {"a": [1, {"b": ()}]},
        "\ufffe and \uffff",
        "\uffff" + "\u20ac" * 8_000,
        "\x00\x1f\x7f",
        "x" * (32 * 1024 - 2),
        "\U0001f600",
        0,
        False,
    ],
)
def test_every_result_that_is_sent_can_be_read_by_the_intake(result):
    command = make("complete", result=result)
    body = (b'{"commands":[' + command.body + b"]}").decode()

    decoded = decode(body, "m-1")

    assert not decoded.problems
    assert from_json(decoded.commands[0].command.result) == json.loads(json.dumps(result))
    assert not {"\ufffe", "\uffff"} & set(body)


def test_a_result_may_be_any_mapping():
    pages = MappingProxyType({"pages": [UserDict(first="\uffff")]})

    command = make("complete", result=pages)

    assert json.loads(command.body)["result"] == {"pages": [{"first": "\uffff"}]}


def test_levels_are_counted_whatever_they_are_made_of():
    with pytest.raises(InvalidCommandError, match=f"deeper than {MOST_NESTING} levels"):
        make("complete", result=[MappingProxyType({"a": nested(MOST_NESTING - 1)})])


def test_a_missing_result_is_left_out():
    assert "result" not in json.loads(make("complete").body)


def test_a_failure_is_cut_to_the_limits_rather_than_refused():
    failure = Failure(type="E" * 300, message="\U0001f600" * 2_000 + "\ud800")

    body = make("fail", failure=failure).body.decode()

    assert not decode(body, "m-1").problems
    assert len(failure.fields()["message"].encode()) == 4096


@pytest.mark.parametrize(
    "wrong",
    [
        *({"type": kind} for kind in (None, 5, True, ["E"])),
        *({"message": message} for message in (None, 5, ["m"], {"m": 1})),
        *({"retryable": flag} for flag in (None, 0, 1, "no", [])),
    ],
)
def test_a_failure_of_wrong_types_is_refused_in_the_words_of_intake_and_api(wrong):
    error = {"type": "E", **wrong}
    command = {"type": "fail", "jobId": JOB_ID, "itemId": "a", "error": error}
    (by_intake,) = decode(json.dumps(command), "m-1").problems
    (by_api,) = make_world().caller().post(FAIL, {"error": error}).json["errors"]

    with pytest.raises(InvalidCommandError) as caught:
        make("fail", failure=Failure(**error))

    assert (caught.value.field, caught.value.rule) == (by_intake.field, by_intake.rule)
    assert (caught.value.field, caught.value.rule) == (by_api["field"], by_api["message"])


def test_a_failure_of_types_that_have_no_json_at_all_is_refused_alike():
    with pytest.raises(InvalidCommandError, match=r"error\.message: must be text"):
        make("fail", failure=Failure(type="E", message=ValueError("x")))


def test_an_exception_whose_text_breaks_is_a_failure_too():
    class Mute(Exception):
        def __str__(self):
            raise KeyError("text")

    fields = Failure.of(Mute()).fields()

    assert fields == {"type": "Mute", "message": "<exception str() failed>", "retryable": True}


def test_a_text_is_the_message_of_an_error_without_a_type():
    fields = Failure.of("no such page").fields()

    assert fields == {"type": "Error", "message": "no such page", "retryable": True}


@pytest.mark.parametrize("wrong", [None, 5, b"boom", {"type": "E"}, ValueError])
def test_what_is_neither_an_exception_nor_a_failure_nor_a_text_is_refused(wrong):
    with pytest.raises(
        InvalidCommandError, match="error: must be an exception, a Failure or text, not "
    ):
        Failure.of(wrong)


def test_what_cannot_even_be_shown_is_refused_alike():
    class Mute:
        def __repr__(self):
            raise KeyError("text")

    with pytest.raises(InvalidCommandError, match=r"not an object of Mute$"):
        Failure.of(Mute())


def test_a_failure_without_a_type_is_an_error():
    assert Failure(type="").fields()["type"] == "Error"


@pytest.mark.parametrize(
    ("error", "retryable"),
    [(ValueError("x"), True), (PermanentItemError("x"), False)],
)
def test_an_exception_says_whether_it_may_be_tried_again(error, retryable):
    assert Failure.of(error) == Failure(type=type(error).__name__, message="x", retryable=retryable)


def test_an_attribute_that_is_no_flag_does_not_count():
    error = ValueError("x")
    error.retryable = lambda: False

    assert Failure.of(error).retryable


def test_ids_never_repeat_within_a_process_or_among_processes():
    ids, others = CommandIds(), CommandIds()

    drawn = {ids.next() for _ in range(100)} | {others.next() for _ in range(100)}

    assert len(drawn) == 200


@pytest.mark.parametrize("name", ["", "w" * 257, 5])
def test_a_workers_name_has_its_limits(name):
    with pytest.raises(InvalidCommandError, match="workerId"):
        checked_text(WORKER_ID, name)


def test_json_is_compact():
    assert body_of_command({"a": [1, "é"]}) == '{"a":[1,"é"]}'.encode()
