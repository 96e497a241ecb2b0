"""Commands from options or JSON lines, checked, and sent by the SDK's own courier."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from forgeledger.cli import exit_codes
from forgeledger.cli.item_files import read_lines
from forgeledger.cli.problems import CliError, WrongValue
from forgeledger.cli.session import Session
from forgeledger.cli.values import json_object
from forgeledger.domain.commands import CommandKind

if TYPE_CHECKING:
    from forgeledger.sdk.commands import Command, CommandIds

FLUSH_SECONDS: Final = 30.0
# The contract takes snake_case as well; what is looked at here has these names.
_CAMEL: Final = {"job_id": "jobId", "item_id": "itemId", "command_id": "commandId"}
_KINDS: Final = ", ".join(kind.value for kind in CommandKind)


def read_commands(source: Path) -> Iterator[Mapping[str, Any]]:
    """A command a line, or a message of many; its line is told where it is wrong."""
    for place, line in read_lines(source):
        content = json_object(place, line)
        commands = content.get("commands", [content])
        if not isinstance(commands, list):
            raise WrongValue(place, "commands is not a list")
        for each in commands:
            if not isinstance(each, dict):
                raise WrongValue(place, "a command is a JSON object")
            yield {**each, "\0place": place}


def send_all(session: Session, commands: Iterable[Mapping[str, Any]]) -> int:
    """How many SQS accepted, in order within each lane; raises where it did not take them all."""
    from forgeledger.sdk.commands import CommandIds
    from forgeledger.sdk.courier import Courier, CourierOptions
    from forgeledger.sdk.sending import Sender

    url = session.command_queue_url
    courier = Courier(Sender(url, lambda: session.client("sqs")), CourierOptions(background=False))
    ids = CommandIds()
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    for fields in commands:
        courier.put(_command(fields, ids, now), block_seconds=FLUSH_SECONDS)
    delivery = courier.flush(FLUSH_SECONDS)
    if not delivery.is_complete:
        refused = delivery.failed[0].reason if delivery.failed else delivery.last_refusal
        raise CliError(
            f"{delivery.delivered} sent, {delivery.pending + len(delivery.failed)} not: {refused}",
            exit_codes.UNREACHABLE,
        )
    return delivery.delivered


def _command(given: Mapping[str, Any], ids: "CommandIds", now: str) -> "Command":
    from forgeledger.domain import limits
    from forgeledger.sdk.commands import Command, group_of, json_of
    from forgeledger.sdk.errors import InvalidCommandError

    fields = {_CAMEL.get(name, name): value for name, value in given.items()}
    place = fields.pop("\0place", None)
    try:
        _check_names(fields)
        kind = _checked_kind(fields)
        fields.setdefault("commandId", ids.next())
        fields.setdefault("at", now)
        for name, most in (("payload", limits.PAYLOAD_BYTES), ("result", limits.RESULT_BYTES)):
            json_of(name, fields.get(name), most_bytes=most)
        return Command(
            type=kind,
            job_id=fields["jobId"],
            item_id=fields["itemId"],
            command_id=str(fields["commandId"]),
            group=group_of(fields["jobId"], fields["itemId"]),
            body=json_of("command", fields, most_bytes=limits.MESSAGE_BYTES),
        )
    except InvalidCommandError as error:
        if place is None:
            raise
        raise WrongValue(place, str(error)) from error


def _check_names(fields: Mapping[str, Any]) -> None:
    from forgeledger.domain import field_names
    from forgeledger.sdk.commands import check_names

    check_names(fields, field_names.COMMAND, "a command")
    if isinstance(fields.get("error"), dict):
        check_names(fields["error"], field_names.ERROR, "an error")


def _checked_kind(fields: Mapping[str, Any]) -> Any:
    from forgeledger.sdk.errors import InvalidCommandError

    kind = fields.get("type")
    if kind not in set(CommandKind):
        raise InvalidCommandError("type", f"is one of {_KINDS}")
    for name in ("jobId", "itemId"):
        if not isinstance(fields.get(name), str):
            raise InvalidCommandError(name, "is missing or not a text")
    return kind
