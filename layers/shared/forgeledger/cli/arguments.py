"""Arguments and options that several commands have, with their checks."""

from typing import Annotated

import typer

from forgeledger.cli.error_messages import NoSuchJob
from forgeledger.jobs.model.ids import lanes_of


def not_empty(value: str | None) -> str | None:
    """An unset variable of a script gives an empty text, which would mean something else."""
    if value == "":
        raise typer.BadParameter("is empty")
    return value


def id_of_a_job(value: str | None) -> str | None:
    """What cannot be an id is answered as an id without a job."""
    if not_empty(value) is not None and lanes_of(str(value)) is None:
        raise NoSuchJob(str(value))
    return value


JOB_ID = Annotated[str, typer.Argument(metavar="JOB_ID", show_default=False, callback=id_of_a_job)]
ITEM_ID = Annotated[str, typer.Argument(metavar="ITEM_ID", show_default=False, callback=not_empty)]
MESSAGE_ID = Annotated[
    str, typer.Argument(metavar="MESSAGE_ID", show_default=False, callback=not_empty)
]
ALLOW_EMPTY = Annotated[
    bool,
    typer.Option("--allow-empty", help="Let --seal complete a job at once if there are no items."),
]
