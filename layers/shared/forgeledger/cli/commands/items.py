"""`forgeledger items register`: items from a file, from stdin, or from the names of files."""

from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from forgeledger.cli import exit_codes
from forgeledger.cli.command import Needs, command, group
from forgeledger.cli.commands.job import JOB_ID
from forgeledger.cli.error_messages import CliError
from forgeledger.cli.item_files import STDIN, Form, read_items, read_names
from forgeledger.cli.job_text import sealed_short
from forgeledger.cli.session import Session

app = group("Register the items of a job.", 'forgeledger items register "$JOB" invoices.txt --seal')

# On a terminal; --json has more of them.
REJECTIONS_TOLD = 10


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
        typer.Option(help="Instead: each file that fits is an item, as in 'in/**/*.csv'."),
    ] = None,
    form: Annotated[
        Form,
        typer.Option(
            help="lines: an id each; jsonl: {itemId, payload}; "
            "auto: by suffix, and jsonl if stdin begins with {."
        ),
    ] = Form.AUTO,
    seal: Annotated[bool, typer.Option("--seal", help="No more items will come.")] = False,
) -> None:
    """Register any number of items.

    Takes bounded memory and is safe to repeat. Empty lines are passed over, and a name with blanks
    around it is refused, unless JSON lines say it. The exit code is 1 if the ledger rejected some,
    for instance because the job is sealed; the first of them are shown with the reason.
    """
    from forgeledger.cli.item_positions import PlacedItems, told_to_be_repeatable
    from forgeledger.cli.job_progress import RegistrationProgress

    if (source is None) == (glob is None):
        raise CliError("FILE: give either a file (- is stdin) or --glob")
    if glob is not None and form is not Form.AUTO:
        raise CliError("--form: goes with a file, not with --glob")
    items = PlacedItems(
        read_names(glob) if glob else read_items(source or STDIN, form, session.output.remark)
    )
    with (
        RegistrationProgress(session.output) as progress,
        items.told_by_place(),
        told_to_be_repeatable(),
    ):
        found = session.ledger.register(job_id, items, seal=seal, on_progress=progress)
    session.output.record(
        {
            "registered": found.registered,
            "alreadyExisted": found.already_existed,
            "rejected": found.rejected,
            "rejections": [
                {"itemId": rejection.item_id, "reason": rejection.reason}
                for rejection in found.rejections
            ],
            "sealed": seal,
        },
        f"{found.registered:,} registered, {found.already_existed:,} known before, "
        f"{found.rejected:,} rejected{', sealed' if seal else ''}",
    )
    if not session.output.as_json:
        if not found.sent:
            session.output.remark("nothing was in it to be registered")
        for rejection in found.rejections[:REJECTIONS_TOLD]:
            session.output.remark(f"{rejection.item_id}: {rejection.reason}")
        if found.rejected > REJECTIONS_TOLD:
            session.output.remark(f"and {found.rejected - REJECTIONS_TOLD:,} more")
    if seal:
        _note_sealed_short(session, job_id)
    if found.rejected:
        raise typer.Exit(exit_codes.NOT_AS_HOPED)


def _note_sealed_short(session: Session, job_id: str) -> None:
    """All that was asked for is done by now: without the job there is no note, and no error."""
    from forgeledger.sdk.errors import SdkError

    with suppress(SdkError):
        if short := sealed_short(session.ledger.status(job_id)):
            session.output.remark(f"note: {short}")
