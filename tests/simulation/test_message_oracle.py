"""The second decoder of messages, and which commands must be in the reject queue."""

import json
from random import Random
from typing import Any

import pytest

from forgeledger.jobs.messages.command_message import decode
from forgeledger.jobs.model.commands import Command, CommandKind
from forgeledger.jobs.model.ids import make_job_id
from forgeledger.jobs.model.items import Failure
from tests.simulation.checks import Checks
from tests.simulation.lane_checks import Violation
from tests.simulation.message_oracle import MessageContent, mark_of, read_message
from tests.simulation.request_checks import RequestLog
from tests.simulation.world import SimulatedWorld
from tests.simulation.world_rules import WorldRules

JOB_ID = make_job_id(0, 0, 3)
GOOD = {"type": "claim", "jobId": JOB_ID, "itemId": "a"}
NO_COMMANDS = ("", "{", "[]", '"x"', "7", "null", '{"commands": []}', '{"commands": {}}', "NaN")
# Valid and invalid values of each field.
VALUES: dict[str, tuple[Any, ...]] = {
    "type": ("fail", "complete", "expire", "nonsense", "CLAIM", 7, None, []),
    "jobId": (JOB_ID, "nobody", "x" * 64, "x" * 65, "", None, 7),
    "job_id": (JOB_ID, 7),
    "itemId": (
        "b",
        "\u00e9",
        "x" * 256,
        "\U0001f600" * 255,
        "\u00e9" * 256,
        "x" * 257,
        "",
        None,
        7,
    ),
    "item_id": ("c", ""),
    "attempt": (1, 1_000_000_000, None, 0, -1, 1_000_000_001, "1", 1.0, True),
    "workerId": ("w", None, "", 7, "x" * 257),
    "worker_id": ("w", 7),
    "commandId": ("c-1", None, "", 7),
    "command_id": ("c-2", ""),
    "at": ("2026-11-21T10:00:00Z", None, "yesterday", 7),
    "leaseSeconds": (1, 604_800, None, 0, 604_801, 1.5, "5"),
    "lease_seconds": (5, 0),
    "payload": (None, {"a": [1, 2.5, "\u00e9"]}, 0, False, "x" * 40_000),
    "result": (None, [], "x", {"of": None}, "x" * 40_000),
    "error": (
        None,
        {"type": "T"},
        {"type": "T", "message": "", "retryable": False, "more": 1},
        {"type": "T", "message": "\u00e9" * 2_049},
        {"type": "T", "message": None},
        {"type": "T", "retryable": "yes"},
        {"type": ""},
        {"message": "of no type"},
        {"type": "T", "retriable": False},
        {"type": "T", "retryable": True, "retriable": False},
        {"type": "T", "MESSAGE": "m"},
        {"type": "T", "typ": "U"},
        {"typ": "T"},
        {},
        "T",
    ),
    "unknown": (1,),
    "x" * 100: (1,),
}


def bodies() -> list[str]:
    texts = [*NO_COMMANDS, json.dumps(GOOD), json.dumps({"commands": [GOOD] * 501})]
    for name, values in VALUES.items():
        texts += [json.dumps({**GOOD, name: value}) for value in values]
    random = Random(1)
    for _ in range(300):
        commands: list[Any] = []
        for _ in range(random.randint(1, 5)):
            names = random.sample([*VALUES], 2)
            commands.append({**GOOD, **{name: random.choice(VALUES[name]) for name in names}})
        texts.append(json.dumps({"commands": [*commands, random.choice((GOOD, 7, None))]}))
    return texts


def test_both_readings_of_a_message_agree() -> None:
    invalid = good = 0
    for body in bodies():
        content, read = read_message(body, "m1"), decode(body, "m1")

        assert list(content.raw) == list(read.raw), body
        assert content.invalid == {problem.index for problem in read.problems} - {None}, body
        assert [
            (command.index, command.job_id, command.pk, command.mark)
            for command in content.commands
        ] == [
            (part.index, part.job_id, f"JOB#{part.job_id}#{part.lane}", part.command.mark)
            for part in read.commands
        ], body
        for sent, part in zip(content.commands, read.commands, strict=True):
            for name in Command.__slots__:
                if name != "sent_at":
                    assert getattr(sent.command, name) == getattr(part.command, name), body
        invalid += len(content.invalid)
        good += len(content.commands)
    assert invalid > 100
    assert good > 100


