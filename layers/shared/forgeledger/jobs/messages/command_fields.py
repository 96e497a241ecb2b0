"""The fields of commands, errors, items and work messages: the one table of the contract.

The schema of a queue message, the known names and the SDK's checks are derived from it. It is plain
Python, for workers without pydantic.
"""

import re
from collections.abc import Iterable, Mapping
from enum import Enum, auto
from typing import Final, NamedTuple

from forgeledger.jobs.model import limits


class Kind(Enum):
    COMMAND_TYPE = auto()
    TEXT = auto()
    WHOLE_NUMBER = auto()
    FLAG = auto()
    TIME = auto()
    JSON = auto()
    ERROR = auto()


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
WORKER_ID: Final = Field("workerId", Kind.TEXT, least=1, most=limits.WORKER_ID_CHARACTERS)
COMMAND_ID: Final = Field("commandId", Kind.TEXT, least=1, most=limits.COMMAND_ID_CHARACTERS)
AT: Final = Field("at", Kind.TIME, least=1, most=64)
LEASE_SECONDS: Final = Field("leaseSeconds", Kind.WHOLE_NUMBER, least=1, most=limits.LEASE_SECONDS)
PAYLOAD: Final = Field("payload", Kind.JSON, most_bytes=limits.PAYLOAD_BYTES)
RESULT: Final = Field("result", Kind.JSON, most_bytes=limits.RESULT_BYTES)
ERROR: Final = Field("error", Kind.ERROR)

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
    WORKER_ID,
    COMMAND_ID,
    AT,
    LEASE_SECONDS,
    PAYLOAD,
    RESULT,
    ERROR,
)
ERROR_FIELDS: Final = (ERROR_TYPE, ERROR_MESSAGE, RETRYABLE)
ITEM_FIELDS: Final = (ITEM_ID, PAYLOAD)
# A work message gives an item to a worker; `kind` selects the worker's handler.
WORK_FIELDS: Final = (JOB_ID, ITEM_ID, Field("kind", Kind.TEXT), PAYLOAD, ATTEMPT)

COMMAND_NAMES: Final = names_of(COMMAND_FIELDS)
ERROR_NAMES: Final = names_of(ERROR_FIELDS)
ITEM_NAMES: Final = names_of(ITEM_FIELDS)
WORK_NAMES: Final = names_of(WORK_FIELDS)
# In the form of `unknown_fields.KnownFields`.
KNOWN_IN_COMMAND: Final[Mapping[str, frozenset[str]]] = {
    name: ERROR_NAMES if name == ERROR.name else frozenset() for name in COMMAND_NAMES
}
