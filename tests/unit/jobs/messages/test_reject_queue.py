"""The reject queue takes what came, byte for byte, and never refuses it."""

import json
from collections.abc import Callable

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from forgeledger.errors import OutOfTime
from forgeledger.jobs.messages.command_message import decode
from forgeledger.jobs.messages.reject_queue import SqsRejectQueue
from forgeledger.jobs.model.limits import MESSAGE_BYTES
from forgeledger.jobs.model.message import CommandProblem, Message
from forgeledger.runtime import Runtime
from tests.support.builders import JOB_ID, NOW
from tests.support.fake_queues import denied, throttled
from tests.support.sqs_limits import check_message
from tests.support.time_left import always, looks

NO_JSON = CommandProblem("body", "must be JSON")


class Queue:
    """A queue with the limits of SQS, whose first calls fail."""

    def __init__(self, *faults: Exception, most_bytes: int = MESSAGE_BYTES) -> None:
        self.faults = list(faults)
        self.most_bytes = most_bytes
        self.sent: list[dict[str, object]] = []
        self.calls = 0

    def send_message(self, **request: object) -> None:
        self.calls += 1
        if self.faults:
            raise self.faults.pop(0)
        check_message(request["MessageBody"], request["MessageAttributes"], self.most_bytes)
        self.sent.append(request)


def stored(
    text: str,
    *problems: CommandProblem,
    queue: Queue | None = None,
    group_id: str = "g-1",
    has_time: Callable[[], bool] = always,
) -> tuple[bool, dict[str, object]]:
    """Whether the queue has all of the message, and what was sent to it."""
    queue = queue or Queue()
    message = Message(
        message_id="m-1",
        source_id="m-0",
        group_id=group_id,
        sent_at=NOW,
        text=text,
        body=decode(text, "m-1"),
    )
    rejects = SqsRejectQueue(lambda: queue, "the-url", Runtime(sleep=lambda _: None))
    is_whole = rejects.put(message, problems, has_time)
    (request,) = queue.sent
    return is_whole, request


def put(text: str, *problems: CommandProblem) -> dict[str, object]:
    is_whole, request = stored(text, *problems)
    assert is_whole
    assert request["MessageBody"] == text
    return request


def attributes(request: dict[str, object]) -> dict[str, str]:
    return {name: value["StringValue"] for name, value in request["MessageAttributes"].items()}


def test_a_message_goes_whole_with_its_reason_and_its_source() -> None:
    request = put("not JSON", NO_JSON)

    assert (request["MessageGroupId"], request["MessageDeduplicationId"]) == ("g-1", "m-1")
    assert attributes(request) == {
        "reason": "invalid",
        "detail": '[{"field": "body", "rule": "must be JSON"}]',
        "sourceMessageId": "m-0",
        "sourceGroupId": "g-1",
    }


def test_of_many_commands_the_invalid_ones_are_named_by_their_indexes_each_once() -> None:
    good = {"type": "claim", "jobId": JOB_ID, "itemId": "a"}
    bad = [{"type": "finish"}, 7, {"type": "claim"}]
    text = json.dumps({"commands": [bad[0], good, bad[1], good, bad[2]]})

    request = put(
        text,
        CommandProblem("jobId", "there is no such job", 4, "unknown_job"),
        CommandProblem("type", "unknown", 0),
        CommandProblem("itemId", "missing", 0),
        CommandProblem("command", "no object", 2),
    )

    assert attributes(request)["indexes"] == "[0, 2, 4]"
    detail = json.loads(attributes(request)["detail"])
    assert [entry["index"] for entry in detail] == [4, 0, 0, 2]


def test_a_message_of_bad_commands_only_needs_no_indexes() -> None:
    request = put('{"commands":  [7]}', CommandProblem("command", "no object", 0))

    assert "indexes" not in attributes(request)


@pytest.mark.parametrize(
    "value",
    ['"\\uffff"', "1e15", "1e400", "12345678901234567890.5", "1.10", '1, "more": 2', '"\\/"'],
)
def test_what_would_change_when_it_is_decoded_and_encoded_again_stays_as_it_came(
    value: str,
) -> None:
    good = f'{{"type": "claim", "jobId": "{JOB_ID}", "itemId": "a"}}'

    put(
        f'{{"commands": [{good}, {{"type": "x",  "more": {value}}}]}}',
        CommandProblem("type", "unknown", 1),
    )


