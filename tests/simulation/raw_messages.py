"""Bodies of senders without the SDK: many jobs, invalid commands, many commands of one item."""

import json
from collections.abc import Callable
from random import Random
from typing import Any, Final

from tests.simulation.message_oracle import COMMANDS_PER_ITEM
from tests.support.sqs_limits import MEBIBYTE

_MALFORMED: Final = ("{", "[]", '{"type": "complete"}', '{"commands": []}', "\x20", '"x"')
_UNKNOWN_JOB_IDS: Final = ("nobody", "01KAJ3Z8Q6T0V5M2N4R7X9Y1B3-2")
# Changes after which a command can never be applied.
_INVALID: Final[tuple[Any, ...]] = (
    7,
    {"type": "nonsense"},
    {"itemId": ""},
    {"itemId": None},
    {"attempt": 0},
    {"attempt": "1"},
    {"leaseSeconds": 1.5},
    {"dispatch": 0},
    {"retryAfterSeconds": -1},
    {"group": "two words"},
    {"notBefore": "9999-01-01T00:00:00Z"},
    {"error": {"message": "of no type"}},
    *({"job_id": name} for name in _UNKNOWN_JOB_IDS),
)


# Values that SQS would refuse, or that grow or lose digits, if they were decoded and encoded again.
_FRAGILE: Final = ('"\\uffff"', "1e15", "1e400", "12345678901234567890.5", '1, "extra": 2')


def draw_body(random: Random, fields: Callable[[], dict[str, Any]]) -> tuple[str, bool]:
    """A body of commands with such fields, and whether it is malformed."""
    chance = random.random()
    if chance < 0.15:
        if random.random() < 0.03:
            # A message as large as SQS takes, or nearly so.
            return "x" * (MEBIBYTE - random.choice((0, 0, 60, 300, 1_500))), True
        return random.choice(_MALFORMED), True
    if chance < 0.25:
        return json.dumps(fields() | {"job_id": random.choice(_UNKNOWN_JOB_IDS)}), False
    commands: list[Any] = [fields() for _ in range(random.randint(1, 4))]
    for _ in range(random.choice((0, 0, 0, 1, 2, 3))):
        invalid = random.choice(_INVALID)
        if isinstance(invalid, dict):
            invalid = fields() | invalid
        commands.insert(random.randint(0, len(commands)), invalid)
    body = json.dumps({"commands": commands})
    if random.random() < 0.2:
        # What a reader of JSON changes when it writes it again.
        fragile = random.choice(_FRAGILE)
        body = body.replace('"type":', f'"extra": {fragile}, "type":')
        if fragile == _FRAGILE[-1]:
            body = body.replace('"retryable":', '"retriable":')
    return body, False


def burst_body(random: Random, job_id: str, item_id: str) -> str:
    """As many commands of one item as a message may have, or a few more or less."""
    plain = {"job_id": job_id, "itemId": item_id}
    number = random.choice((20, COMMANDS_PER_ITEM, COMMANDS_PER_ITEM + 2))
    turns = [{"type": ("claim", "release")[turn % 2], **plain} for turn in range(number)]
    return json.dumps({"commands": [*turns, {"type": "heartbeat", **plain}]})
