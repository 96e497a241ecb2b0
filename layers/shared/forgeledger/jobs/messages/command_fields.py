"""The fields of commands, errors, items and work messages: the one table of the contract.

The schema of a queue message, the known names and the SDK's checks are derived from it. It is plain
Python, for workers without pydantic.
"""

import re
from collections.abc import Iterable, Mapping
from enum import Enum, auto
from typing import Final, NamedTuple

from forgeledger.jobs.model import limits
from forgeledger.json_text import parse_instant

# SQS takes these characters in the id of a message group.
QUEUE_CHARACTERS: Final = re.compile("[!-~]*")
QUEUE_RULE: Final = "must have only letters, digits and punctuation of ASCII"


class Kind(Enum):
    COMMAND_TYPE = auto()
    TEXT = auto()
    WHOLE_NUMBER = auto()
    FLAG = auto()
    TIME = auto()
    JSON = auto()
    ERROR = auto()
    # Text of the characters that SQS takes in a message group's id.
    QUEUE_TEXT = auto()


class Field(NamedTuple):
    """`least` and `most` bound a number, or the characters of a text; 0 means no bound."""

    name: str
    kind: Kind
    least: int = 0
    most: int = 0
    most_bytes: int = 0
    required: bool = False

    @property
    def spellings(self) -> tuple[str, ...]:
        """camelCase, and snake_case where it differs."""
        snake = re.sub("[A-Z]", lambda letter: f"_{letter[0].lower()}", self.name)
        return (self.name,) if snake == self.name else (self.name, snake)


def due_time(text: str) -> int:
    """Milliseconds since 1970 that a due row's key has room for; ValueError for any other time."""
    time = parse_instant(text)
    if not 0 <= time <= limits.LATEST_TIME_MS:
        raise ValueError("must be a time from 1970 to 2286")
    return time


def names_of(fields: Iterable[Field]) -> frozenset[str]:
    return frozenset(name for field in fields for name in field.spellings)


TYPE: Final = Field("type", Kind.COMMAND_TYPE, required=True)
JOB_ID: Final = Field("jobId", Kind.TEXT, least=1, most=64, required=True)
ITEM_ID: Final = Field(
    "itemId",
    Kind.TEXT,
    least=1,
    most=limits.ITEM_ID_CHARACTERS,
    most_bytes=limits.ITEM_ID_BYTES,
    required=True,
)
ATTEMPT: Final = Field("attempt", Kind.WHOLE_NUMBER, least=1, most=limits.ATTEMPT_NUMBER)
# Which dispatch of its item a work message was for.
DISPATCH: Final = Field("dispatch", Kind.WHOLE_NUMBER, least=1, most=limits.ATTEMPT_NUMBER)
WORKER_ID: Final = Field("workerId", Kind.TEXT, least=1, most=limits.WORKER_ID_CHARACTERS)
COMMAND_ID: Final = Field("commandId", Kind.TEXT, least=1, most=limits.COMMAND_ID_CHARACTERS)
AT: Final = Field("at", Kind.TIME, least=1, most=64)
LEASE_SECONDS: Final = Field("leaseSeconds", Kind.WHOLE_NUMBER, least=1, most=limits.LEASE_SECONDS)
RETRY_AFTER_SECONDS: Final = Field(
    "retryAfterSeconds", Kind.WHOLE_NUMBER, most=limits.RETRY_AFTER_SECONDS
)
PAYLOAD: Final = Field("payload", Kind.JSON, most_bytes=limits.PAYLOAD_BYTES)
RESULT: Final = Field("result", Kind.JSON, most_bytes=limits.RESULT_BYTES)
ERROR: Final = Field("error", Kind.ERROR)
# Of an item: which handler its work is for, its work message's group, and when it may go out.
ITEM_KIND: Final = Field("kind", Kind.TEXT, least=1, most=limits.ITEM_KIND_CHARACTERS)
GROUP: Final = Field("group", Kind.QUEUE_TEXT, least=1, most=limits.GROUP_CHARACTERS)
NOT_BEFORE: Final = Field("notBefore", Kind.TIME, least=1, most=64)

ERROR_TYPE: Final = Field(
    "type", Kind.TEXT, least=1, most=limits.ERROR_TYPE_CHARACTERS, required=True
)
ERROR_MESSAGE: Final = Field("message", Kind.TEXT, most_bytes=limits.ERROR_MESSAGE_BYTES)
RETRYABLE: Final = Field("retryable", Kind.FLAG)

COMMAND_FIELDS: Final = (
    TYPE,
    JOB_ID,
    ITEM_ID,
    ATTEMPT,
    DISPATCH,
    WORKER_ID,
    COMMAND_ID,
    AT,
    LEASE_SECONDS,
    PAYLOAD,
    ITEM_KIND,
    GROUP,
    NOT_BEFORE,
    RESULT,
    ERROR,
    RETRY_AFTER_SECONDS,
)
ERROR_FIELDS: Final = (ERROR_TYPE, ERROR_MESSAGE, RETRYABLE)
ITEM_FIELDS: Final = (ITEM_ID, PAYLOAD, ITEM_KIND, GROUP, NOT_BEFORE)
# A work message gives an item to a worker; `kind` selects the worker's handler. One that the ledger
# sends may give several items, and says who sends what has to be done again.
WORK_ITEM_FIELDS: Final = (ITEM_ID, Field("kind", Kind.TEXT), PAYLOAD, ATTEMPT)
RUN_SECONDS: Final = Field("runSeconds", Kind.WHOLE_NUMBER, least=1, most=limits.LEASE_SECONDS)
ITEMS: Final = Field("items", Kind.JSON)
REDELIVERY: Final = Field("redelivery", Kind.TEXT)
WORK_FIELDS: Final = (
    JOB_ID,
    *WORK_ITEM_FIELDS,
    ITEMS,
    REDELIVERY,
    LEASE_SECONDS,
    RUN_SECONDS,
    Field("sentAt", Kind.TIME),
)

# What a type of command reports: under a misspelt name it would be lost for good.
REPORTED: Final[Mapping[str, str]] = {"complete": RESULT.name, "fail": ERROR.name}

COMMAND_NAMES: Final = names_of(COMMAND_FIELDS)
ERROR_NAMES: Final = names_of(ERROR_FIELDS)
ITEM_NAMES: Final = names_of(ITEM_FIELDS)
WORK_NAMES: Final = names_of(WORK_FIELDS)
WORK_ITEM_NAMES: Final = names_of(WORK_ITEM_FIELDS)
# In the form of `unknown_fields.KnownFields`.
KNOWN_IN_COMMAND: Final[Mapping[str, frozenset[str]]] = {
    name: ERROR_NAMES if name == ERROR.name else frozenset() for name in COMMAND_NAMES
}
