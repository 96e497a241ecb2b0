"""`forgeledger rejects ...`: what the ledger could never apply, and sending it once more."""

from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from forgeledger.cli import exit_codes
from forgeledger.cli.command import Needs, command, group
from forgeledger.cli.deployment import Where
from forgeledger.cli.error_messages import CliError, WrongValue
from forgeledger.cli.json_options import json_object
from forgeledger.cli.output import facts, moment, short_json, shortened
from forgeledger.cli.queue_peek import FifoQueue, Held, dead_letter_queue_url
from forgeledger.cli.session import Session
from forgeledger.jobs.model.limits import MESSAGE_BYTES

if TYPE_CHECKING:
    from forgeledger.cli.redrive import Redriven

app = group("Look at rejected messages, and send them again.", "forgeledger rejects list --local")


class Queue(StrEnum):
    REJECTS = "rejects"
    DEAD_LETTER = "dead-letter"


QUEUE = Annotated[
    Queue, typer.Option(help="dead-letter: commands that were tried too often instead.")
]
# The reject queue's address, or that of the command queue, which knows its dead-letter queue.
NEEDS = Needs.REJECT_QUEUE | Needs.COMMAND_QUEUE


@command(app, "list", needs=NEEDS, example="forgeledger rejects list --json | jq -r .reason")
def list_rejects(
    session: Session,
    *,
    queue: QUEUE = Queue.REJECTS,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 100,
) -> None:
    """List rejected messages without removing them.

    SQS shows of each message group only the first ten before one of them is deleted.
    """
    fifo = _fifo(session, queue)
    depth = fifo.depth()
    found: list[Held] = []
    with fifo.looking() as messages:
        for message in messages:
            found.append(message)
            if len(found) == limit:
                break
    session.output.table(
        ("MESSAGE", "REASON", "SENT (UTC)", "GROUP", "DETAIL"),
        (
            (
                each.document(),
                (
                    each.message_id,
                    each.reason,
                    moment(each.sent_at),
                    each.source_group,
                    shortened(each.told, 80) if each.detail else short_json(each.body, 80),
                ),
            )
            for each in found
        ),
        empty="no rejected messages" if queue is Queue.REJECTS else "no dead letters",
    )
    if depth > len(found):
        session.output.remark(f"about {depth - len(found):,} more stand behind these")


@command(
    app,
    "show",
    needs=NEEDS,
    example="forgeledger rejects show 6f1c2d3e-4b5a-6978-8897-a6b5c4d3e2f1",
)
def show(
    session: Session,
    *,
    message_id: Annotated[str, typer.Argument(metavar="MESSAGE_ID", show_default=False)],
    queue: QUEUE = Queue.REJECTS,
    body_only: Annotated[
        bool, typer.Option("--body", help="Print the body alone, to mend it in a file.")
    ] = False,
) -> None:
    """Show one rejected message, whole, and why."""
    fifo = _fifo(session, queue)
    with fifo.looking() as messages:
        found = _find(messages, message_id)
    if body_only:
        session.output.text(found.body)
        return
    session.output.record(
        found.document(),
        [
            *facts(
                [
                    ("message", found.message_id),
                    ("reason", found.reason),
                    ("detail", shortened(found.told, 1_000)),
                    ("source message", found.attributes.get("sourceMessageId")),
                    ("source group", found.source_group),
                    ("sent", moment(found.sent_at)),
                    ("receives", found.receives),
                ]
            ),
            "",
            found.body,
        ],
    )


