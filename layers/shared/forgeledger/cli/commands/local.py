"""`forgeledger local ...`: the local cloud, which needs neither Docker nor an AWS account."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from forgeledger.cli import exit_codes
from forgeledger.cli.command import Needs, command, group
from forgeledger.cli.deployment import Where
from forgeledger.cli.error_messages import CliError, WrongValue
from forgeledger.cli.json_options import json_value, read_text
from forgeledger.cli.local_state import local_state, state_path
from forgeledger.cli.output import facts
from forgeledger.cli.session import Session

if TYPE_CHECKING:
    from forgeledger.local_description import Description

app = group("local", "Run ForgeLedger on this machine: the local cloud.", "forgeledger local up")
FOLLOW_SECONDS = 0.3


@command(app, "up", needs=Needs.NOTHING, example="forgeledger local up --api-port 8080")
def up(
    session: Session,
    *,
    engine_port: Annotated[int, typer.Option(min=0, max=65535, help="0 picks a free port.")] = 0,
    api_port: Annotated[int, typer.Option(min=0, max=65535, help="0 picks a free port.")] = 0,
    parameter: Annotated[
        list[str] | None, typer.Option(help="A parameter of the template, as NAME=VALUE.")
    ] = None,
) -> None:
    """Start the local cloud, or print its addresses if it is up.

    It starts with the data of its last run. The data is stored in `.forgeledger` next to the
    template, or in FORGELEDGER_STATE_DIR.
    """
    from forgeledger.local import control as cloud

    state = state_path(session.seams.environ)
    parameters = dict(_parameter(text) for text in parameter or ())
    ports = {"--engine-port": engine_port, "--api-port": api_port}
    if cloud.status(state_dir=state) is None:
        _check_parameters(parameters)
        _check_ports(ports)
    elif given := [name for name, port in ports.items() if port] + ["--parameter"] * bool(
        parameter
    ):
        session.output.remark(
            f"it is up already, so {', '.join(given)} had no effect; "
            "stop it first with `forgeledger local down`"
        )
    description = cloud.up(
        state_dir=state, engine_port=engine_port, api_port=api_port, parameters=parameters
    )
    _print_description(session, description)


@command(app, "down", needs=Needs.NOTHING, example="forgeledger local down")
def down(session: Session) -> None:
    """Stop the local cloud; its data stays."""
    from forgeledger.local import control as cloud

    ended = cloud.down(state_dir=state_path(session.seams.environ))
    session.output.record({"ended": ended}, "stopped" if ended else "it was not up")


@command(app, "status", needs=Needs.NOTHING, example="forgeledger local status --json | jq .apiUrl")
def status(session: Session) -> None:
    """Print the addresses of the local cloud.

    The exit code is 1 while it is down.
    """
    from forgeledger.local import control as cloud

    description = cloud.status(state_dir=state_path(session.seams.environ))
    if description is None:
        session.output.remark("the local cloud is down; start it with `forgeledger local up`")
        raise typer.Exit(exit_codes.NOT_AS_HOPED)
    _print_description(session, description)


@command(app, "reset", needs=Needs.NOTHING, example="forgeledger local reset")
def reset(session: Session) -> None:
    """Stop the local cloud and delete its data.

    The logs stay.
    """
    from forgeledger.local import control as cloud

    cloud.reset(state_dir=state_path(session.seams.environ))
    session.output.record({"reset": True}, "stopped, and all data deleted")


@command(
    app,
    "invoke",
    needs=Needs.NOTHING,
    example="forgeledger local invoke ApiFunction events/api-health.json",
)
def invoke(
    session: Session,
    *,
    function: Annotated[str, typer.Argument(help="IntakeFunction, ApiFunction or RelayFunction.")],
    event: Annotated[Path, typer.Argument(help="A file with the event as JSON; - is stdin.")],
) -> None:
    """Invoke a function on the local cloud with an event, and print its answer.

    It runs in a process of its own, with the environment that it has on the local cloud. The exit
    code is 1 if it fails; `forgeledger local logs` has its log.
    """
    from forgeledger.cli.local_function import local_function
    from forgeledger.local.function_process import InvocationFailed

    document = json_value("EVENT", read_text("EVENT", event))
    deployment = Session(Where(local=True), session.output, session.seams).deployment
    logs_dir = local_state(session.seams.environ).logs
    with local_function(deployment, function, logs_dir) as run:
        try:
            answer = run(document)
        except InvocationFailed as failure:
            raise CliError(f"{function}: {failure}", exit_codes.NOT_AS_HOPED) from failure
    session.output.result(answer)


@command(app, "logs", needs=Needs.NOTHING, example="forgeledger local logs IntakeFunction --follow")
def logs(
    session: Session,
    *,
    name: Annotated[
        str | None,
        typer.Argument(
            help="IntakeFunction, ApiFunction, RelayFunction, engine or supervisor; default: all.",
            show_default=False,
        ),
    ] = None,
    lines: Annotated[int, typer.Option("--lines", "-n", min=0, help="How many of each log.")] = 100,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Print new lines until Ctrl-C.")
    ] = False,
) -> None:
    """Print the last lines of the logs."""
    from forgeledger.cli.log_tail import follow_logs
    from forgeledger.local import control as cloud

    state = state_path(session.seams.environ)
    try:
        last_lines = cloud.logs(name=name, lines=lines, state_dir=state)
    except cloud.LogNotFound as error:
        raise CliError(str(error), exit_codes.NOT_FOUND) from error
    for line in last_lines:
        _print_log_line(session, line)
    if follow:
        files = cloud.log_files(state_dir=state)
        chosen = {log: path for log, path in files.items() if name in {None, log}}
        for line in follow_logs(chosen, lambda: session.seams.sleep(FOLLOW_SECONDS)):
            _print_log_line(session, line)


def _print_log_line(session: Session, line: str) -> None:
    log, _, text = line.partition(": ")
    session.output.record({"log": log, "line": text}, line)


def _print_description(session: Session, description: "Description") -> None:
    document = description.as_json()
    labels = {
        "apiUrl": "API",
        "endpointUrl": "AWS endpoint",
        "region": "region",
        "commandQueueUrl": "command queue",
        "rejectQueueUrl": "reject queue",
        "tableName": "table",
        "eventBusName": "event bus",
    }
    session.output.record(
        document, facts((label, document[name]) for name, label in labels.items())
    )


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
            raise WrongValue(
                option, f"port {port} is in use by another program; 0 picks a free port"
            )


def _parameter(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise WrongValue("--parameter", f"{text!r} is not NAME=VALUE")
    return name, value
