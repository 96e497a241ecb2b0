"""Checks the corrected body of a rejected message before it is sent instead."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from forgeledger.cli.error_messages import WrongValue
from forgeledger.jobs.messages.command_fields import COMMAND_NAMES, ERROR_NAMES
from forgeledger.jobs.messages.command_message import decode
from forgeledger.jobs.model.ids import lanes_of
from forgeledger.sdk.command_checks import check_command_names
from forgeledger.sdk.errors import InvalidCommandError

# What looks like a field's name in a body that is not JSON.
_NAME: Final = re.compile(r'"([^"\\]+)"\s*:')
_SHOWN_PROBLEMS: Final = 10


def check_corrected(corrected: str, rejected: str) -> None:
    """Raises WrongValue for what the intake would reject, and for fields that it would ignore."""
    _check_names(corrected, rejected)
    body = decode(corrected, "")
    problems = [f"{problem.field}: {problem.rule}" for problem in body.with_paths(body.problems)]
    if problems:
        more = len(problems) - _SHOWN_PROBLEMS
        others = [f"and {more:,} more"] if more > 0 else []
        raise WrongValue("--body", "; ".join(problems[:_SHOWN_PROBLEMS] + others))


def job_ids(corrected: str) -> list[str]:
    """The jobs of a valid body, each once; WrongValue for what cannot be the id of a job."""
    body = decode(corrected, "")
    if body.problems:
        return []
    found = list(dict.fromkeys(routed.job_id for routed in body.commands))
    for job_id in found:
        if lanes_of(job_id) is None:
            raise WrongValue("--body", f"jobId: {job_id!r} is not the id of a job")
    return found


def _check_names(corrected: str, rejected: str) -> None:
    """Refuses a field that is new in the message and that no command has.

    Unknown fields of the rejected message came from its sender and may stay.
    """
    of_command: set[str] = set(COMMAND_NAMES)
    of_error: set[str] = set(ERROR_NAMES)
    if _content(rejected) is None:
        names = _NAME.findall(rejected)
        of_command.update(names)
        of_error.update(names)
    for _, command in _commands_of(rejected):
        of_command.update(command)
        of_error.update(_error_of(command))
    for path, command in _commands_of(corrected):
        try:
            check_command_names(command, frozenset(of_command), frozenset(of_error))
        except InvalidCommandError as error:
            raise WrongValue("--body", f"{path}{error}") from error


def _commands_of(body: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The commands that the intake would read, each after its path in the body."""
    content = _content(body)
    if not isinstance(content, dict):
        return
    if "commands" not in content:
        yield "", content
    elif isinstance(content["commands"], list):
        for index, command in enumerate(content["commands"]):
            if isinstance(command, dict):
                yield f"commands[{index}].", command


def _content(body: str) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None


def _error_of(command: Mapping[str, Any]) -> Mapping[str, Any]:
    error = command.get("error")
    return error if isinstance(error, dict) else {}
