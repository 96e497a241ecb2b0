"""docs/operations.md and docs/local.md name commands, logs, metrics and files that exist."""

import json
import re
import shlex
from pathlib import Path

import pytest
from tools.cli_reference import commands

from forgeledger.bootstrap import api as bootstrap_api
from forgeledger.jobs.messages import intake_report
from forgeledger.jobs.messages.command_message import decode
from forgeledger.jobs.messages.reconcile_requests import measurements
from forgeledger.jobs.model.outcomes import OutcomeKind
from forgeledger.jobs.model.reconciliation import MaintenanceReport
from tests.support.deployed_template import ROOT, TEMPLATE

COMMANDS = dict(commands())
OPERATIONS = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
LOCAL = (ROOT / "docs" / "local.md").read_text(encoding="utf-8")
PACKAGE = ROOT / "layers" / "shared" / "forgeledger"
HANDLERS = sorted((ROOT / "functions").glob("*/app.py"))
LOG_MESSAGES = (
    "API keys not read",
    "job not reconciled",
    "job not relayed",
    "lane not applied",
    "message rejected",
    "record not understood",
    "reject queue refused a message",
    "rejected message truncated",
    "redelivery not scheduled",
    "retention not extended",
    "unknown fields ignored",
    "workerId next to commands",
)


def lines_of_shell(page: str) -> list[str]:
    blocks = re.findall(r"^```sh\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    return [line for block in blocks for line in block.splitlines()]


def forgeledger_commands() -> list[str]:
    """Each `forgeledger ...` of the pages, up to a comment, a pipe or the end of `$(...)`."""
    lines = [line for page in (OPERATIONS, LOCAL) for line in lines_of_shell(page)]
    return [match for line in lines for match in re.findall(r"forgeledger [a-z][^#|)\n]*", line)]


@pytest.mark.parametrize("command", sorted(set(forgeledger_commands())))
def test_a_command_of_the_pages_exists_with_its_options(command: str) -> None:
    words = shlex.split(command)
    name = max((name for name in COMMANDS if f"{command} ".startswith(f"{name} ")), key=len)
    parameters = COMMANDS[name].params

    options = {word for word in words if word.startswith("-")}

    assert options <= {option for parameter in parameters for option in parameter.opts}
    has_argument = any(not parameter.opts[0].startswith("-") for parameter in parameters)
    assert has_argument or len(words) == len(name.split()) or words[len(name.split())][0] == "-"


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\bmake ([a-z-]+)", LOCAL))))
def test_a_make_target_of_the_page_exists(target: str) -> None:
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


@pytest.mark.parametrize("message", LOG_MESSAGES)
def test_a_log_message_of_the_page_is_one_that_the_code_writes(message: str) -> None:
    sources = [*HANDLERS, *PACKAGE.rglob("*.py")]
    words = message.removeprefix("workerId ")

    assert f"`{message}`" in " ".join(OPERATIONS.split())
    assert any(words in source.read_text(encoding="utf-8") for source in sources)


def test_the_page_explains_exactly_the_metrics_that_the_functions_write() -> None:
    sources = [*HANDLERS, Path(intake_report.__file__), Path(bootstrap_api.__file__)]
    text = "".join(source.read_text(encoding="utf-8") for source in sources)
    written = set(re.findall(r'(?:add_metric\(|single_metric\(name=|yield )"(\w+)"', text))
    written |= set(dict(measurements(MaintenanceReport(jobs=(), round_complete=True))))
    written |= {f"Commands{kind.value.title()}" for kind in OutcomeKind}

    section = OPERATIONS.partition("## Metrics")[2].partition("\n## ")[0]

    assert set(re.findall(r"\*\*(\w+)\*\*", section)) == written


def test_the_page_lists_each_parameter_of_the_template_with_its_default() -> None:
    table = OPERATIONS.partition("## Parameters")[2].partition("\n#")[0]
    rows = [line.split(" | ") for line in table.splitlines() if line.startswith("| `")]
    described = {
        name: default
        for names, defaults, *_ in rows
        for name, default in zip(
            re.findall(r"`(\w+)`", names), re.findall(r"`([^`]+)`", defaults) or [""], strict=True
        )
    }

    assert described == {
        name: str(parameter.get("Default", ""))
        for name, parameter in TEMPLATE["Parameters"].items()
    }


def test_every_page_with_aws_commands_for_sqs_has_the_function_for_version_1() -> None:
    option = '${AWS_ENDPOINT_URL:+--endpoint-url "$AWS_ENDPOINT_URL"}'
    definition = f'aws() {{ command aws {option} "$@"; }}'
    pages = {page.name: page.read_text() for page in (ROOT / "docs").glob("*.md")}
    naming_sqs = {name for name, text in pages.items() if re.search(r"\baws sqs ", text)}

    assert naming_sqs == {"events.md", "workers.md"}
    assert all(definition in pages[name] for name in {*naming_sqs, "local.md"})


def test_the_detail_of_a_reject_is_what_the_intake_writes() -> None:
    examples = re.findall(r"^```json\n(.*?)^```", OPERATIONS, re.MULTILINE | re.DOTALL)
    first, _ = json.loads(examples[0])
    right = {"type": "claim", "jobId": "j", "itemId": "a"}
    commands = [right] * first["index"] + [{**right, "leaseSeconds": 604_801}]

    body = decode(json.dumps({"commands": commands}), "m")
    alone = decode(json.dumps({**right, "leaseSeconds": 604_801}), "m")

    (problem,) = body.with_paths(body.problems)
    assert (problem.index, problem.field, problem.rule) == tuple(first.values())
    # What the page says of a single command, and of a message that is wrong as a whole.
    assert [problem.index for problem in alone.problems] == [0]
    assert [problem.index for problem in decode("[", "m").problems] == [None]
    # HTTP has this sentence as its `message`; its `rule` is the name `maximum`.
    words = " ".join(OPERATIONS.split())
    assert "what HTTP's [problem documents](http.md#problems) call `message`" in words


def test_every_file_that_the_local_page_names_is_in_the_package() -> None:
    table = LOCAL.partition("## What emulates what")[2].partition("\n## ")[0]

    named = set(re.findall(r"`(\w+\.py)`", table))

    assert len(named) > 10
    assert named <= {path.name for path in (PACKAGE / "local").glob("*.py")}
