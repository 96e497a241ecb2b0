"""`forgeledger rejects drop`: delete rejected messages for good."""

import sys
from typing import Annotated

import typer

from forgeledger.cli import exit_codes
from forgeledger.cli.arguments import not_empty
from forgeledger.cli.command import Needs, command
from forgeledger.cli.commands.rejects import find_message, reject_queue
from forgeledger.cli.error_messages import CliError, WrongValue
from forgeledger.cli.output import moment, printable, shortened
from forgeledger.cli.queue_peek import FifoQueue, ReceivedMessage
from forgeledger.cli.session import Session
from forgeledger.plural import plural

app = typer.Typer()
_ROUNDS_WITHOUT_MESSAGES = 2


@command(
    app,
    "drop",
    needs=Needs.REJECT_QUEUE,
    example="forgeledger rejects drop --all --yes --json > dropped.jsonl",
)
def drop(
    session: Session,
    *,
    message_id: Annotated[
        str | None,
        typer.Argument(
            metavar="MESSAGE_ID", help="This one.", show_default=False, callback=not_empty
        ),
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="Instead: as many as the queue has at the start.")
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Do not ask; needed without a terminal.")
    ] = False,
) -> None:
    """Delete rejected messages for good.

    A dropped message is gone from the reject queue and cannot be redriven. No job and no item
    changes: its rejected commands were never applied, and the other commands of a message of many
    were applied already, and stay. Each message is printed before it is deleted, so that the output
    of --json, with the bodies, is a copy of what is lost. It asks first, on a terminal; without one
    it deletes nothing unless --yes is given. The exit code is 1 if the answer was no, and 5 if SQS
    did not delete a message.
    """
    if (message_id is None) != every:
        raise WrongValue("MESSAGE_ID", "give either one message or --all")
    if not yes and not sys.stdin.isatty():
        raise WrongValue("--yes", "is needed where nobody can be asked")
    queue = reject_queue(session)
    if message_id is not None:
        if not yes:
            with queue.peek() as messages:
                asked_about = find_message(messages, message_id)
            # Read again afterwards: a receipt is valid for a minute, and people think.
            _confirm(session, _line(asked_about))
        with queue.peek() as messages:
            _drop(session, queue, [find_message(messages, message_id)])
        return
    depth = queue.depth()
    if depth and not yes:
        _confirm(session, f"about {plural(depth, 'message')}")
    dropped = _drop_all(session, queue, depth)
    session.output.remark(f"{dropped:,} dropped" if dropped else "no rejected messages")


def _confirm(session: Session, what: str) -> None:
    # Typer's own question would print to the standard output as well.
    question = printable(f"drop {what}, for good? [y/N] ")
    print(question, end="", file=session.output.err, flush=True)
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        raise CliError("nothing was dropped", exit_codes.NOT_AS_HOPED)


def _drop_all(session: Session, queue: FifoQueue, depth: int) -> int:
    """Up to `depth` messages: those that are rejected meanwhile were not asked about."""
    dropped, rounds_left = 0, _ROUNDS_WITHOUT_MESSAGES
    while dropped < depth and rounds_left:
        received = queue.receive()
        rounds_left = _ROUNDS_WITHOUT_MESSAGES if received else rounds_left - 1
        batch = received[: depth - dropped]
        try:
            _drop(session, queue, batch)
        finally:
            # Those that are not deleted.
            queue.release(received)
        dropped += len(batch)
    return dropped


def _drop(session: Session, queue: FifoQueue, messages: list[ReceivedMessage]) -> None:
    for message in messages:
        session.output.record(message.document(), _line(message))
    kept = queue.delete(messages)
    for message in kept:
        session.output.remark(f"{message.message_id}: not deleted")
    if kept:
        line = f"{plural(len(kept), 'message was', 'messages were')} not deleted"
        raise CliError(line, exit_codes.UNREACHABLE)


def _line(message: ReceivedMessage) -> str:
    parts = (
        message.message_id,
        message.reason,
        moment(message.sent_at),
        message.source_group,
        shortened(message.detail_text if message.detail else message.rejected_body, 80),
    )
    return "  ".join(part for part in parts if part)