@pytest.mark.parametrize("body", NO_COMMANDS)
def test_what_holds_no_commands_says_nothing(body: str) -> None:
    assert read_message(body, "m1") == MessageContent()


def test_both_spellings_say_the_same() -> None:
    camel = {"workerId": "w", "leaseSeconds": 5, "commandId": "c-1", "attempt": 2}
    snake = {"worker_id": "w", "lease_seconds": 5, "command_id": "c-1", "attempt": 2}

    first, second = (read_message(json.dumps(GOOD | more), "m1") for more in (camel, snake))

    assert first.commands == second.commands
    assert first.commands[0].command == Command(
        kind=CommandKind.CLAIM,
        item_id="a",
        command_id="c-1",
        attempt=2,
        worker_id="w",
        lease_seconds=5,
    )


def test_a_command_without_an_id_is_known_by_its_index_in_its_message() -> None:
    fail = {**GOOD, "type": "fail", "error": {"type": "T"}}

    content = read_message(json.dumps({"commands": [GOOD, 7, fail]}), "m1")

    assert [command.command.command_id for command in content.commands] == ["m1:0", "m1:2"]
    assert content.invalid == {1}
    assert content.commands[1].command.failure == Failure(type="T", message="", retryable=True)


def test_a_mark_includes_the_kind() -> None:
    kinds = (CommandKind.CLAIM, CommandKind.FAIL)

    marks = {mark_of(Command(kind=kind, item_id="a", command_id="c")) for kind in kinds}

    assert [len(mark) for mark in marks] == [8, 8]


@pytest.fixture
def checks() -> Checks:
    """The checks of a queued message with two invalid commands and one for an unknown job."""
    world = SimulatedWorld(random=Random(1), rules=WorldRules())
    checks = Checks(world, RequestLog(world.commands))
    world.commands.send(json.dumps({"commands": [{"type": "x"}, GOOD, 7]}), "g", "d")
    return checks


def reject(checks: Checks, body: str, reason: str = "invalid", blamed: Any = (0, 1, 2)) -> None:
    texts = {
        "reason": reason,
        "sourceMessageId": "m1",
        "sourceGroupId": "g",
        "detail": json.dumps([{"index": index} for index in blamed]),
    }
    attributes = {
        name: {"DataType": "String", "StringValue": value} for name, value in texts.items()
    }
    checks.world.rejects.send(body, "g", "m1", attributes)


def whole(checks: Checks) -> str:
    return checks.world.commands.accepted[0].body


def test_every_invalid_command_is_rejected_with_its_reason(checks: Checks) -> None:
    reject(checks, whole(checks))

    checks._check_rejects()


def test_of_what_is_wrong_nothing_is_left_out(checks: Checks) -> None:
    reject(checks, json.dumps({"commands": [{"type": "x"}]}))

    with pytest.raises(Violation, match="is not the message as it came"):
        checks._check_rejects()


@pytest.mark.parametrize(
    ("reason", "blamed", "what"),
    [("unknown_job", (0, 1, 2), "has the attributes"), ("invalid", (0, 2), "are rejected, but")],
)
def test_the_reason_is_the_right_one(checks: Checks, reason: str, blamed: Any, what: str) -> None:
    reject(checks, whole(checks), reason, blamed)

    with pytest.raises(Violation, match=what):
        checks._check_rejects()


def test_an_invalid_command_that_was_not_rejected_is_lost(checks: Checks) -> None:
    with pytest.raises(Violation, match="it is not in the reject queue"):
        checks._check_handled(checks.world.commands.accepted[0])
