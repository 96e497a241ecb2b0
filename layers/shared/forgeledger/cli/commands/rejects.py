"""`forgeledger rejects list|show|redrive`: inspect rejected messages, and redrive them."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from forgeledger.cli import exit_codes
from forgeledger.cli.arguments import MESSAGE_ID, not_empty
from forgeledger.cli.command import Needs, command, group
from forgeledger.cli.deployment import Where
from forgeledger.cli.error_messages import CliError, NoSuchJob, WrongValue
from forgeledger.cli.json_options import json_object, read_text
from forgeledger.cli.output import facts, moment, short_json, shortened
from forgeledger.cli.queue_peek import FifoQueue, ReceivedMessage, largest_message
from forgeledger.cli.session import Session
from forgeledger.jobs.model.limits import MESSAGE_BYTES
from forgeledger.plural import plural

if TYPE_CHECKING:
    from forgeledger.cli.redrive import RedriveResult

app = group(
    "rejects",
    "Inspect rejected messages, redrive them, or drop them.",
    "forgeledger rejects list --local",
)
LIMIT = Annotated[int, typer.Option(min=1, help="Print at most so many.")]
ONE_OR_ALL = Annotated[
    str | None,
    typer.Argument(
        metavar="MESSAGE_ID",
        help="This one; default: all.",
        show_default=False,
        callback=not_empty,
    ),
]


@command(
    app, "list", needs=Needs.REJECT_QUEUE, example="forgeledger rejects list --json | jq -r .reason"
)
def list_rejects(session: Session, *, limit: LIMIT = 100) -> None:
    """List rejected messages without removing them.

    SQS locks a message group once it has delivered some of its messages. So the list has only the
    first messages of each group, ten at most and often fewer. The others can be listed when those
    before them are no longer in the queue.
    """
    list_messages(session, reject_queue(session), limit, empty="no rejected messages")


def list_messages(session: Session, fifo: FifoQueue, limit: int, *, empty: str) -> None:
    depth = fifo.depth()
    listed: list[ReceivedMessage] = []
    with fifo.peek() as messages:
        for message in messages:
            listed.append(message)
            if len(listed) == limit:
                break
    session.output.table(
        ("MESSAGE", "REASON", "SENT (UTC)", "GROUP", "DETAIL"),
        (
            (
                message.document(),
                (
                    message.message_id,
                    message.reason,
                    moment(message.sent_at),
                    message.source_group,
                    shortened(message.detail_text, 80)
                    if message.detail
                    else short_json(message.rejected_body, 80),
                ),
            )
            for message in listed
        ),
        empty=empty,
    )
    if depth > len(listed):
        more = plural(depth - len(listed), "more is", "more are")
        locked = "" if len(listed) == limit else "; SQS does not deliver them before these are gone"
        session.output.remark(f"about {more} in the queue{locked}")


@command(
    app,
    "show",
    needs=Needs.REJECT_QUEUE,
    example="forgeledger rejects show 6f1c2d3e-4b5a-6978-8897-a6b5c4d3e2f1",
)
def show(
    session: Session,
    *,
    message_id: MESSAGE_ID,
    body_only: Annotated[
        bool, typer.Option("--body", help="Print only the body, to correct it in a file.")
    ] = False,
) -> None:
    """Show one rejected message and the reason.

    Of a message with many commands its body has only those that were rejected.
    """
    show_message(session, reject_queue(session), message_id, body_only=body_only)


def show_message(session: Session, fifo: FifoQueue, message_id: str, *, body_only: bool) -> None:
    with fifo.peek() as messages:
        message = find_message(messages, message_id)
    if body_only:
        session.output.text(message.rejected_body)
        return
    session.output.record(
        message.document(),
        [
            *facts(
                [
                    ("message", message.message_id),
                    ("reason", message.reason),
                    ("detail", shortened(message.detail_text, 1_000)),
                    ("source message", message.source_id),
                    ("source group", message.source_group),
                    ("sent", moment(message.sent_at)),
                    ("receives", message.receives),
                ]
            ),
            "",
            message.rejected_body,
        ],
    )


@command(
    app,
    "redrive",
    # The API is asked whether the jobs of a corrected body exist.
    needs=Needs.REJECT_QUEUE | Needs.COMMAND_QUEUE | Needs.API,
    example="forgeledger rejects redrive 6f1c2d3e-4b5a-6978-8897-a6b5c4d3e2f1 --body fixed.json",
)
def redrive(
    session: Session,
    *,
    message_id: ONE_OR_ALL = None,
    body: Annotated[
        Path | None, typer.Option(help="A corrected body for the one message; - is stdin.")
    ] = None,
) -> None:
    """Redrive one rejected message, or all of them, to the command queue.

    Without a MESSAGE_ID all are sent, without a confirmation. They keep their order and the group
    in which they were first sent, and each command keeps its id. A message is deleted only after
    the command queue has accepted it. A corrected body is checked before anything is changed: it
    must be valid, each of its fields must be one of the contract or of the rejected message, and
    its job must exist; that is not checked, and a note says so, if the API is not known or does
    not answer. A message that is rejected again while the command runs stays in the queue, and the
    exit code is 1; to see those that are rejected later, use `forgeledger rejects list`.
    """
    corrected = None if body is None else _read_body(body)
    if corrected is not None and message_id is None:
        raise WrongValue("--body", "goes with one MESSAGE_ID")
    # Before the queue is read, because what was read is hidden from others for a while.
    not_looked_up = corrected and _refuse_unknown_jobs(session, corrected)
    note = f"note: whether its job exists was not checked: {not_looked_up}" if not_looked_up else ""
    redrive_messages(session, reject_queue(session), message_id, corrected, note)


def redrive_messages(
    session: Session,
    fifo: FifoQueue,
    message_id: str | None,
    corrected: str | None = None,
    note: str = "",
) -> None:
    from forgeledger.cli.redrive import Redriver

    client, url = session.client("sqs"), session.command_queue_url
    redriver = Redriver(fifo, client, url, largest_message(client, url))
    if message_id is None:
        result = redriver.redrive_all()
    else:
        from forgeledger.cli.message_edit import check_corrected

        with fifo.peek() as messages:
            rejected = find_message(messages, message_id)
            if corrected is not None:
                check_corrected(corrected, rejected.rejected_body)
            if note:
                session.output.remark(note)
            result = redriver.redrive_one(rejected, corrected)
    session.output.record(
        {
            "sent": len(result.sent),
            "notKnownYet": result.not_known_yet,
            "rejectedAgain": [message.document() for message in result.rejected_again],
            "refused": [
                {"messageId": message.message_id, "why": why} for message, why in result.refused
            ],
            "notDeleted": [message.message_id for message in result.not_deleted],
        },
        _summary(result, session.where),
    )
    for message in result.rejected_again:
        session.output.remark(f"{message.message_id}: rejected again: {message.reason}")
    for message, why in result.refused:
        session.output.remark(f"{message.message_id}: not accepted, so its group waits: {why}")
    for message in result.not_deleted:
        session.output.remark(
            f"{message.message_id}: sent but not deleted; redrive it again within 5 min"
        )
    if result.refused or result.not_deleted:
        unmoved = [message for message, _ in result.refused] + result.not_deleted
        line = f"{plural(len(unmoved), 'message was', 'messages were')} not redriven and deleted"
        raise CliError(line, exit_codes.UNREACHABLE)
    if result.rejected_again:
        raise typer.Exit(exit_codes.NOT_AS_HOPED)


def _refuse_unknown_jobs(session: Session, corrected: str) -> str | None:
    """Returns why the jobs could not be looked up, if so."""
    from forgeledger.cli.message_edit import job_ids
    from forgeledger.sdk.errors import NotFoundError, SdkError

    for job_id in job_ids(corrected):
        if not session.deployment.endpoints.api_url:
            return "the API's address is not known"
        try:
            session.api.get("jobs", job_id)
        except NotFoundError as error:
            rule = f"jobId: {NoSuchJob(job_id)}"
            raise WrongValue("--body", rule, exit_codes.NOT_FOUND) from error
        except SdkError as error:
            return str(error)
    return None


def _summary(result: "RedriveResult", where: Where) -> str:
    """The intake may still reject what was sent, so the text does not claim success."""
    sent = f"{len(result.sent):,} sent to the command queue"
    if not result.sent:
        return sent
    again = f"{len(result.rejected_again):,} rejected again so far"
    if not result.not_known_yet:
        return f"{sent}; {again}"
    others = f"the other {result.not_known_yet:,}" if result.rejected_again else "more"
    options = where.as_options("reject_queue_url")
    return f"{sent}; {again}, {others} may follow: see `forgeledger rejects list{options}`"


def reject_queue(session: Session) -> FifoQueue:
    return FifoQueue(session.client("sqs"), session.reject_queue_url)


def find_message(messages: Iterator[ReceivedMessage], message_id: str) -> ReceivedMessage:
    for message in messages:
        if message.message_id == message_id:
            return message
    raise CliError(
        f"{message_id}: no such message among those that SQS delivers now", exit_codes.NOT_FOUND
    )


def _read_body(source: Path) -> str:
    text = read_text("--body", source)
    json_object("--body", text)
    size = len(text.encode())
    if size > MESSAGE_BYTES:
        raise WrongValue("--body", f"has {size} bytes, at most {MESSAGE_BYTES}")
    return text
