"""An error on the standard error: one line for people, one JSON document with --json."""

import json
from collections.abc import Sequence
from typing import Any

from forgeledger.cli.error_messages import os_error_text
from forgeledger.cli.exit_codes import WORDS
from forgeledger.cli.output import printable
from forgeledger.cli.usage_errors import option_of
from forgeledger.cli.usage_errors import rule_of as usage_rule


def wants_json(arguments: Sequence[str]) -> bool:
    """Known before the arguments are parsed, which may be what goes wrong."""
    options = arguments[: arguments.index("--")] if "--" in arguments else arguments
    return "--json" in options


def error_text(
    line: str, exit_code: int, *, as_json: bool, error: BaseException | None = None
) -> str:
    """What is printed for an error; all commands have the same shape."""
    if not as_json:
        return f"forgeledger: {printable(line)}"
    cause = _said_by_the_ledger(error)
    document = {
        "code": _code(cause) or WORDS[exit_code],
        "message": line,
        "exitCode": exit_code,
        "errors": [
            {"field": field, "rule": rule, "message": message}
            for field, rule, message in _fields(cause)
        ],
    }
    return json.dumps({"error": document}, ensure_ascii=False)


def _said_by_the_ledger(error: BaseException | None) -> BaseException | None:
    """The cause of a registration that stopped, which has the problem."""
    cause = getattr(error, "__cause__", None)
    return cause if hasattr(error, "registration") and cause is not None else error


def _code(error: Any) -> str | None:
    """The ledger's own code, or that of AWS."""
    code = getattr(error, "code", None)
    if isinstance(code, str):
        return code
    answer = getattr(error, "response", None)
    return str(answer["Error"]["Code"]) if isinstance(answer, dict) and "Error" in answer else None


def _fields(error: Any) -> list[tuple[str, str | None, str]]:
    """Each wrong field, with the name of the rule where that is stable, and what is wrong."""
    if problem := getattr(error, "problem", None):
        return [(wrong.field, wrong.rule, wrong.message) for wrong in problem.errors]
    field, rule = getattr(error, "field", None), getattr(error, "rule", None)
    if isinstance(field, str) and isinstance(rule, str):
        index = getattr(error, "index", None)
        return [(field if index is None else f"items[{index}].{field}", None, rule)]
    if isinstance(error, OSError) and error.filename is not None:
        return [(str(error.filename), None, os_error_text(error))]
    option = option_of(error) or getattr(error, "option_name", None)
    return [(option, None, usage_rule(error))] if isinstance(option, str) else []
