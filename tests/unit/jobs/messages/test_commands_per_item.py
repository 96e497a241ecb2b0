"""A message has at most so many commands of one item as the item can remember."""

import json

from forgeledger.jobs.messages.command_message import decode
from tests.support.builders import JOB_ID


def test_more_commands_of_one_item_than_it_can_remember_are_invalid_and_the_others_valid() -> None:
    def command(kind: str, item_id: str) -> dict[str, str]:
        return {"type": kind, "jobId": JOB_ID, "itemId": item_id}

    many = [command("claim", "a"), command("release", "a")] * 17
    others = [command("heartbeat", "a"), command("claim", "b")] * 32

    body = decode(json.dumps({"commands": [*others, *many]}), "m")

    assert [(problem.field, problem.index) for problem in body.problems] == [
        ("itemId", 96),
        ("itemId", 97),
    ]
    assert {problem.rule for problem in body.problems} == {
        "must have at most 32 commands in a message, heartbeats aside"
    }
    assert [routed.index for routed in body.commands] == list(range(96))
