"""The body of a queue message: one command, or many.

Only pydantic_core checks it: pydantic's models would add a third to the intake's cold start.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Final, cast

from pydantic_core import CoreSchema, SchemaValidator, ValidationError, from_json

from forgeledger.jobs.messages.command_fields import (
    COMMAND_FIELDS,
    COMMAND_NAMES,
    ERROR_FIELDS,
    ERROR_NAMES,
    KNOWN_IN_COMMAND,
    NOT_BEFORE,
    REPORTED,
    Field,
    Kind,
)
from forgeledger.jobs.messages.field_checks import (
    bytes_at_most,
    due_milliseconds,
    json_text,
    milliseconds,
    queue_text,
)
from forgeledger.jobs.model import limits
from forgeledger.jobs.model.commands import NOT_REMEMBERED, Command, CommandKind
from forgeledger.jobs.model.ids import lane_of, lanes_of
from forgeledger.jobs.model.items import Failure
from forgeledger.jobs.model.message import (
    COMMAND,
    Body,
    CommandProblem,
    RoutedCommand,
    has_many_of_one_item,
)
from forgeledger.unknown_fields import first_names, shortened_name, unknown_in

_TOO_MANY: Final = (
    f"must have at most {limits.COMMANDS_PER_ITEM} commands in a message, heartbeats aside"
)
_KINDS: Final = {kind.value: kind for kind in CommandKind}
_NO_NAMES: Final[frozenset[str]] = frozenset()


def decode(body: str, source_id: str) -> Body:
    """Read a message; an invalid command does not affect the others."""
    try:
        content = from_json(body, allow_inf_nan=False)
    except (ValueError, TypeError) as error:
        # A TypeError is a text that is no Unicode.
        return _invalid_message("body", f"must be JSON: {error}")
    if not isinstance(content, dict):
        return _invalid_message("body", "must be an object")
    unknown = _names_next_to_commands(content)
    raw = content.get("commands", [content])
    if not isinstance(raw, list) or not 1 <= len(raw) <= limits.COMMANDS_PER_MESSAGE:
        rule = f"must be a list of 1 to {limits.COMMANDS_PER_MESSAGE} commands"
        return _invalid_message("commands", rule)
    commands: list[RoutedCommand] = []
    problems: list[CommandProblem] = []
    for index, raw_command in enumerate(raw):
        names = _unknown_names(raw_command)
        misspelt: Sequence[CommandProblem] = ()
        if names:
            unknown |= names
            misspelt = _misspelt(raw_command, index)
            problems += misspelt
        try:
            command = _command(raw_command, index, source_id, names)
        except ValidationError as error:
            problems += _problems(error, index)
        else:
            if not misspelt:
                commands.append(command)
    if len(commands) > limits.COMMANDS_PER_ITEM and has_many_of_one_item(commands):
        commands, too_many = _limited(commands)
        problems += too_many
    return Body(
        commands=tuple(commands),
        problems=tuple(problems),
        raw=tuple(raw),
        unknown_names=frozenset(unknown),
    )


def _names_next_to_commands(content: Mapping[str, Any]) -> set[str]:
    if "commands" not in content:
        return set()
    return {f"{name} next to commands" for name in content if name != "commands"}


def _unknown_names(raw: Any) -> frozenset[str]:
    if not isinstance(raw, dict):
        return _NO_NAMES
    error = raw.get("error")
    known = raw.keys() <= COMMAND_NAMES
    # Most commands end here.
    if known and (not isinstance(error, dict) or error.keys() <= ERROR_NAMES):
        return _NO_NAMES
    return frozenset(unknown_in(raw, KNOWN_IN_COMMAND))


def _misspelt(raw: Mapping[str, Any], index: int) -> Sequence[CommandProblem]:
    """Problems of near misses: the result would be lost, and the failure retried."""
    error, kind = raw.get("error"), raw.get("type")
    in_error = isinstance(error, dict) and not error.keys() <= ERROR_NAMES
    reported = REPORTED.get(kind) if isinstance(kind, str) else None
    if not in_error and (reported is None or reported in raw):
        return ()
    # Imported lazily: most invocations have no such field.
    from forgeledger.near_misses import misses_of, misspelt_in
    from forgeledger.rule_messages import misspelt_sentence

    right: dict[str, str] = {}
    if reported is not None and reported not in raw:
        right = dict.fromkeys(misses_of(reported, raw, COMMAND_NAMES), reported)
    if in_error:
        inner = misspelt_in(raw["error"], ERROR_NAMES)
        right |= {f"error.{name}": meant for name, meant in inner.items()}
    return [
        CommandProblem(shortened_name(name), misspelt_sentence(meant), index)
        for name, meant in right.items()
    ]


def _limited(
    commands: Iterable[RoutedCommand],
) -> tuple[list[RoutedCommand], list[CommandProblem]]:
    """The commands of each item up to the limit, and problems of the others."""
    numbers: Counter[tuple[str, str]] = Counter()
    limited: list[RoutedCommand] = []
    problems: list[CommandProblem] = []
    for routed in commands:
        item = (routed.job_id, routed.command.item_id)
        numbers[item] += routed.command.kind not in NOT_REMEMBERED
        if numbers[item] <= limits.COMMANDS_PER_ITEM:
            limited.append(routed)
        else:
            problems.append(CommandProblem("itemId", _TOO_MANY, routed.index))
    return limited, problems


def _invalid_message(field: str, rule: str) -> Body:
    return Body(problems=(CommandProblem(field, rule),))


def _schema(field: Field) -> CoreSchema:
    if field.kind is Kind.COMMAND_TYPE:
        return _core("literal", expected=list(_KINDS))
    if field.kind is Kind.FLAG:
        return _core("bool", strict=True)
    if field.kind is Kind.WHOLE_NUMBER:
        return _core("int", strict=True, ge=field.least, le=field.most)
    if field.kind is Kind.JSON:
        return _then(_core("any"), partial(json_text, field.most_bytes))
    if field.kind is Kind.ERROR:
        return _then(_object(ERROR_FIELDS), lambda fields: Failure(**fields))
    bounds = {"min_length": field.least, "max_length": field.most} if field.least else {}
    text = _core("str", strict=True, **bounds)
    if field.kind is Kind.TIME:
        return _then(text, due_milliseconds if field is NOT_BEFORE else milliseconds)
    if field.kind is Kind.QUEUE_TEXT:
        return _then(text, queue_text)
    return _then(text, partial(bytes_at_most, field.most_bytes)) if field.most_bytes else text


def _object(fields: Iterable[Field], *, nullable: bool = False) -> CoreSchema:
    described: dict[str, Any] = {}
    for field in fields:
        schema = _schema(field)
        # Kind.JSON accepts null anyway.
        if nullable and not field.required and field.kind is not Kind.JSON:
            schema = _core("nullable", schema=schema)
        names = [[name] for name in field.spellings]
        described[field.name] = {
            "type": "typed-dict-field",
            "schema": schema,
            "required": field.required,
            **({"validation_alias": names} if len(names) > 1 else {}),
        }
    return _core("typed-dict", fields=described)


def _core(kind: str, **options: Any) -> CoreSchema:
    return cast("CoreSchema", {"type": kind, **options})


def _then(schema: CoreSchema, function: Callable[[Any], Any]) -> CoreSchema:
    """Pass a valid value to the function, which converts or refuses it."""
    call = {"type": "no-info", "function": function}
    return _core("function-after", schema=schema, function=call)


_COMMAND: Final = SchemaValidator(_object(COMMAND_FIELDS, nullable=True))


def _command(raw: Any, index: int, source_id: str, unknown: frozenset[str]) -> RoutedCommand:
    fields = _COMMAND.validate_python(raw)
    job_id, item_id = fields["jobId"], fields["itemId"]
    lanes = lanes_of(job_id)
    command = Command(
        kind=_KINDS[fields["type"]],
        item_id=item_id,
        command_id=fields.get("commandId") or f"{source_id}:{index}",
        attempt=fields.get("attempt"),
        worker_id=fields.get("workerId"),
        lease_seconds=fields.get("leaseSeconds"),
        payload=fields.get("payload"),
        result=fields.get("result"),
        failure=fields.get("error"),
        dispatch=fields.get("dispatch"),
        retry_after_seconds=fields.get("retryAfterSeconds"),
        item_kind=fields.get("kind"),
        group=fields.get("group"),
        not_before=fields.get("notBefore"),
        sent_at=fields.get("at"),
        ignored=first_names(unknown) if unknown else (),
    )
    # A job id without lanes is rejected later, as an unknown job: any lane will do.
    lane = lane_of(item_id, lanes) if lanes else 0
    return RoutedCommand(job_id=job_id, lane=lane, command=command, index=index)


def _problems(error: ValidationError, index: int) -> Sequence[CommandProblem]:
    # Imported lazily: most invocations have no invalid command.
    from forgeledger.rule_messages import path_of, sentence_of

    return [
        CommandProblem(path_of([*map(_camel, fault["loc"])]) or COMMAND, sentence_of(fault), index)
        for fault in error.errors(include_url=False, include_input=False)
    ]


def _camel(name: str | int) -> str:
    """Name a field by its camelCase spelling, whichever was sent."""
    first, *others = str(name).split("_")
    return first + "".join(map(str.capitalize, others))
