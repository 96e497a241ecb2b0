import json

from forgeledger.jobs.messages.command_message import decode
from forgeledger.jobs.messages.reject_queue import SqsRejectQueue
from forgeledger.jobs.model.limits import MESSAGE_BYTES
from forgeledger.jobs.model.message import CommandProblem, Message
from tests.support.builders import JOB_ID, NOW


class Queue:
    def __init__(self) -> None:
        self.sent: list[dict[str, object]] = []

    def send_message(self, **request: object) -> None:
        self.sent.append(request)


def put(text: str, *problems: CommandProblem) -> dict[str, object]:
    queue = Queue()
    message = Message(
        message_id="m-1", group_id="g-1", sent_at=NOW, text=text, body=decode(text, "m-1")
    )
    SqsRejectQueue(lambda: queue, "the-url").put(message, problems)
    (request,) = queue.sent
    return request


def attributes(request: dict[str, object]) -> dict[str, str]:
    return {name: value["StringValue"] for name, value in request["MessageAttributes"].items()}


def test_a_message_goes_whole_with_its_reason_and_its_source() -> None:
    request = put("not JSON", CommandProblem("body", "must be JSON"))

    assert request["MessageBody"] == "not JSON"
    assert (request["MessageGroupId"], request["MessageDeduplicationId"]) == ("g-1", "m-1")
    assert attributes(request) == {
        "reason": "invalid",
        "detail": '[{"field": "body", "rule": "must be JSON"}]',
        "sourceMessageId": "m-1",
        "sourceGroupId": "g-1",
    }


def test_of_many_commands_only_the_invalid_ones_are_rejected_as_they_came() -> None:
    good = {"type": "claim", "jobId": JOB_ID, "itemId": "a"}
    bad = {"type": "finish", "job_id": JOB_ID, "extra": "unchanged"}
    text = json.dumps({"commands": [good, bad, good]})

    request = put(
        text, CommandProblem("type", "unknown", 1), CommandProblem("itemId", "missing", 1)
    )

    assert json.loads(str(request["MessageBody"])) == {"commands": [bad]}


def test_each_invalid_command_is_rejected_once_and_in_order() -> None:
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

    assert json.loads(str(request["MessageBody"])) == {"commands": bad}
    detail = json.loads(attributes(request)["detail"])
    assert [entry["index"] for entry in detail] == [4, 0, 0, 2]


def test_a_message_of_bad_commands_only_goes_as_it_came() -> None:
    text = '{"commands":  [7]}'

    assert put(text, CommandProblem("command", "no object", 0))["MessageBody"] == text


def test_no_more_is_reported_than_there_is_room_for() -> None:
    commands = [{"type": "x"} for _ in range(200)]
    problems = [CommandProblem("type", "y" * 500, index) for index in range(200)]

    detail = attributes(put(json.dumps({"commands": commands}), *problems))["detail"]

    entries = json.loads(detail)
    assert len(detail) <= 1_024
    assert [entry["index"] for entry in entries] == list(range(len(entries)))
    assert entries[0]["rule"] == "y" * 200


def test_a_message_as_large_as_allowed_stays_whole_without_what_does_not_fit() -> None:
    largest = "x" * MESSAGE_BYTES

    request = put(largest, CommandProblem("body", "must be JSON"))

    assert request["MessageBody"] == largest
    assert request["MessageAttributes"] == {}
