"""`forgeledger deadletters ...`: messages that were received too often, and their redrive."""

from typing import Annotated

import typer

from forgeledger.cli import exit_codes
from forgeledger.cli.arguments import MESSAGE_ID
from forgeledger.cli.command import Needs, command, group
from forgeledger.cli.commands.rejects import (
    LIMIT,
    ONE_OR_ALL,
    list_messages,
    redrive_messages,
    show_message,
)
from forgeledger.cli.error_messages import CliError
from forgeledger.cli.queue_peek import FifoQueue, dead_letter_queue_url
from forgeledger.cli.session import Session

app = group(
    "deadletters",
    "Inspect messages that were received too often, and redrive them.",
    "forgeledger deadletters list --local",
)
# The dead-letter queue is found through the command queue.
NEEDS = Needs.COMMAND_QUEUE
_OF_A_REDRIVE = frozenset({"sourceMessageId", "movedAt"})


@command(app, "list", needs=NEEDS, example="forgeledger deadletters list --json | jq -r .body")
def list_dead_letters(session: Session, *, limit: LIMIT = 100) -> None:
    """List dead letters without removing them.

    SQS locks a message group once it has delivered some of its messages. So the list has only the
    first messages of each group, ten at most and often fewer.
    """
    list_messages(session, _dead_letters(session), limit, empty="no dead letters")


@command(
    app,
    "show",
    needs=NEEDS,
    example="forgeledger deadletters show 6f1c2d3e-4b5a-6978-8897-a6b5c4d3e2f1",
)
def show(
    session: Session,
    *,
    message_id: MESSAGE_ID,
    body_only: Annotated[bool, typer.Option("--body", help="Print only the body.")] = False,
) -> None:
    """Show one dead letter."""
    show_message(session, _dead_letters(session), message_id, body_only=body_only)


@command(app, "redrive", needs=NEEDS, example="forgeledger deadletters redrive --stack forgeledger")
def redrive(session: Session, *, message_id: ONE_OR_ALL = None) -> None:
    """Redrive one dead letter, or all of them, to the command queue.

    Each command keeps the id by which the ledger knows it, so that one that was applied already is
    not applied again. SQS's own redrive gives each message a new id, and with it each command that
    was sent without a `commandId`. A message is deleted only after the command queue has accepted
    it.
    """
    redrive_messages(session, _dead_letters(session), message_id)


def _dead_letters(session: Session) -> FifoQueue:
    client = session.client("sqs")
    url = dead_letter_queue_url(client, session.command_queue_url)
    if url is None:
        raise CliError("the command queue has no dead-letter queue", exit_codes.NOT_FOUND)
    return FifoQueue(client, url, _OF_A_REDRIVE)
