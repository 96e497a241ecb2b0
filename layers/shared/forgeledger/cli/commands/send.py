"""`forgeledger send`: send commands to the queue as a worker does."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from forgeledger.cli.arguments import id_of_a_job, not_empty
from forgeledger.cli.command import Needs, command
from forgeledger.cli.error_messages import WrongValue
from forgeledger.cli.json_options import json_value
from forgeledger.cli.session import Session
from forgeledger.jobs.model.commands import CommandKind

app = typer.Typer()
_KINDS_OF_OPTION: Final[Mapping[str, tuple[CommandKind, ...]]] = {
    "--dispatch": (
        CommandKind.CLAIM,
        CommandKind.HEARTBEAT,
        CommandKind.COMPLETE,
        CommandKind.FAIL,
        CommandKind.RELEASE,
    ),
    "--lease-seconds": (CommandKind.CLAIM, CommandKind.HEARTBEAT),
    "--payload": (CommandKind.REGISTER,),
    "--kind": (CommandKind.REGISTER,),
    "--group": (CommandKind.REGISTER,),
    "--not-before": (CommandKind.REGISTER,),
    "--result": (CommandKind.COMPLETE,),
    "--error-type": (CommandKind.FAIL,),
    "--error-message": (CommandKind.FAIL,),
    "--permanent": (CommandKind.FAIL,),
    "--retry-after-seconds": (CommandKind.FAIL,),
}


@command(
    app,
    "send",
    needs=Needs.COMMAND_QUEUE,
    example='forgeledger send complete "$JOB" invoice-17 --result \'{"pages": 3}\'',
)
def send(
    session: Session,
    *,
    kind: Annotated[
        str | None,
        typer.Argument(
            metavar="TYPE",
            help="register, claim, heartbeat, complete, fail, release, retry, expire or cancel.",
            show_default=False,
        ),
    ] = None,
    job_id: Annotated[
        str | None, typer.Argument(metavar="JOB_ID", show_default=False, callback=id_of_a_job)
    ] = None,
    item_id: Annotated[
        str | None, typer.Argument(metavar="ITEM_ID", show_default=False, callback=not_empty)
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option(help="Instead: JSON lines, each a command or a message; - is stdin."),
    ] = None,
    attempt: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="The number of the claim it belongs to (ATTEMPT of `job items`); if the item has "
            "a later claim, the command is rejected.",
        ),
    ] = None,
    dispatch: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Which dispatch of its item the work message was for; where the job dispatches, a "
            "command for another one is rejected.",
        ),
    ] = None,
    worker_id: Annotated[str | None, typer.Option(help="The worker that sends it.")] = None,
    command_id: Annotated[
        str | None, typer.Option(help="Commands with the same id are applied once.")
    ] = None,
    lease_seconds: Annotated[
        int | None, typer.Option(min=1, help="With claim and heartbeat.")
    ] = None,
    payload: Annotated[str | None, typer.Option(help="With register: any JSON.")] = None,
    item_kind: Annotated[
        str | None, typer.Option("--kind", help="With register: which handler its work is for.")
    ] = None,
    item_group: Annotated[
        str | None,
        typer.Option("--group", help="With register: its message group on a FIFO work queue."),
    ] = None,
    not_before: Annotated[
        str | None,
        typer.Option(help="With register: no claim before this time, as 2026-12-01T09:00:00Z."),
    ] = None,
    result: Annotated[str | None, typer.Option(help="With complete: any JSON.")] = None,
    error_type: Annotated[str | None, typer.Option(help="With fail: the kind of error.")] = None,
    error_message: Annotated[str, typer.Option(help="With fail.")] = "",
    permanent: Annotated[
        bool, typer.Option("--permanent", help="With fail: the error is not retryable.")
    ] = False,
    retry_after_seconds: Annotated[
        int | None,
        typer.Option(min=0, help="With fail: how long it waits, in place of the job's backoff."),
    ] = None,
) -> None:
    """Send commands to the queue, in order, as a worker does.

    If one of them is malformed, none is sent, and the error names its field and rule. To see the
    effect, use `forgeledger job item`. A command that its item's state does not allow, or whose
    item is not registered, is rejected in the journal: `forgeledger job events`. A command for an
    unknown job goes to the reject queue: `forgeledger rejects list`. `expire` ends a claim whose
    lease is over; it has no effect before that or on an item without a lease, which `fail` ends.
    `cancel` ends one unfinished item; `forgeledger job cancel` ends a whole job. Commands of a lane
    share messages of up to 500 and 256 KiB, which SQS takes in every partition.
    """
    from forgeledger.cli.command_sender import read_commands, send_all

    names = {
        "--attempt": attempt is not None,
        "--worker-id": worker_id is not None,
        "--command-id": command_id is not None,
    }
    given = {
        "--dispatch": dispatch is not None,
        "--lease-seconds": lease_seconds is not None,
        "--payload": payload is not None,
        "--kind": item_kind is not None,
        "--group": item_group is not None,
        "--not-before": not_before is not None,
        "--result": result is not None,
        "--error-type": error_type is not None,
        "--error-message": bool(error_message),
        "--permanent": permanent,
        "--retry-after-seconds": retry_after_seconds is not None,
    }
    if file is not None:
        if kind is not None:
            raise WrongValue("--file", "cannot be given together with a command")
        _check_alone(given | names)
        sent = send_all(session, read_commands(file))
    else:
        _check_options(_required("TYPE", kind), given)
        if error_type is None and (error_message or permanent):
            option = "--error-message" if error_message else "--permanent"
            raise WrongValue(option, "needs --error-type as well")
        fields: dict[str, Any] = {
            "type": kind,
            "jobId": _required("JOB_ID", job_id),
            "itemId": _required("ITEM_ID", item_id),
            "attempt": attempt,
            "dispatch": dispatch,
            "workerId": worker_id,
            "commandId": command_id,
            "leaseSeconds": lease_seconds,
            "kind": item_kind,
            "group": item_group,
            "notBefore": not_before,
            "retryAfterSeconds": retry_after_seconds,
            "payload": None if payload is None else json_value("--payload", payload),
            "result": None if result is None else json_value("--result", result),
        }
        if error_type is not None:
            fields["error"] = {
                "type": error_type,
                "message": error_message,
                "retryable": not permanent,
            }
        sent = send_all(
            session, [{name: fields[name] for name in fields if fields[name] is not None}]
        )
    session.output.record({"sent": sent}, f"{sent:,} sent")


def _check_alone(given: Mapping[str, bool]) -> None:
    """The commands of a file have their own fields."""
    for option in given:
        if given[option]:
            raise WrongValue(option, "cannot be given together with --file")


def _check_options(kind: str, given: Mapping[str, bool]) -> None:
    """The intake would silently ignore a field that its type does not have."""
    for option, kinds in _KINDS_OF_OPTION.items():
        if given[option] and kind in set(CommandKind) and kind not in kinds:
            raise WrongValue(option, f"goes with {' and '.join(kinds)}, not with {kind}")


def _required(name: str, value: str | None) -> str:
    if value is None:
        raise WrongValue(name, "is required; give TYPE JOB_ID ITEM_ID, or --file")
    return value
