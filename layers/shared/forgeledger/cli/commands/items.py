"""`forgeledger items register`: register items from a file, stdin or file names."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from forgeledger.cli import exit_codes
from forgeledger.cli.arguments import ALLOW_EMPTY, JOB_ID
from forgeledger.cli.command import Needs, command, group
from forgeledger.cli.error_messages import WrongValue
from forgeledger.cli.item_files import Form, read_items, read_names
from forgeledger.cli.job_text import not_sealed, sealed_short_note
from forgeledger.cli.json_options import STDIN
from forgeledger.cli.session import Session

if TYPE_CHECKING:
    from forgeledger.sdk.records import Job, Registration

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
    seal: Annotated[
        bool,
        typer.Option("--seal", help="Seal the job afterwards: it takes no new items then."),
    ] = False,
    allow_empty: ALLOW_EMPTY = False,
) -> None:
    """Register any number of items.

    Takes bounded memory and is safe to repeat. Empty lines are skipped. A name with leading or
    trailing blanks is refused except in JSON lines. The exit code is 1 if the ledger rejected
    items, for instance because the job is sealed, and 4 if --seal could not seal the job, because
    it has ended. The first rejected items are shown with their reasons.
    """
    from forgeledger.cli.item_positions import PositionedItems, note_repeatable
    from forgeledger.cli.job_progress import RegistrationProgress

    if (source is None) == (glob is None):
        raise WrongValue("FILE", "give either a file (- is stdin) or --glob")
    if glob is not None and form is not Form.AUTO:
        raise WrongValue("--form", "goes with a file, not with --glob")
    items = PositionedItems(
        read_names(glob) if glob else read_items(source or STDIN, form, session.output.remark)
    )
    with (
        RegistrationProgress(session.output) as progress,
        items.named_in_errors(),
        note_repeatable(),
    ):
        result = session.ledger.register(
            job_id, items, seal=seal, allow_empty=allow_empty, on_progress=progress
        )
    # --json says it without --seal as well.
    job = _job_now(session, job_id) if seal or session.output.as_json else None
    session.output.record(
        {
            "registered": result.registered,
            "alreadyExisted": result.already_existed,
            "rejected": result.rejected,
            "rejections": [
                {"itemId": rejection.item_id, "reason": rejection.reason}
                for rejection in result.rejections
            ],
            "sealed": None if job is None else job.sealed,
        },
        f"{result.registered:,} registered, {result.already_existed:,} already existed, "
        f"{result.rejected:,} rejected{_sealed_text(job) if seal else ''}",
    )
    if not session.output.as_json:
        _remark_on(session, result)
    if seal and job is not None:
        _check_sealed(session, job)
    if result.rejected:
        raise typer.Exit(exit_codes.NOT_AS_HOPED)


def _remark_on(session: Session, result: "Registration") -> None:
    if not result.sent:
        session.output.remark("the input has no items")
    for rejection in result.rejections[:SHOWN_REJECTIONS]:
        session.output.remark(f"{rejection.item_id}: {rejection.reason}")
    if result.rejected > SHOWN_REJECTIONS:
        session.output.remark(f"and {result.rejected - SHOWN_REJECTIONS:,} more")


def _job_now(session: Session, job_id: str) -> "Job | None":
    """The ledger also answers 200 if an ended job stays unsealed, so the job itself is read.

    Everything is registered by now, so an error only leaves it unknown.
    """
    from forgeledger.sdk.errors import SdkError

    try:
        return session.ledger.status(job_id)
    except SdkError:
        return None


def _check_sealed(session: Session, job: "Job") -> None:
    if not job.sealed:
        raise not_sealed(job)
    if short := sealed_short_note(job):
        session.output.remark(f"note: {short}")


def _sealed_text(job: "Job | None") -> str:
    if job is None:
        return "; whether the job is sealed is not known"
    return ", sealed" if job.sealed else ", not sealed"
