"""Writes docs/cli.md from the program itself: python -m tools.cli_reference > docs/cli.md."""

# ruff: noqa: E501 - the rows of a Markdown table stand on one line each.

import sys
from collections.abc import Iterator
from typing import Any, Final

import typer

from forgeledger.cli.app import app
from forgeledger.cli.exit_codes import MEANINGS

_WIDTH: Final = 96
_INTRODUCTION: Final = """\
# Command line

`pip install 'forgeledger[cli]'` brings `forgeledger`; `forgeledger[cli,local]` brings the local
cloud and the demo as well. This page is written from the program (`make cli-reference`), and a
test compares the two.

## Where the ledger is

| said by | means |
|---|---|
| `--local`, or `FORGELEDGER_LOCAL=1` | the local cloud of this project, when it is up; `FORGELEDGER_STATE_DIR` says where else than in `.forgeledger` it keeps its state |
| `--stack NAME`, or `FORGELEDGER_STACK` | a CloudFormation stack: addresses are its outputs and resources; of it and the local cloud the option goes before the other one's variable |
| `--api-url`, `--command-queue-url`, `--reject-queue-url`, `--relay-function` | that address, before all others |
| `FORGELEDGER_API_URL`, `FORGELEDGER_COMMAND_QUEUE_URL`, `FORGELEDGER_REJECT_QUEUE_URL`, `FORGELEDGER_RELAY_FUNCTION` | the addresses where no option says them |
| `FORGELEDGER_API_KEY` | the API key, where the deployment asks for one |

AWS itself is found as boto3 does it: `AWS_PROFILE`, `AWS_DEFAULT_REGION` (boto3 does not
read `AWS_REGION`), `AWS_ENDPOINT_URL` and so on;
localstack-client's `LOCALSTACK_HOST` and `EDGE_PORT` are understood too.

## What it prints

Results go to the standard output, remarks and errors to the standard error. With `--json` every
result is one JSON document on one line, as the HTTP API gave it; lists are a line for each row.
An error is one line that names the field and the rule; `FORGELEDGER_DEBUG=1` adds where it came
from.

## Exit codes

| code | meaning |
|---|---|
"""


def reference() -> str:
    parts = [_INTRODUCTION + "".join(f"| {code} | {told} |\n" for code, told in MEANINGS.items())]
    for name, command in commands():
        parts.append(f"\n## {name}\n\n```text\n{help_of(name, command)}\n```\n")
    return "".join(parts)


def commands() -> Iterator[tuple[str, Any]]:
    """Each command by the words that call it, groups not among them."""
    yield from _below("forgeledger", typer.main.get_command(app))


def help_of(name: str, command: Any) -> str:
    """The help as it is printed, whatever the terminal."""
    context = command.make_context(
        name, [], resilient_parsing=True, terminal_width=_WIDTH, max_content_width=_WIDTH
    )
    lines = command.get_help(context).splitlines()
    return "\n".join(line.rstrip() for line in lines)


def _below(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    inner = getattr(command, "commands", None)
    if inner is None:
        yield name, command
        return
    for word in command.list_commands(None):
        each = inner[word]
        yield from _below(f"{name} {word}", each)


if __name__ == "__main__":
    sys.stdout.write(reference())
