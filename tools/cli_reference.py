"""Generates docs/cli.md from the program: python -m tools.cli_reference > docs/cli.md."""

import sys
from collections.abc import Iterator
from typing import Any, Final

import typer

from forgeledger.cli.app import app
from forgeledger.cli.exit_codes import MEANINGS, WORDS

_WIDTH: Final = 96
_INTRODUCTION: Final = """\
# Command line

The extra `cli` of the package brings the program `forgeledger`, `local` the local cloud and the
demo, `all` both: `pip install '/path/to/forgeledger[all]'`, where the path is a clone or a wheel,
as long as no package index has it. This page is generated from the program (`make cli-reference`),
and a test compares the two.

`forgeledger --install-completion` makes the shell complete commands and options.

## Where the ledger is

Each of these names a deployment or one of its addresses; of several, the later in this list wins.

- `FORGELEDGER_API_URL`, `FORGELEDGER_COMMAND_QUEUE_URL`, `FORGELEDGER_REJECT_QUEUE_URL` and
  `FORGELEDGER_RELAY_FUNCTION` are single addresses.
- `--stack NAME`, or `FORGELEDGER_STACK`, is a CloudFormation stack: its outputs and resources
  have the addresses.
- `--local`, or `FORGELEDGER_LOCAL=1`, is the local cloud of this project while it is up. Its state
  is in `.forgeledger`, or in the folder that `FORGELEDGER_STATE_DIR` names. Outside of a project it
  is the local cloud of the installed package, in `forgeledger` in `XDG_STATE_HOME`, by default
  `~/.local/state`.
- `--api-url`, `--command-queue-url`, `--reject-queue-url` and `--relay-function` are single
  addresses again.

Of the local cloud and a stack only one may be given; the option of one goes before the variable of
the other. A local cloud that is down is no error if options give every address that the command
needs. `FORGELEDGER_API_KEY` has the API key, if the deployment asks for one. Over plain http it is
sent to this machine only.

AWS itself is found as boto3 does it: `AWS_PROFILE`, `AWS_DEFAULT_REGION` (boto3 does not read
`AWS_REGION`), `AWS_ENDPOINT_URL` and so on. localstack-client's `LOCALSTACK_HOST` and `EDGE_PORT`
count as well.

## What it prints

Results are on the standard output, remarks and errors on the standard error. With `--json` every
result is one JSON document on one line, as in the answer of the HTTP API; a list has a line for
each row. An error is one line that names the field and the rule; `FORGELEDGER_DEBUG=1` prints a
traceback as well.

With `--json` an error is one JSON document as the last line of the standard error (here on two), of
the same shape in all commands. Remarks before it stay text.

```json
{"error": {"code": "usage", "message": "--metadata: is not a JSON object", "exitCode": 2,
 "errors": [{"field": "--metadata", "rule": null, "message": "is not a JSON object"}]}}
```

- `code` is the [code](http.md#problems) of the ledger's refusal or that of AWS's error, else the
  word for its [exit code](#exit-codes).
- `message` is the line that is printed without `--json`.
- `errors` has the wrong options, arguments, files and fields: `field`, `rule` (a name where the
  ledger has one, else null) and `message`. A value that came by an option is named by it.

On a terminal states have colors, unless `NO_COLOR` is set or `TERM` is `dumb`; `--color always` and
`--color never` go before both.

## Exit codes

They are the same in all commands. With 2 to 5, 70 and 130 there is an error on the standard error;
with the others the result says what came of it, or there is an error as well.

| code | word | meaning |
|---|---|---|
"""


def reference() -> str:
    codes = "".join(
        f"| {code} | {f'`{WORDS[code]}`' if code in WORDS else ''} | {meaning} |\n"
        for code, meaning in MEANINGS.items()
    )
    parts = [_INTRODUCTION + codes]
    for name, command in commands():
        parts.append(f"\n## {name}\n\n```text\n{help_of(name, command)}\n```\n")
    return "".join(parts)


def commands() -> Iterator[tuple[str, Any]]:
    """Each command that is not a group, after the words that call it."""
    yield from _commands_in("forgeledger", typer.main.get_command(app))


def help_of(name: str, command: Any) -> str:
    """The help text at a fixed width."""
    context = command.make_context(
        name, [], resilient_parsing=True, terminal_width=_WIDTH, max_content_width=_WIDTH
    )
    lines = command.get_help(context).splitlines()
    return "\n".join(line.rstrip() for line in lines)


def _commands_in(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    members = getattr(command, "commands", None)
    if members is None:
        yield name, command
        return
    for word in command.list_commands(None):
        yield from _commands_in(f"{name} {word}", members[word])


if __name__ == "__main__":
    sys.stdout.write(reference())
