"""Reads commands, validates them as the intake does, and sends them in order."""

import pickle
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING, Any, Final

from forgeledger.cli import exit_codes
from forgeledger.cli.error_messages import CliError, NoSuchJob, WrongValue
from forgeledger.cli.item_files import read_lines
from forgeledger.cli.json_options import json_object
from forgeledger.cli.session import Session
from forgeledger.jobs.model.ids import lanes_of
from forgeledger.json_text import iso_of

if TYPE_CHECKING:
    from forgeledger.sdk.command import Command, CommandIds

FLUSH_SECONDS: Final = 30.0
# SQS takes them wherever it is, and commands of usual size fill a message by their number.
MESSAGE_BYTES: Final = 256 * 1024
# The contract takes snake_case as well; this module reads these names.
_CAMEL: Final = {"job_id": "jobId", "item_id": "itemId", "command_id": "commandId"}
# No field of a command is called so.
_POSITION: Final = "\0position"
# More validated commands than this wait in a file.
_BYTES_IN_MEMORY: Final = 16 * 1024 * 1024


def read_commands(source: Path) -> Iterator[Mapping[str, Any]]:
    """A line has one command, or a message of many; errors name the line and the command."""
    for position, line in read_lines(source):
        content = json_object(position, line)
        commands = content.get("commands", [content])
        if not isinstance(commands, list):
            raise WrongValue(position, "commands is not a list")
        for index, command in enumerate(commands):
            place = f"{position}: commands[{index}]" if "commands" in content else position
            if not isinstance(command, dict):
                raise WrongValue(place, "is not a JSON object")
            yield {**command, _POSITION: place}


def send_all(session: Session, commands: Iterable[Mapping[str, Any]]) -> int:
    """Send all commands, in order within each lane, and return their number.

    Nothing is sent before all of them are validated. Raises CliError if SQS did not accept all.
    """
    from forgeledger.sdk.command import CommandIds
    from forgeledger.sdk.report.background_sender import BackgroundSender, SenderOptions
    from forgeledger.sdk.report.outbox import OutboxLimits
    from forgeledger.sdk.report.sqs_sender import Sender

    url = session.command_queue_url
    limits = OutboxLimits(message_bytes=MESSAGE_BYTES)
    sender = BackgroundSender(
        Sender(url, lambda: session.client("sqs")), SenderOptions(limits=limits, background=False)
    )
    ids = CommandIds()
    now = iso_of(datetime.now(UTC))
    for command in _buffered(_command(fields, ids, now) for fields in commands):
        sender.put(command, block_seconds=FLUSH_SECONDS)
    delivery = sender.flush(FLUSH_SECONDS)
    if not delivery.is_complete:
        refusal = delivery.failed[0].reason if delivery.failed else delivery.last_refusal
        raise CliError(
            f"{delivery.delivered} sent, {delivery.pending + len(delivery.failed)} not: {refusal}",
            exit_codes.UNREACHABLE,
        )
    return delivery.delivered


def _buffered(commands: "Iterable[Command]") -> "Iterator[Command]":
    """Yields the first command after the last was read; a file holds what memory should not."""
    with SpooledTemporaryFile(max_size=_BYTES_IN_MEMORY) as spool:
        count = 0
        for command in commands:
            pickle.dump(command, spool)
            count += 1
        spool.seek(0)
        for _ in range(count):
            yield pickle.load(spool)  # noqa: S301 - this function has written it.


def _command(given: Mapping[str, Any], ids: "CommandIds", now: str) -> "Command":
    from forgeledger.sdk.command import Command
    from forgeledger.sdk.command_checks import check_command_names, group_of
    from forgeledger.sdk.errors import InvalidCommandError
    from forgeledger.sdk.json_encoder import body_of_command

    fields = {_CAMEL.get(name, name): value for name, value in given.items()}
    position = fields.pop(_POSITION, None)
    try:
        check_command_names(fields)
        for name, value in (("commandId", ids.next()), ("at", now)):
            if fields.get(name) is None:
                fields[name] = value
        body = body_of_command(fields)
        _validate_as_intake(body)
        return Command(
            type=fields["type"],
            job_id=fields["jobId"],
            item_id=fields["itemId"],
            command_id=fields["commandId"],
            group=group_of(fields["jobId"], fields["itemId"]),
            body=body,
        )
    except InvalidCommandError as error:
        job_id = fields.get("jobId")
        if error.field == "jobId" and isinstance(job_id, str) and lanes_of(job_id) is None:
            raise NoSuchJob(job_id, position or "") from error
        if position is None:
            raise
        raise WrongValue(position, str(error)) from error


def _validate_as_intake(body: bytes) -> None:
    """Runs the intake's own decoder, whose messages the sender would find in the reject queue."""
    from forgeledger.jobs.messages.command_message import decode
    from forgeledger.sdk.errors import InvalidCommandError

    problems = decode(body.decode(), "").problems
    if problems:
        others = (f"{problem.field}: {problem.rule}" for problem in problems[1:])
        raise InvalidCommandError(problems[0].field, "; ".join((problems[0].rule, *others)))