@command(
    app,
    "redrive",
    needs=NEEDS,
    example="forgeledger rejects redrive 6f1c2d3e-4b5a-6978-8897-a6b5c4d3e2f1 --body mended.json",
)
def redrive(
    session: Session,
    *,
    message_id: Annotated[
        str | None,
        typer.Argument(metavar="MESSAGE_ID", help="This one; else all.", show_default=False),
    ] = None,
    queue: QUEUE = Queue.REJECTS,
    body: Annotated[
        Path | None, typer.Option(help="A mended body for the one message; - is stdin.")
    ] = None,
) -> None:
    """Send one rejected message to the queue again, or all of them.

    Without a MESSAGE_ID all go, at once and unasked. They keep their order and the group in which
    they first came. A message is deleted only after the command queue has accepted it. A mended
    body is checked before anything is changed: the intake has to take its form, and it may have no
    field that neither the contract nor the rejected message knows. What is rejected once more while
    the command runs stays, and the exit code is 1; what comes back later shows in
    `forgeledger rejects list`.
    """
    from forgeledger.cli.redrive import Redriver

    mended = None if body is None else _mended(body)
    if mended is not None and message_id is None:
        raise CliError("--body: goes with one MESSAGE_ID")
    fifo = _fifo(session, queue)
    client = session.client("sqs")
    redriver = Redriver(fifo, client, session.command_queue_url)
    if message_id is None:
        done = redriver.redrive_all()
    else:
        from forgeledger.cli.message_edit import check_mended

        with fifo.looking() as messages:
            found = _find(messages, message_id)
            if mended is not None:
                check_mended(mended, found.body)
            done = redriver.redrive_one(found, mended)
    session.output.record(
        {
            "sent": len(done.sent),
            "notKnownYet": done.not_known_yet,
            "rejectedAgain": [each.document() for each in done.back_again],
            "refused": [{"messageId": each.message_id, "why": why} for each, why in done.refused],
            "notDeleted": [each.message_id for each in done.not_deleted],
        },
        _told(done, session.where),
    )
    for each in done.back_again:
        session.output.remark(f"{each.message_id}: rejected again: {each.reason}")
    for each, why in done.refused:
        session.output.remark(f"{each.message_id}: not accepted, so its group waits: {why}")
    for each in done.not_deleted:
        session.output.remark(f"{each.message_id}: sent but not deleted; redrive it within 5 min")
    if done.refused or done.not_deleted:
        raise typer.Exit(exit_codes.UNREACHABLE)
    if done.back_again:
        raise typer.Exit(exit_codes.NOT_AS_HOPED)


def _told(done: "Redriven", where: Where) -> str:
    """The ledger judges what was sent in its own time: silence is not yet success."""
    sent = f"{len(done.sent):,} sent to the command queue"
    if not done.sent:
        return sent
    back = f"{len(done.back_again):,} rejected again so far"
    if not done.not_known_yet:
        return f"{sent}; {back}"
    which = f"the other {done.not_known_yet:,}" if done.back_again else "more"
    on_queue = where.repeated("reject_queue_url")
    return f"{sent}; {back}, {which} may follow: see `forgeledger rejects list{on_queue}`"


def _fifo(session: Session, queue: Queue) -> FifoQueue:
    client = session.client("sqs")
    if queue is Queue.REJECTS:
        return FifoQueue(client, session.reject_queue_url)
    url = dead_letter_queue_url(client, session.command_queue_url)
    if url is None:
        raise CliError("the command queue has no dead-letter queue", exit_codes.NOT_FOUND)
    return FifoQueue(client, url)


def _find(messages: Iterator[Held], message_id: str) -> Held:
    for message in messages:
        if message.message_id == message_id:
            return message
    raise CliError(
        f"{message_id}: no such message among those that SQS shows now", exit_codes.NOT_FOUND
    )


def _mended(source: Path) -> str:
    from forgeledger.cli.item_files import STDIN

    try:
        text = (
            typer.get_text_stream("stdin").read()
            if source == STDIN
            else source.read_text(encoding="utf-8")
        )
        text = text.removeprefix("\N{BYTE ORDER MARK}").strip()
    except UnicodeDecodeError as error:
        raise WrongValue("--body", "is not UTF-8") from error
    json_object("--body", text)
    size = len(text.encode())
    if size > MESSAGE_BYTES:
        raise WrongValue("--body", f"has {size} bytes, at most {MESSAGE_BYTES}")
    return text
