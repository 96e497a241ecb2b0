"""`forgeledger items register`: register items from a file, stdin or file names."""

from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from forgeledger.cli import exit_codes
from forgeledger.cli.command import Needs, command, group
from forgeledger.cli.commands.job import JOB_ID
from forgeledger.cli.error_messages import CliError
from forgeledger.cli.item_files import STDIN, Form, read_items, read_names
from forgeledger.cli.job_text import sealed_short_note
from forgeledger.cli.session import Session

app = group(
    "items", "Register the items of a job.", 'forgeledger items register "$JOB" invoices.txt --seal'
)

# For people; --json has more of them.
SHOWN_REJECTIONS = 10


@command(
    app,
    "register",
    needs=Needs.API,
    example='ls /data | forgeledger items register "$JOB" - --seal',
)
def register(
    session: Session,
    *,
    job_id: JOB_ID,
    source: Annotated[
        Path | None,
        typer.Argument(metavar="FILE", help="A file, or - for stdin.", show_default=False),
    ] = None,
    glob: Annotated[
        str | None,
        typer.Option(
            help="Instead: the name of each matching file is an item, as in 'in/**/*.csv'."
        ),
    ] = None,
    form: Annotated[
        Form,
        typer.Option(
            help="lines: one id a line; jsonl: {itemId, payload}; "
            "auto: by suffix, and jsonl if stdin starts with {."
        ),
    ] = Form.AUTO,
    seal: Annotated[bool, typer.Option("--seal", help="No more items will be added.")] = False,
) -> None:
    """Register any number of items.

    Takes bounded memory and is safe to repeat. Empty lines are skipped. A name with leading or
    trailing blanks is refused except in JSON lines. The exit code is 1 if the ledger rejected
    items, for instance because the job is sealed; the first of them are shown with their reasons.
    """
    from forgeledger.cli.item_positions import PositionedItems, note_repeatable
    from forgeledger.cli.job_progress import RegistrationProgress

    if (source is None) == (glob is None):
        raise CliError("FILE: give either a file (- is stdin) or --glob")
    if glob is not None and form is not Form.AUTO:
        raise CliError("--form: goes with a file, not with --glob")
    items = PositionedItems(
        read_names(glob) if glob else read_items(source or STDIN, form, session.output.remark)
    )
    with (
        RegistrationProgress(session.output) as progress,
        items.named_in_errors(),
        note_repeatable(),
    ):
        result = session.ledger.register(job_id, items, seal=seal, on_progress=progress)
    session.output.record(
        {
            "registered": result.registered,
            "alreadyExisted": result.already_existed,
            "rejected": result.rejected,
            "rejections": [
                {"itemId": rejection.item_id, "reason": rejection.reason}
                for rejection in result.rejections
            ],
            "sealed": seal,
        },
        f"{result.registered:,} registered, {result.already_existed:,} already existed, "
        f"{result.rejected:,} rejected{', sealed' if seal else ''}",
    )
    if not session.output.as_json:
        if not result.sent:
            session.output.remark("the input has no items")
        for rejection in result.rejections[:SHOWN_REJECTIONS]:
            session.output.remark(f"{rejection.item_id}: {rejection.reason}")
        if result.rejected > SHOWN_REJECTIONS:
            session.output.remark(f"and {result.rejected - SHOWN_REJECTIONS:,} more")
    if seal:
        _note_sealed_short(session, job_id)
    if result.rejected:
        raise typer.Exit(exit_codes.NOT_AS_HOPED)


def _note_sealed_short(session: Session, job_id: str) -> None:
    """Everything is registered by now, so an error here only suppresses the note."""
    from forgeledger.sdk.errors import SdkError

    with suppress(SdkError):
        if short := sealed_short_note(session.ledger.status(job_id)):
            session.output.remark(f"note: {short}")
