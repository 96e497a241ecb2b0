"""Typer's errors in the words of the ledger: a rule reads the same wherever it is broken."""

import re
from typing import Any, Final

_NUMBER: Final = r"(-?[\d.]+)"
# Typer validates with pydantic, whose texts speak of Python.
_RULES: Final = (
    (re.compile(rf".*greater than or equal to {_NUMBER}.*"), r"must be at least \1"),
    (re.compile(rf".*less than or equal to {_NUMBER}.*"), r"must be at most \1"),
    (re.compile(r"Input should be a valid integer.*"), "must be a whole number"),
    (re.compile(r"Input should be a valid number.*"), "must be a number"),
    (re.compile(r"'.*' is not one of (?:(.*), )?('[^']*')\."), r"must be \1 or \2"),
)


def usage_line(error: Any) -> str:
    """The option or argument with the rule that it breaks, and where to read about it."""
    option, context = option_of(error), getattr(error, "ctx", None)
    hint = f" (see {context.command_path} --help)" if context is not None else ""
    return f"{option}: {rule_of(error)}{hint}" if option else f"{rule_of(error)}{hint}"


def option_of(error: Any) -> str | None:
    """The name of an option, or of an argument as `--help` spells it."""
    parameter = getattr(error, "param", None)
    if parameter is None:
        return None
    name = parameter.opts[0]
    return str(name if name.startswith("-") else parameter.metavar or name)


def rule_of(error: Any) -> str:
    if option_of(error) is None:
        return str(error.format_message())
    text = str(getattr(error, "message", "") or "").removeprefix("Value error, ")
    if not text:
        return "is required"
    if _is_nan(error):
        return "must be a number"
    for pattern, rule in _RULES:
        if pattern.fullmatch(text):
            return pattern.sub(rule, text)
    return text


def _is_nan(error: Any) -> bool:
    """`nan` is read as a float, and then breaks whichever bound there is."""
    faults: list[dict[str, Any]] = getattr(error.__cause__, "errors", list)()
    return any(str(fault["input"]).strip(" +-").lower() == "nan" for fault in faults)
