"""The body of a queue message: one command, or many.

It is checked by pydantic's core alone: the models on top of it would cost the intake a third of
its cold start.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, cast

from pydantic_core import (
    CoreSchema,
    PydanticCustomError,
    SchemaValidator,
    ValidationError,
    from_json,
)

from forgeledger.jobs.model import limits
from forgeledger.jobs.model.commands import Command, CommandKind
from forgeledger.jobs.model.ids import lane_of, lanes_of
from forgeledger.jobs.model.items import Failure
from forgeledger.jobs.usecases.consume_messages import COMMAND, Addressed, Body, Problem
from forgeledger.json_text import to_text

_KINDS: Final = {kind.value: kind for kind in CommandKind}


def decode(body: str, message_id: str) -> Body:
    """Read a message; what is wrong in one command leaves the others alone."""
    try:
        content = from_json(body, allow_inf_nan=False)
    except ValueError as error:
        return _hopeless("body", f"must be JSON: {error}")
    if not isinstance(content, dict):
        return _hopeless("body", "must be an object")
    # Names beside the list of commands, if it is one.
    beside = frozenset(content.keys() - {"commands"}) if "commands" in content else frozenset()
    raw = content.get("commands", [content])
    if not isinstance(raw, list) or not 1 <= len(raw) <= limits.COMMANDS_PER_MESSAGE:
        rule = f"must be a list of 1 to {limits.COMMANDS_PER_MESSAGE} commands"
        return _hopeless("commands", rule)
    commands: list[Addressed] = []
    problems: list[Problem] = []
    for index, each in enumerate(raw):
        try:
            commands.append(_command(each, index, message_id))
        except ValidationError as error:
            problems += _problems(error, index)
    return Body(commands=tuple(commands), problems=tuple(problems), raw=tuple(raw), beside=beside)


def _hopeless(field: str, rule: str) -> Body:
    return Body(problems=(Problem(field, rule),))


def _text(most: int) -> CoreSchema:
    schema = {"type": "str", "strict": True, "min_length": 1, "max_length": most}
    return cast("CoreSchema", schema)


def _whole(least: int, most: int) -> CoreSchema:
    return cast("CoreSchema", {"type": "int", "strict": True, "ge": least, "le": most})


def _field(schema: Any, *names: str, required: bool = False) -> dict[str, Any]:
    aliases = [[name] for name in names]
    field = {"type": "typed-dict-field", "schema": schema, "required": required}
    return {**field, "validation_alias": aliases} if aliases else field


def _nullable(schema: CoreSchema) -> CoreSchema:
    return cast("CoreSchema", {"type": "nullable", "schema": schema})


def _then(schema: CoreSchema, function: Callable[[Any], Any]) -> CoreSchema:
    """What fits the schema goes through the function, whose refusal stands beside all others."""
    call = {"type": "no-info", "function": function}
    return cast("CoreSchema", {"type": "function-after", "schema": schema, "function": call})


def _bytes_at_most(limit: int) -> Callable[[str], str]:
    def check(text: str) -> str:
        if len(text) > limit or (not text.isascii() and len(text.encode()) > limit):
            raise PydanticCustomError(
                "max_bytes", "must be at most {limit} bytes in UTF-8", {"limit": limit}
            )
        return text

    return check


def _json_at_most(limit: int) -> CoreSchema:
    def check(value: Any) -> str | None:
        try:
            return None if value is None else to_text(value, limit)
        except ValueError as error:
            raise PydanticCustomError("json", "{why}", {"why": str(error)}) from error

    return _then(cast("CoreSchema", {"type": "any"}), check)


def _instant(text: str) -> int:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise PydanticCustomError(
            "datetime", "must be a time as in 2026-11-21T10:00:00Z"
        ) from error
    if instant.tzinfo is None:
        instant = instant.replace(tzinfo=UTC)
    return int(instant.timestamp() * 1000)


def _failure(fields: Mapping[str, Any]) -> Failure:
    return Failure(**fields)


_ERROR = {
    "type": "typed-dict",
    "fields": {
        "type": _field(_text(limits.ERROR_TYPE_CHARACTERS), required=True),
        "message": _field(
            _then(
                cast("CoreSchema", {"type": "str", "strict": True}),
                _bytes_at_most(limits.ERROR_MESSAGE_BYTES),
            )
        ),
        "retryable": _field({"type": "bool", "strict": True}),
    },
}

_COMMAND = SchemaValidator(
    cast(
        "CoreSchema",
        {
            "type": "typed-dict",
            "fields": {
                "type": _field(
                    {"type": "literal", "expected": list(_KINDS)},
                    required=True,
                ),
                "jobId": _field(_text(64), "jobId", "job_id", required=True),
                "itemId": _field(
                    _then(_text(limits.ITEM_ID_CHARACTERS), _bytes_at_most(limits.ITEM_ID_BYTES)),
                    "itemId",
                    "item_id",
                    required=True,
                ),
                "attempt": _field(_nullable(_whole(1, limits.ATTEMPT_NUMBER))),
                "workerId": _field(
                    _nullable(_text(limits.WORKER_ID_CHARACTERS)), "workerId", "worker_id"
                ),
                "commandId": _field(
                    _nullable(_text(limits.COMMAND_ID_CHARACTERS)), "commandId", "command_id"
                ),
                "at": _field(_nullable(_then(_text(64), _instant))),
                "leaseSeconds": _field(
                    _nullable(_whole(1, limits.LEASE_SECONDS)), "leaseSeconds", "lease_seconds"
                ),
                "payload": _field(_json_at_most(limits.PAYLOAD_BYTES)),
                "result": _field(_json_at_most(limits.RESULT_BYTES)),
                "error": _field(_nullable(_then(cast("CoreSchema", _ERROR), _failure))),
            },
        },
    )
)


def _command(raw: Any, index: int, message_id: str) -> Addressed:
    fields = _COMMAND.validate_python(raw)
    job_id, item_id = fields["jobId"], fields["itemId"]
    lanes = lanes_of(job_id)
    command = Command(
        kind=_KINDS[fields["type"]],
        item_id=item_id,
        command_id=fields.get("commandId") or f"{message_id}:{index}",
        attempt=fields.get("attempt"),
        worker_id=fields.get("workerId"),
        lease_seconds=fields.get("leaseSeconds"),
        payload=fields.get("payload"),
        result=fields.get("result"),
        failure=fields.get("error"),
        sent_at=fields.get("at"),
    )
    # A name that no job can have leads to a lane that does not exist, and so to its rejection.
    return Addressed(job_id, lane_of(item_id, lanes) if lanes else 0, command, index)


def _problems(error: ValidationError, index: int) -> Sequence[Problem]:
    # Most invocations find nothing wrong, and need not load the words for it.
    from forgeledger.rule_messages import path_of, sentence_of

    return [
        Problem(path_of([*map(_camel, each["loc"])]) or COMMAND, sentence_of(each), index)
        for each in error.errors(include_url=False, include_input=False)
    ]


def _camel(name: str | int) -> str:
    """Whoever reads of it later did not send it: a field has one name, however it was spelled."""
    first, *others = str(name).split("_")
    return first + "".join(map(str.capitalize, others))
