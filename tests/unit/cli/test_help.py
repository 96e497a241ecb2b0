"""Each command has help with one example, and is in docs/cli.md."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from tools.cli_reference import commands, help_of, reference

from forgeledger.cli import exit_codes

DOCS = Path(__file__).parents[3] / "docs" / "cli.md"
COMMANDS = dict(commands())

# Modules that `--help` must not import.
SLOW = ("boto3", "botocore", "urllib3", "rich", "yaml", "forgeledger.sdk", "forgeledger.local")


def example_of(command):
    return re.fullmatch(r"\x08?\s*Example:\n\s*(.+)", command.epilog).group(1)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_says_in_a_sentence_what_it_does(name):
    text = help_of(name, COMMANDS[name])

    assert COMMANDS[name].help.splitlines()[0].endswith(".")
    assert "..." not in text.split("Options:")[0]


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_shows_an_example_of_itself_with_options_that_it_has(name):
    words = shlex.split(example_of(COMMANDS[name]).replace("$(", "").split(" | ")[-1])
    if words[0] != "forgeledger":
        words = shlex.split(example_of(COMMANDS[name]).split(" | ")[0])

    assert " ".join(words).startswith(f"{name}")
    known = {option for param in COMMANDS[name].params for option in param.opts} | {"-"}
    given = {word for word in words[len(name.split()) :] if word.startswith("-")}
    assert given <= known


@pytest.mark.parametrize("group", ["job", "items", "rejects", "deadletters", "local"])
def test_a_group_shows_an_example_too(forgeledger, group):
    ended = forgeledger(group, "--help")

    assert f"Example:\n    forgeledger {group} " in ended.out


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_prints_json_when_asked(name):
    options = {option for param in COMMANDS[name].params for option in param.opts}

    assert "--json" in options


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_has_a_word_of_explanation(name):
    silent = [
        param.opts[0]
        for param in COMMANDS[name].params
        if param.opts[0].startswith("-") and not param.help
    ]

    assert silent == []


def test_the_page_is_the_one_that_the_program_writes():
    assert DOCS.read_text(encoding="utf-8") == reference(), "write it anew: make cli-reference"


def test_the_page_names_every_exit_code():
    codes = {
        value for name, value in vars(exit_codes).items() if name.isupper() and type(value) is int
    }

    assert set(exit_codes.MEANINGS) == codes
    for code in codes:
        assert f"\n| {code} | " in DOCS.read_text(encoding="utf-8")


@pytest.mark.parametrize("words", [["--help"], ["job", "--help"], ["job", "list", "--help"]])
def test_help_does_not_wait_for_what_it_does_not_need(words):
    program = (
        "import sys; from forgeledger.cli.app import run; run(sys.argv[1:]);"
        f"sys.stderr.write(','.join(name for name in {SLOW} if name in sys.modules))"
    )

    ended = subprocess.run(
        [sys.executable, "-c", program, *words], capture_output=True, text=True, check=True
    )

    assert ended.stderr == ""
    assert "Usage: forgeledger" in ended.stdout


@pytest.mark.parametrize("words", [[], ["job"], ["job", "list"], ["demo"]])
def test_help_has_a_short_option_everywhere(forgeledger, words):
    short, long = forgeledger(*words, "-h"), forgeledger(*words, "--help")

    assert (short.code, short.out) == (0, long.out)
    assert "Usage: forgeledger" in short.out


@pytest.mark.parametrize(
    ("typed", "completions"),
    [
        ("forgeledger jo", ["job"]),
        ("forgeledger job se", ["seal"]),
        ("forgeledger demo --wo", ["--workers"]),
    ],
)
def test_the_shell_completes_commands_and_options(forgeledger, monkeypatch, typed, completions):
    monkeypatch.setenv("_FORGELEDGER_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", typed)
    monkeypatch.setenv("COMP_CWORD", str(len(typed.split()) - 1))

    assert forgeledger().lines == completions


def test_the_program_alone_prints_its_help_and_is_wrong_usage(forgeledger):
    ended = forgeledger()

    assert ended.code == exit_codes.USAGE
    assert "Commands:\n  job " in ended.err


def test_a_group_alone_prints_its_help_and_is_wrong_usage(forgeledger):
    ended = forgeledger("job")

    assert ended.code == exit_codes.USAGE
    assert "create  Create a job" in ended.err


def test_the_version_is_printed(forgeledger):
    ended = forgeledger("--version")

    assert (ended.code, ended.out) == (0, "0.1.0\n")


def test_commands_on_a_deployment_need_neither_the_functions_nor_the_local_clouds_packages():
    program = (
        "import sys; sys.modules.update(dict.fromkeys("
        "('aws_lambda_powertools', 'ministack', 'yaml', 'moto')));"
        "from forgeledger.cli.app import run; sys.exit(run(sys.argv[1:]))"
    )
    words = ["job", "list", "--api-url", "http://127.0.0.1:1/", "--json"]

    ended = subprocess.run(
        [sys.executable, "-c", program, *words],
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == exit_codes.UNREACHABLE, ended.stderr
    assert "no answer from http://127.0.0.1:1/jobs" in ended.stderr
