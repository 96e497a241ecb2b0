"""`forgeledger local ...`: the whole of it on this machine, without Docker or an AWS account."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from forgeledger.cli import exit_codes
from forgeledger.cli.command import Needs, command, group
from forgeledger.cli.error_messages import CliError, WrongValue
from forgeledger.cli.local_state import state_path
from forgeledger.cli.output import facts
from forgeledger.cli.session import Session

if TYPE_CHECKING:
    from forgeledger.local_description import Description

app = group("Run the local cloud: all of it on this machine.", "forgeledger local up")
FOLLOW_SECONDS = 0.3


@command(app, "up", needs=Needs.NOTHING, example="forgeledger local up --api-port 8080")
def up(
    session: Session,
    *,
    engine_port: Annotated[int, typer.Option(min=0, max=65535, help="0: a free one.")] = 0,
    api_port: Annotated[int, typer.Option(min=0, max=65535, help="0: a free one.")] = 0,
    parameter: Annotated[
        list[str] | None, typer.Option(help="A parameter of the template, as NAME=VALUE.")
    ] = None,
) -> None:
    """Start the local cloud, or say where it is.

    Data of the last time is there again. FORGELEDGER_STATE_DIR keeps it elsewhere than in
    `.forgeledger` beside the template.
    """
    from forgeledger.local import control as cloud

    state = state_path(session.runtime.environ)
    parameters = dict(_parameter(each) for each in parameter or ())
    ports = {"--engine-port": engine_port, "--api-port": api_port}
    if cloud.status(state_dir=state) is None:
        _check_parameters(parameters)
        _check_ports(ports)
    elif given := [name for name, port in ports.items() if port] + ["--parameter"] * bool(
        parameter
    ):
        session.output.remark(
            f"it is up already, so {', '.join(given)} changed nothing; "
            "`forgeledger local down` ends it first"
        )
    description = cloud.up(
        state_dir=state, engine_port=engine_port, api_port=api_port, parameters=parameters
    )
    _tell(session, description)


@command(app, "down", needs=Needs.NOTHING, example="forgeledger local down")
def down(session: Session) -> None:
    """End the local cloud; its data stays."""
    from forgeledger.local import control as cloud

    ended = cloud.down(state_dir=state_path(session.runtime.environ))
    session.output.record({"ended": ended}, "ended" if ended else "nothing was up")


@command(app, "status", needs=Needs.NOTHING, example="forgeledger local status --json | jq .apiUrl")
def status(session: Session) -> None:
    """Say where everything answers.

    The exit code is 1 while it is down.
    """
    from forgeledger.local import control as cloud

    description = cloud.status(state_dir=state_path(session.runtime.environ))
    if description is None:
        session.output.remark("the local cloud is down; start it with `forgeledger local up`")
        raise typer.Exit(exit_codes.NOT_AS_HOPED)
    _tell(session, description)


@command(app, "reset", needs=Needs.NOTHING, example="forgeledger local reset")
def reset(session: Session) -> None:
    """End the local cloud and forget its data.

    The logs stay.
    """
    from forgeledger.local import control as cloud

    cloud.reset(state_dir=state_path(session.runtime.environ))
    session.output.record({"reset": True}, "ended, and all data forgotten")


@command(app, "logs", needs=Needs.NOTHING, example="forgeledger local logs IntakeFunction --follow")
def logs(
    session: Session,
    *,
    name: Annotated[
        str | None,
        typer.Argument(
            help="IntakeFunction, ApiFunction, RelayFunction, engine or supervisor; else all.",
            show_default=False,
        ),
    ] = None,
    lines: Annotated[int, typer.Option("--lines", "-n", min=0, help="Of each log.")] = 100,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until Ctrl-C.")] = False,
) -> None:
    """Print the last lines of the logs."""
    from forgeledger.cli.log_tail import follow_logs
    from forgeledger.local import control as cloud

    state = state_path(session.runtime.environ)
    try:
        found = cloud.logs(name=name, lines=lines, state_dir=state)
    except cloud.LogNotFound as error:
        raise CliError(str(error), exit_codes.NOT_FOUND) from error
    for line in found:
        _log_line(session, line)
    if follow:
        files = cloud.log_files(state_dir=state)
        chosen = {part: path for part, path in files.items() if name in {None, part}}
        for line in follow_logs(chosen, lambda: session.runtime.sleep(FOLLOW_SECONDS)):
            _log_line(session, line)


def _log_line(session: Session, line: str) -> None:
    part, _, text = line.partition(": ")
    session.output.record({"log": part, "line": text}, line)


def _tell(session: Session, description: "Description") -> None:
    told: Mapping[str, Any] = description.as_json()
    names = {
        "apiUrl": "API",
        "endpointUrl": "AWS endpoint",
        "region": "region",
        "commandQueueUrl": "command queue",
        "rejectQueueUrl": "reject queue",
        "tableName": "table",
        "eventBusName": "event bus",
    }
    session.output.record(told, facts((names[key], told[key]) for key in names))


def _check_parameters(given: Mapping[str, str]) -> None:
    from forgeledger.local import control as cloud
    from forgeledger.local.parameters import broken_rule

    known = cloud.template_parameters() if given else {}
    for name, value in given.items():
        if name not in known:
            raise WrongValue(
                "--parameter", f"the template has no {name}; it has {', '.join(known)}"
            )
        if rule := broken_rule(known[name], value):
            raise WrongValue(f"--parameter {name}", f"{rule}, not {value!r}")


def _check_ports(wanted: Mapping[str, int]) -> None:
    from forgeledger.local import control as cloud

    for option, port in wanted.items():
        if port and not cloud.if_free(port):
            raise WrongValue(option, f"port {port} is taken by another program; 0 is a free one")


def _parameter(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise WrongValue("--parameter", f"{text!r} is not NAME=VALUE")
    return name, value
