"""A rejected message that somebody mended by hand, checked before it takes the other's place."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from forgeledger.cli.error_messages import WrongValue
from forgeledger.jobs.messages.command_fields import COMMAND_NAMES, ERROR_NAMES
from forgeledger.jobs.messages.command_message import decode
from forgeledger.sdk.command import check_command_names
from forgeledger.sdk.errors import InvalidCommandError

# What looks like a field's name in a body that was rejected because it is not JSON.
_NAME: Final = re.compile(r'"([^"\\]+)"\s*:')
# Of a message in which more is wrong, the first ones show what it is.
_PROBLEMS_TOLD: Final = 10


def check_mended(mended: str, rejected: str) -> None:
    """Raises WrongValue for what the intake would leave out, unheard of, or could only reject."""
    _check_names(mended, rejected)
    body = decode(mended, "")
    wrong = [f"{each.field}: {each.rule}" for each in body.with_paths(body.problems)]
    if wrong:
        more = len(wrong) - _PROBLEMS_TOLD
        others = [f"and {more:,} more"] if more > 0 else []
        raise WrongValue("--body", "; ".join(wrong[:_PROBLEMS_TOLD] + others))


def _check_names(mended: str, rejected: str) -> None:
    """Refuses a field that is new in the message and that no command has.

    What else its sender put into the message is no slip of whoever mends it.
    """
    of_command: set[str] = set(COMMAND_NAMES)
    of_error: set[str] = set(ERROR_NAMES)
    if _content(rejected) is None:
        said = _NAME.findall(rejected)
        of_command.update(said)
        of_error.update(said)
    for _, command in _commands_of(rejected):
        of_command.update(command)
        of_error.update(_error_of(command))
    for place, command in _commands_of(mended):
        try:
            check_command_names(command, frozenset(of_command), frozenset(of_error))
        except InvalidCommandError as error:
            raise WrongValue("--body", f"{place}{error}") from error


def _commands_of(body: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each command with its place in front, as the intake would read them; none of what is none."""
    content = _content(body)
    if not isinstance(content, dict):
        return
    if "commands" not in content:
        yield "", content
    elif isinstance(content["commands"], list):
        for number, each in enumerate(content["commands"]):
            if isinstance(each, dict):
                yield f"commands[{number}].", each


def _content(body: str) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None


def _error_of(command: Mapping[str, Any]) -> Mapping[str, Any]:
    error = command.get("error")
    return error if isinstance(error, dict) else {}
