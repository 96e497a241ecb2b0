"""`forgeledger`: the program, its commands in order, and its exit codes."""

import contextlib
import logging
import os
import sys
import traceback
from collections.abc import Sequence
from typing import Annotated, Any, Final

import typer

from forgeledger import __version__
from forgeledger.cli import exit_codes
from forgeledger.cli.command import group
from forgeledger.cli.commands import (
    deadletters,
    demo,
    doctor,
    init,
    items,
    job,
    job_changes,
    job_queries,
    local,
    reconcile,
    rejects,
    rejects_drop,
    send,
    worker,
)
from forgeledger.cli.error_documents import error_text, wants_json
from forgeledger.cli.error_messages import explain
from forgeledger.cli.output import ReaderGone
from forgeledger.cli.session import SessionSeams
from forgeledger.cli.usage_errors import usage_line

# `--help` lists them in this order.
_PARTS: Final = (
    *(job, items, send, rejects, deadletters, reconcile, worker, doctor, local, demo, init),
)

app = group("forgeledger", add_completion=True)
job.app.add_typer(job_changes.app)
job.app.add_typer(job_queries.app)
rejects.app.add_typer(rejects_drop.app)
for part in _PARTS:
    app.add_typer(part.app)


@app.callback(invoke_without_command=True, epilog="\b\nExample:\n  forgeledger demo --items 1000")
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


def run(arguments: Sequence[str], seams: SessionSeams | None = None) -> int:
    """Runs one command and returns its exit code; errors become one line on stderr."""
    as_json = wants_json(arguments)
    # Silences the libraries' logs; `worker` shows them.
    logging.getLogger("forgeledger").addHandler(logging.NullHandler())
    program: Any = typer.main.get_command(app)
    try:
        code = program.main(
            args=list(arguments),
            prog_name="forgeledger",
            standalone_mode=False,
            obj=seams or SessionSeams(),
        )
    except (KeyboardInterrupt, typer.Abort):
        return _print_error("interrupted", exit_codes.INTERRUPTED, as_json)
    except ReaderGone:
        # Without this, flushing stdout at exit would fail with a message of Python's own.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return exit_codes.DONE
    except SystemExit as exit_request:
        code = exit_request.code
        return code if isinstance(code, int) else exit_codes.NOT_AS_HOPED
    except Exception as error:  # noqa: BLE001 - the user gets one line for every error.
        return _explain(error, as_json)
    if code == exit_codes.INTERRUPTED:  # Typer caught Ctrl-C and printed nothing.
        return _print_error("interrupted", code, as_json)
    return code if isinstance(code, int) else exit_codes.DONE


def _explain(error: Exception, as_json: bool) -> int:
    if os.environ.get("FORGELEDGER_DEBUG"):
        traceback.print_exception(error)
    if type(error).__name__ == "NoArgsIsHelpError":
        print(error, file=sys.stderr)
        return exit_codes.USAGE
    if hasattr(error, "format_message"):  # Typer's own error in the arguments.
        code = getattr(error, "exit_code", exit_codes.USAGE)
        return _print_error(usage_line(error), code, as_json, error)
    if explained := explain(error):
        return _print_error(*explained, as_json, error)
    line = f"internal error: {type(error).__name__}: {error} (FORGELEDGER_DEBUG=1 shows where)"
    return _print_error(line, exit_codes.INTERNAL, as_json)


def _print_error(line: str, code: int, as_json: bool, error: Exception | None = None) -> int:
    with contextlib.suppress(BrokenPipeError):
        print(error_text(line, code, as_json=as_json, error=error), file=sys.stderr)
    return code
