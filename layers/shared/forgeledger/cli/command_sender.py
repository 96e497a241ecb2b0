"""Commands from options or JSON lines, checked, and sent by the SDK's own courier."""

import pickle
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING, Any, Final

from forgeledger.cli import exit_codes
from forgeledger.cli.error_messages import CliError, WrongValue
from forgeledger.cli.item_files import read_lines
from forgeledger.cli.json_options import json_object
from forgeledger.cli.session import Session
from forgeledger.json_text import iso_of

if TYPE_CHECKING:
    from forgeledger.sdk.command import Command, CommandIds

FLUSH_SECONDS: Final = 30.0
# The contract takes snake_case as well; what is looked at here has these names.
_CAMEL: Final = {"job_id": "jobId", "item_id": "itemId", "command_id": "commandId"}
# How much of what is checked already waits in memory, before it waits in a file.
_BYTES_IN_MEMORY: Final = 16 * 1024 * 1024


def read_commands(source: Path) -> Iterator[Mapping[str, Any]]:
    """A command a line, or a message of many; its line is told where it is wrong."""
    for place, line in read_lines(source):
        content = json_object(place, line)
        commands = content.get("commands", [content])
        if not isinstance(commands, list):
            raise WrongValue(place, "commands is not a list")
        for command in commands:
            if not isinstance(command, dict):
                raise WrongValue(place, "a command is a JSON object")
            yield {**command, "\0place": place}


def send_all(session: Session, commands: Iterable[Mapping[str, Any]]) -> int:
    """How many SQS accepted, in order within each lane; raises where it did not take them all.

    Nothing is sent before all of them are checked.
    """
    from forgeledger.sdk.command import CommandIds
    from forgeledger.sdk.report.background_sender import BackgroundSender, SenderOptions
    from forgeledger.sdk.report.sqs_sender import Sender

    url = session.command_queue_url
    courier = BackgroundSender(
        Sender(url, lambda: session.client("sqs")), SenderOptions(background=False)
    )
    ids = CommandIds()
    now = iso_of(datetime.now(UTC))
    for command in _kept(_command(fields, ids, now) for fields in commands):
        courier.put(command, block_seconds=FLUSH_SECONDS)
    delivery = courier.flush(FLUSH_SECONDS)
    if not delivery.is_complete:
        refused = delivery.failed[0].reason if delivery.failed else delivery.last_refusal
        raise CliError(
            f"{delivery.delivered} sent, {delivery.pending + len(delivery.failed)} not: {refused}",
            exit_codes.UNREACHABLE,
        )
    return delivery.delivered


def _kept(commands: "Iterable[Command]") -> "Iterator[Command]":
    """All of them once the last one has come; a million need no more memory than a thousand."""
    with SpooledTemporaryFile(max_size=_BYTES_IN_MEMORY) as spool:
        count = 0
        for command in commands:
            pickle.dump(command, spool)
            count += 1
        spool.seek(0)
        for _ in range(count):
            yield pickle.load(spool)  # noqa: S301 - what this very function has written.


def _command(given: Mapping[str, Any], ids: "CommandIds", now: str) -> "Command":
    from forgeledger.jobs.model import limits
    from forgeledger.sdk.command import Command, check_command_names, group_of, json_of
    from forgeledger.sdk.errors import InvalidCommandError

    fields = {_CAMEL.get(name, name): value for name, value in given.items()}
    place = fields.pop("\0place", None)
    try:
        check_command_names(fields)
        for name, value in (("commandId", ids.next()), ("at", now)):
            if fields.get(name) is None:
                fields[name] = value
        body = json_of("command", fields, most_bytes=limits.MESSAGE_BYTES)
        _check_as_the_intake_does(body)
        return Command(
            type=fields["type"],
            job_id=fields["jobId"],
            item_id=fields["itemId"],
            command_id=fields["commandId"],
            group=group_of(fields["jobId"], fields["itemId"]),
            body=body,
        )
    except InvalidCommandError as error:
        if place is None:
            raise
        raise WrongValue(place, str(error)) from error


def _check_as_the_intake_does(body: bytes) -> None:
    """What it could only reject by its form is told here, where its sender sees it, and so."""
    from forgeledger.jobs.messages.command_message import decode
    from forgeledger.sdk.errors import InvalidCommandError

    problems = decode(body.decode(), "").problems
    if problems:
        others = (f"{problem.field}: {problem.rule}" for problem in problems[1:])
        raise InvalidCommandError(problems[0].field, "; ".join((problems[0].rule, *others)))
