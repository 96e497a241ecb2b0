"""`forgeledger`: the program, its groups of commands, and how it ends."""

import contextlib
import logging
import os
import sys
import traceback
from collections.abc import Sequence
from typing import Annotated, Any

import typer
import typer.core

from forgeledger import __version__
from forgeledger.cli import exit_codes
from forgeledger.cli.command import group
from forgeledger.cli.commands import (
    demo,
    doctor,
    items,
    job_queries,
    local,
    reconcile,
    rejects,
    send,
    worker,
)
from forgeledger.cli.error_messages import explain
from forgeledger.cli.output import ReaderGone, printable
from forgeledger.cli.session import SessionOptions

_ORDER = ("job", "items", "send", "rejects", "reconcile", "worker", "doctor", "local", "demo")


class _InOrder(typer.core.TyperGroup):
    """Lists the commands as people meet them, not groups after all others."""

    def list_commands(self, ctx: Any) -> list[str]:
        return sorted(super().list_commands(ctx), key=_ORDER.index)


app = group()
# Half of the group stands in a module of its own.
app.add_typer(job_queries.JOB, name="job")
app.add_typer(items.app, name="items")
send.add_to(app)
app.add_typer(rejects.app, name="rejects")
reconcile.add_to(app)
worker.add_to(app)
app.add_typer(local.app, name="local")
doctor.add_to(app)
demo.add_to(app)


@app.callback(
    cls=_InOrder,
    invoke_without_command=True,
    epilog="\b\nExample:\n  forgeledger demo --items 1000",
)
def root(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """ForgeLedger tells you, exactly once, when a million queue messages are done.

    Commands find the ledger through --local (the local cloud), --stack NAME (a CloudFormation
    stack), or the variables FORGELEDGER_API_URL, FORGELEDGER_COMMAND_QUEUE_URL and so on. AWS
    itself is found as boto3 does it: AWS_PROFILE, AWS_DEFAULT_REGION, AWS_ENDPOINT_URL.

    Exit codes: 0 done, 1 not as hoped, 2 wrong usage, 3 not found, 4 refused, 5 no answer; see
    docs/cli.md for all of them.
    """
    if version:
        typer.echo(__version__)
        raise typer.Exit


def run(arguments: Sequence[str], runtime: SessionOptions | None = None) -> int:
    """Runs one command and says how it ended; never raises for a mistake of its user."""
    # What libraries have to say goes nowhere, unless a command such as `worker` shows it.
    logging.getLogger("forgeledger").addHandler(logging.NullHandler())
    program: Any = typer.main.get_command(app)
    try:
        code = program.main(
            args=list(arguments),
            prog_name="forgeledger",
            standalone_mode=False,
            obj=runtime or SessionOptions(),
        )
    except (KeyboardInterrupt, typer.Abort):
        return _say("interrupted", exit_codes.INTERRUPTED)
    except ReaderGone:
        # Python would complain when it exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return exit_codes.DONE
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else exit_codes.NOT_AS_HOPED
    except Exception as error:  # noqa: BLE001 - whatever it is, its user gets one line.
        return _ended_by(error)
    if code == exit_codes.INTERRUPTED:  # Typer has seen to it already, without a word.
        return _say("interrupted", code)
    return code if isinstance(code, int) else exit_codes.DONE


def _ended_by(error: Exception) -> int:
    if os.environ.get("FORGELEDGER_DEBUG"):
        traceback.print_exception(error)
    if type(error).__name__ == "NoArgsIsHelpError":
        print(error, file=sys.stderr)
        return exit_codes.USAGE
    if hasattr(error, "format_message"):  # What typer found wrong in the arguments.
        return _say(_usage_line(error), getattr(error, "exit_code", exit_codes.USAGE))
    found = explain(error)
    if found is not None:
        return _say(*found)
    hint = "FORGELEDGER_DEBUG=1 shows where"
    return _say(f"internal error: {type(error).__name__}: {error} ({hint})", exit_codes.INTERNAL)


def _usage_line(error: Any) -> str:
    context = getattr(error, "ctx", None)
    asked = f" (see {context.command_path} --help)" if context is not None else ""
    # Typer has pydantic check values, and leaves its name of the kind of error in the words.
    return f"{error.format_message().replace(': Value error, ', ': ', 1)}{asked}"


def _say(line: str, code: int) -> int:
    with contextlib.suppress(BrokenPipeError):
        print(f"forgeledger: {printable(line)}", file=sys.stderr)
    return code