def test_a_megabyte_of_short_numbers_does_not_grow() -> None:
    good = f'{{"type":"claim","jobId":"{JOB_ID}","itemId":"a"}}'
    numbers = ",".join(["1e15"] * 200_000)

    put(
        f'{{"commands":[{good},{{"type":"x","more":[{numbers}]}}]}}',
        CommandProblem("type", "unknown", 1),
    )


def test_no_more_is_reported_than_there_is_room_for() -> None:
    commands = [{"type": "x"} for _ in range(200)]
    problems = [CommandProblem("type", "y" * 500, index) for index in range(200)]

    detail = attributes(put(json.dumps({"commands": commands}), *problems))["detail"]

    entries = json.loads(detail)
    assert len(detail) <= 1_024
    assert [entry["index"] for entry in entries] == list(range(len(entries)))
    assert entries[0]["rule"] == "y" * 200


@pytest.mark.parametrize(
    ("room", "names"),
    [
        (0, set()),
        (30, {"sourceMessageId"}),
        (60, {"sourceGroupId", "sourceMessageId"}),
        (90, {"reason", "sourceGroupId", "sourceMessageId"}),
        (300, {"reason", "detail", "sourceGroupId", "sourceMessageId"}),
    ],
)
def test_a_message_as_large_as_allowed_goes_without_the_attributes_that_do_not_fit(
    room: int, names: set[str]
) -> None:
    request = put("x" * (MESSAGE_BYTES - room), NO_JSON)

    assert set(attributes(request)) == names


def test_where_messages_are_smaller_the_body_goes_without_attributes() -> None:
    is_whole, request = stored("x" * 1_000, NO_JSON, queue=Queue(most_bytes=1_020))

    assert is_whole
    assert (request["MessageBody"], request["MessageAttributes"]) == ("x" * 1_000, {})


@pytest.mark.parametrize(
    ("text", "beginning"),
    [
        ("bad \x00\ud800\uffff\U0001f600", "bad \ufffd\ufffd\ufffd\U0001f600"),
        ("x" * (MESSAGE_BYTES + 1), "x" * 32_768),
        ("\U0001f600" * (MESSAGE_BYTES // 4 + 1), "\U0001f600" * 32_768),
    ],
)
def test_the_last_resort_is_a_truncated_body_with_the_reasons(text: str, beginning: str) -> None:
    queue = Queue()

    is_whole, request = stored(text, NO_JSON, queue=queue)

    assert not is_whole
    assert queue.calls == 1
    assert request["MessageBody"] == beginning
    assert attributes(request)["reason"] == "invalid"


def test_a_body_that_only_sqs_finds_invalid_is_truncated_too() -> None:
    refused = ClientError({"Error": {"Code": "InvalidMessageContents"}}, "SendMessage")

    is_whole, request = stored("y" * 40_000, NO_JSON, queue=Queue(refused, refused))

    assert (is_whole, request["MessageBody"]) == (False, "y" * 32_768)


def test_what_is_refused_to_the_end_is_raised() -> None:
    refused = ClientError({"Error": {"Code": "InvalidParameterValue"}}, "SendMessage")

    with pytest.raises(ClientError):
        stored("y", NO_JSON, queue=Queue(refused, refused, refused))


def test_a_failure_that_may_pass_is_tried_again() -> None:
    away = EndpointConnectionError(endpoint_url="http://queue")

    is_whole, _ = stored("y", NO_JSON, queue=Queue(throttled(), away, throttled(status=503)))

    assert is_whole


def test_no_try_is_begun_without_time() -> None:
    queue = Queue(*[throttled()] * 9)

    with pytest.raises(OutOfTime):
        stored("y", NO_JSON, queue=queue, has_time=looks(3))

    assert queue.calls == 3


def test_a_missing_permission_is_raised_at_once() -> None:
    queue = Queue(denied())

    with pytest.raises(ClientError):
        stored("y", NO_JSON, queue=queue)

    assert queue.calls == 1
