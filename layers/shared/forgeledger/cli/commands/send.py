"""`forgeledger send`: commands to the queue, as a worker sends them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from forgeledger.cli.command import Needs, command
from forgeledger.cli.error_messages import CliError, WrongValue
from forgeledger.cli.json_options import json_value
from forgeledger.cli.session import Session
from forgeledger.jobs.model.commands import CommandKind

_GOES_WITH: Final[Mapping[str, tuple[CommandKind, ...]]] = {
    "--lease-seconds": (CommandKind.CLAIM, CommandKind.HEARTBEAT),
    "--payload": (CommandKind.REGISTER,),
    "--result": (CommandKind.COMPLETE,),
    "--error-type": (CommandKind.FAIL,),
    "--error-message": (CommandKind.FAIL,),
    "--permanent": (CommandKind.FAIL,),
}


def add_to(app: typer.Typer) -> None:
    command(
        app,
        "send",
        needs=Needs.COMMAND_QUEUE,
        example='forgeledger send complete "$JOB" invoice-17 --result \'{"pages": 3}\'',
    )(send)


def send(
    session: Session,
    *,
    kind: Annotated[
        str | None,
        typer.Argument(
            metavar="TYPE",
            help="register, claim, heartbeat, complete, fail, release, retry or expire.",
            show_default=False,
        ),
    ] = None,
    job_id: Annotated[str | None, typer.Argument(metavar="JOB_ID", show_default=False)] = None,
    item_id: Annotated[str | None, typer.Argument(metavar="ITEM_ID", show_default=False)] = None,
    file: Annotated[
        Path | None,
        typer.Option(help="Instead: JSON lines, a command each, as in a message; - is stdin."),
    ] = None,
    attempt: Annotated[int | None, typer.Option(min=1, help="Fences off later owners.")] = None,
    worker_id: Annotated[str | None, typer.Option(help="Who says it.")] = None,
    command_id: Annotated[
        str | None, typer.Option(help="Commands with the same id count once.")
    ] = None,
    lease_seconds: Annotated[
        int | None, typer.Option(min=1, help="With claim and heartbeat.")
    ] = None,
    payload: Annotated[str | None, typer.Option(help="With register: any JSON.")] = None,
    result: Annotated[str | None, typer.Option(help="With complete: any JSON.")] = None,
    error_type: Annotated[str | None, typer.Option(help="With fail: the kind of error.")] = None,
    error_message: Annotated[str, typer.Option(help="With fail.")] = "",
    permanent: Annotated[
        bool, typer.Option("--permanent", help="With fail: trying again is of no use.")
    ] = False,
) -> None:
    """Send commands to the queue, in order, as a worker does.

    None is sent if one of them is malformed: that is told with its field and the rule. What
    becomes of them shows in `forgeledger job item`. A command that the state of its item does not
    allow, or whose item nobody registered, is refused in the journal: `forgeledger job events`.
    What names no known job shows in `forgeledger rejects list`. `expire` ends a claim whose lease
    is over and does nothing before, nor to an item without a lease: that one is ended by `fail`.
    """
    from forgeledger.cli.command_sender import read_commands, send_all

    if file is not None:
        if kind is not None:
            raise CliError("--file: cannot be given together with a command")
        sent = send_all(session, read_commands(file))
    else:
        _check_belongs(
            _given("TYPE", kind),
            {
                "--lease-seconds": lease_seconds is not None,
                "--payload": payload is not None,
                "--result": result is not None,
                "--error-type": error_type is not None,
                "--error-message": bool(error_message),
                "--permanent": permanent,
            },
        )
        if error_type is None and (error_message or permanent):
            option = "--error-message" if error_message else "--permanent"
            raise WrongValue(option, "needs --error-type as well")
        fields: dict[str, Any] = {
            "type": kind,
            "jobId": _given("JOB_ID", job_id),
            "itemId": _given("ITEM_ID", item_id),
            "attempt": attempt,
            "workerId": worker_id,
            "commandId": command_id,
            "leaseSeconds": lease_seconds,
            "payload": None if payload is None else json_value("--payload", payload),
            "result": None if result is None else json_value("--result", result),
        }
        if error_type is not None:
            fields["error"] = {
                "type": error_type,
                "message": error_message,
                "retryable": not permanent,
            }
        given = {name: value for name, value in fields.items() if value is not None}
        sent = send_all(session, [given])
    session.output.record({"sent": sent}, f"{sent:,} sent")


def _check_belongs(kind: str, given: Mapping[str, bool]) -> None:
    """The intake would leave out what does not go with the type, and nobody would know."""
    for option, kinds in _GOES_WITH.items():
        if given[option] and kind in set(CommandKind) and kind not in kinds:
            raise WrongValue(option, f"goes with {' and '.join(kinds)}, not with {kind}")


def _given(name: str, value: str | None) -> str:
    if value is None:
        raise CliError(f"{name}: missing; give TYPE JOB_ID ITEM_ID, or --file")
    return value
