"""Declares commands: their groups, the options that many of them share, and one example each."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import replace
from enum import Flag, auto
from typing import Annotated, Any, Final

import typer
import typer.core

from forgeledger.cli.deployment import LOCAL, Where
from forgeledger.cli.error_messages import Interrupted
from forgeledger.cli.output import Color, Output
from forgeledger.cli.session import Session, SessionSeams
from forgeledger.cli.usage_errors import name_options
from forgeledger.errors import ForgeLedgerError

CommandFunction = Callable[..., None]
AsJson = Annotated[
    bool, typer.Option("--json", help="Print JSON, one document a line, for programs.")
]
WithColor = Annotated[
    Color,
    typer.Option("--color", help="Color states; auto: on a terminal, unless NO_COLOR is set."),
]


class Needs(Flag):
    """The parts of a deployment that a command speaks to; they decide which options it has."""

    NOTHING = 0
    API = auto()
    COMMAND_QUEUE = auto()
    REJECT_QUEUE = auto()
    RELAY = auto()


_ADDRESSES: Final = {
    Needs.API: "api_url",
    Needs.COMMAND_QUEUE: "command_queue_url",
    Needs.REJECT_QUEUE: "reject_queue_url",
    Needs.RELAY: "relay_function",
}
_OPTIONS: Final = inspect.signature(Where).parameters
_HELP: Final = {"help_option_names": ["-h", "--help"]}


def group(
    name: str,
    help_text: str | None = None,
    example: str | None = None,
    *,
    add_completion: bool = False,
) -> typer.Typer:
    """A group of commands; called without a command it prints its help."""
    texts: dict[str, Any] = {"help": help_text, "epilog": _epilog(example)} if example else {}
    return typer.Typer(
        name=name,
        **texts,
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        add_completion=add_completion,
        context_settings={"max_content_width": 100, **_HELP},
    )


def command(
    app: typer.Typer, name: str, *, needs: Needs, example: str
) -> Callable[[CommandFunction], CommandFunction]:
    """Adds a function to a group; it is called with a Session and its own arguments."""
    addresses = [_OPTIONS[_ADDRESSES[need]] for need in needs]
    deployment = [_OPTIONS["local"], _OPTIONS["stack"], *addresses] if needs else []

    def add(function: CommandFunction) -> CommandFunction:
        def run(
            context: typer.Context,
            *,
            color: WithColor = Color.AUTO,
            as_json: AsJson = False,
            **values: Any,
        ) -> None:
            given = {option.name: values.pop(option.name) for option in deployment}
            where = replace(_where(context, given), is_complete=_is_complete(needs, given))
            seams = context.obj or SessionSeams()
            output = Output(as_json=as_json, color=color, environ=seams.environ)
            session = Session(where, output, seams)
            try:
                function(session, **values)
            except KeyboardInterrupt as error:
                # Typer would end the program without the error's notes.
                raise Interrupted(getattr(error, "__notes__", ())) from error
            except ForgeLedgerError as error:
                name_options(error, context)
                raise

        # Typer reads a command's options from its function's signature.
        signature = inspect.signature(run)
        context, color, as_json, _ = signature.parameters.values()
        _, *own = inspect.signature(function).parameters.values()
        parameters = [context, *own, *deployment, color, as_json]
        run.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
        help_text = inspect.cleandoc(function.__doc__ or "")
        texts: dict[str, Any] = {"help": help_text, "epilog": _epilog(example)}
        app.command(name, cls=_Command, context_settings=_HELP, **texts)(run)
        return function

    return add


class _Command(typer.core.TyperCommand):
    """Refuses an option that is given twice: only its last value would count."""

    def parse_args(self, ctx: Any, args: list[str]) -> Any:
        options: Any
        _, _, options = self.make_parser(ctx).parse_args(list(args))
        for option in options:
            repeatable = getattr(option, "multiple", True) or getattr(option, "is_flag", True)
            if not repeatable and options.count(option) > 1:
                raise typer.BadParameter("is given more than once", ctx, option)
        return super().parse_args(ctx, args)


def _where(context: typer.Context, values: dict[str, Any]) -> Where:
    """The option --local goes before FORGELEDGER_STACK, and --stack before FORGELEDGER_LOCAL."""
    by_option = [name for name in ("local", "stack") if _is_on_command_line(context, name)]
    if by_option == ["local"]:
        del values["stack"]
    elif by_option == ["stack"]:
        del values["local"]
    return Where(**values, local_source="--local" if "local" in by_option else LOCAL)


def _is_complete(needs: Needs, given: Mapping[str, object]) -> bool:
    """Not for the relay: it is given by a name, which does not say where it is."""
    return Needs.RELAY not in needs and all(given[_ADDRESSES[need]] for need in needs)


def _is_on_command_line(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def _epilog(example: str) -> str:
    return f"\b\nExample:\n  {example}"
