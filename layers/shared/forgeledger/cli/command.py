"""Declares a command: its function, one example, and the options that it shares with others."""

import inspect
from collections.abc import Callable
from enum import Flag, auto
from typing import Annotated, Any, Final, get_type_hints

import typer
import typer.core

from forgeledger.cli.deployment import Where
from forgeledger.cli.error_messages import Interrupted
from forgeledger.cli.output import Output
from forgeledger.cli.session import Session, SessionOptions

AS_JSON = Annotated[
    bool, typer.Option("--json", help="Print JSON, one document a line, for programs.")
]
LOCAL = Annotated[
    bool,
    typer.Option("--local", envvar="FORGELEDGER_LOCAL", help="Speak to the local cloud."),
]
STACK = Annotated[
    str | None,
    typer.Option(envvar="FORGELEDGER_STACK", help="Speak to this CloudFormation stack."),
]
API_URL = Annotated[
    str | None, typer.Option(help="Address of the HTTP API, else FORGELEDGER_API_URL.")
]
COMMAND_QUEUE_URL = Annotated[
    str | None,
    typer.Option(help="Address of the command queue, else FORGELEDGER_COMMAND_QUEUE_URL."),
]
REJECT_QUEUE_URL = Annotated[
    str | None,
    typer.Option(help="Address of the reject queue, else FORGELEDGER_REJECT_QUEUE_URL."),
]
RELAY_FUNCTION = Annotated[
    str | None,
    typer.Option(help="Name of the relay function, else FORGELEDGER_RELAY_FUNCTION."),
]


class Needs(Flag):
    """Which parts of a deployment a command speaks to; its options follow from that."""

    NOTHING = 0
    API = auto()
    COMMAND_QUEUE = auto()
    REJECT_QUEUE = auto()
    RELAY = auto()


# Each of them is a whole deployment, and both have a variable.
_EITHER: Final = frozenset({"local", "stack"})
_OPTION_OF: Final = {
    Needs.API: ("api_url", API_URL),
    Needs.COMMAND_QUEUE: ("command_queue_url", COMMAND_QUEUE_URL),
    Needs.REJECT_QUEUE: ("reject_queue_url", REJECT_QUEUE_URL),
    Needs.RELAY: ("relay_function", RELAY_FUNCTION),
}


def group(help_text: str | None = None, example: str | None = None) -> typer.Typer:
    """A group of commands; without one it prints its help. The program's own is told elsewhere."""
    said: dict[str, Any] = {} if help_text is None else {"help": help_text}
    if example is not None:
        said["epilog"] = _example(example)
    return typer.Typer(
        **said,
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        add_completion=False,
        context_settings={"max_content_width": 100},
    )


def command(
    to: typer.Typer, name: str, *, needs: Needs, example: str
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Add a function to a group: it is given a Session, and its own arguments by name."""

    def add(function: Callable[..., None]) -> Callable[..., None]:
        hints = get_type_hints(function, include_extras=True)
        own = [
            parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY, annotation=hints[parameter.name])
            for parameter in list(inspect.signature(function).parameters.values())[1:]
        ]
        shared = [
            inspect.Parameter(
                option, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation
            )
            for option, annotation, default in _shared_options(needs)
        ]
        context = inspect.Parameter(
            "context", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context
        )

        def run(context: typer.Context, **given: Any) -> None:
            output = Output(as_json=given.pop("as_json"))
            places = {each.name: given.pop(each.name) for each in shared if each.name != "as_json"}
            where = Where(**_by_option_first(context, places))
            runtime = context.obj or SessionOptions()
            try:
                function(Session(where, output, runtime), **given)
            except KeyboardInterrupt as error:
                # Typer would end the program by itself, and say nothing of the notes.
                raise Interrupted(getattr(error, "__notes__", ())) from error

        parameters = [context, *own, *shared]
        signed: Any = run
        signed.__signature__ = inspect.Signature(parameters)
        signed.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        to.command(
            name,
            cls=_OnceEach,
            help=inspect.cleandoc(function.__doc__ or ""),
            epilog=_example(example),
        )(run)
        return function

    return add


class _OnceEach(typer.core.TyperCommand):
    """Of an option that was given twice the last value alone would count, without a word."""

    def make_parser(self, ctx: Any) -> Any:
        parser: Any = super().make_parser(ctx)
        parse = parser.parse_args

        def parse_once(args: list[str]) -> Any:
            options, rest, order = parse(args)
            for each in order:
                single = not (getattr(each, "multiple", True) or getattr(each, "is_flag", True))
                if single and order.count(each) > 1:
                    raise typer.BadParameter("is given more than once", ctx, each)
            return options, rest, order

        parser.parse_args = parse_once
        return parser


def _by_option_first(context: typer.Context, places: dict[str, Any]) -> dict[str, Any]:
    """Of --local and --stack an option goes before the other one's variable."""
    by_option = {name for name in _EITHER if _is_option(context, name)}
    if len(by_option) != 1:
        return places
    unsaid = Where()
    return {
        name: getattr(unsaid, name) if name in _EITHER - by_option else value
        for name, value in places.items()
    }


def _is_option(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def _example(line: str) -> str:
    return f"\b\nExample:\n  {line}"


def _shared_options(needs: Needs) -> list[tuple[str, Any, Any]]:
    options: list[tuple[str, Any, Any]] = []
    if needs:
        options += [("local", LOCAL, False), ("stack", STACK, None)]
    options += [(*_OPTION_OF[need], None) for need in needs]
    return [*options, ("as_json", AS_JSON, False)]
