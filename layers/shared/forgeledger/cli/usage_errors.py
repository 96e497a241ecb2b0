"""Typer's errors in the words of the ledger: a rule reads the same wherever it is broken."""

import re
from collections.abc import Collection
from dataclasses import replace
from typing import Any, Final

# The name of a field, and where in its value the fault is.
_PATH: Final = re.compile(r"([^.\[]*)(.*)", re.DOTALL)
_NUMBER: Final = r"(-?[\d.]+)"
# Typer validates with pydantic, whose texts speak of Python.
_RULES: Final = (
    (re.compile(rf".*greater than or equal to {_NUMBER}.*"), r"must be at least \1"),
    (re.compile(rf".*less than or equal to {_NUMBER}.*"), r"must be at most \1"),
    (re.compile(r"Input should be a valid integer.*"), "must be a whole number"),
    (re.compile(r"Input should be a valid number.*"), "must be a number"),
    (re.compile(r"Input should be a valid boolean.*"), "must be true or false"),
    (re.compile(r"'.*' is not one of (?:(.*), )?('[^']*')\."), r"must be \1 or \2"),
)


def usage_line(error: Any) -> str:
    """The option or argument with the rule that it breaks, and where to read about it."""
    option, context = option_of(error), getattr(error, "ctx", None)
    hint = f" (see {context.command_path} --help)" if context is not None else ""
    return f"{option}: {rule_of(error)}{hint}" if option else f"{rule_of(error)}{hint}"


def option_of(error: Any) -> str | None:
    """The name of an option, or of the variable that it was read from, or of an argument."""
    parameter, context = getattr(error, "param", None), getattr(error, "ctx", None)
    if parameter is None:
        return None
    source = None if context is None else context.get_parameter_source(parameter.name)
    if getattr(source, "name", "") == "ENVIRONMENT":
        return str(parameter.envvar)
    return option_of_parameter(parameter)


def option_of_parameter(parameter: Any) -> str:
    """The name of an option, or of an argument as `--help` spells it."""
    name = parameter.opts[0]
    return str(name if name.startswith("-") else parameter.metavar or name.upper())


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


def name_options(error: BaseException, context: Any) -> None:
    """Names the options and arguments that were given, and not the fields that they became."""
    given = {
        str(option_of_parameter(parameter))
        for parameter in context.command.params
        if getattr(context.get_parameter_source(parameter.name), "name", "") == "COMMANDLINE"
    }
    cause: Any
    for cause in (error, error.__cause__):
        if problem := getattr(cause, "problem", None):
            errors = [
                replace(wrong, field=_option_for(wrong.field, given)) for wrong in problem.errors
            ]
            cause.problem = replace(problem, errors=tuple(errors))
            continue
        field, rule = getattr(cause, "field", None), getattr(cause, "rule", None)
        if isinstance(field, str) and isinstance(rule, str) and not hasattr(cause, "index"):
            option = _option_for(field, given)
            if option != field:
                cause.field, cause.args = option, (f"{option}: {rule}",)


def _option_for(field: str, given: Collection[str]) -> str:
    """Such as `--max-attempts` for `policy.maxAttempts`; a field that is none stays as it is."""
    path = re.sub(r"^error\.", "error_", field.removeprefix("policy."))
    name, rest = _PATH.fullmatch(path).groups()  # type: ignore[union-attr]  # It matches any text.
    words = re.sub("[A-Z]", lambda letter: f"_{letter[0]}", name).lower()
    kebab = words.replace("_", "-")
    # An option that may be given several times is called by the singular.
    for option in (f"--{kebab}", f"--{kebab.removesuffix('s')}", words.upper()):
        if option in given:
            return option + rest
    return field


def _is_nan(error: Any) -> bool:
    """`nan` is read as a float, and then breaks whichever bound there is."""
    faults: list[dict[str, Any]] = getattr(error.__cause__, "errors", list)()
    return any(str(fault["input"]).strip(" +-").lower() == "nan" for fault in faults)
