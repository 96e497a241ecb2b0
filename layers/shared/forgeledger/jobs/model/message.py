"""A message of the command queue, decoded, and what is wrong with its commands."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from forgeledger.fast_dataclass import fast_frozen
from forgeledger.jobs.model.commands import Command

# What is wrong where it is no field of a command, but the whole of it.
COMMAND = "command"
INVALID = "invalid"
UNKNOWN_JOB = "unknown_job"


@dataclass(frozen=True, slots=True)
class CommandProblem:
    """A broken rule of one command in the message, by its index, or of the whole message."""

    field: str
    rule: str
    index: int | None = None
    reason: str = INVALID


@fast_frozen
@dataclass(frozen=True, slots=True)
class RoutedCommand:
    """A command with its job and lane, and its place in the message."""

    job_id: str
    lane: int
    command: Command
    index: int


@fast_frozen
@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """What a message says: its commands, and what is wrong with the others."""

    commands: tuple[RoutedCommand, ...] = ()
    problems: tuple[CommandProblem, ...] = ()
    # All commands as they came, so that the bad ones can be given back.
    raw: tuple[Any, ...] = ()
    # Names that stand beside a list of commands, where nothing reads them.
    extra_names: frozenset[str] = frozenset()

    def placed(self, problems: Iterable[CommandProblem]) -> tuple[CommandProblem, ...]:
        """The problems, in a message of many commands with the command's place in each field."""
        if len(self.raw) == 1:
            return tuple(problems)
        return tuple(
            problem if problem.index is None else replace(problem, field=_path(problem))
            for problem in problems
        )


@fast_frozen
@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    message_id: str
    group_id: str
    sent_at: int
    text: str
    body: Body


def _path(problem: CommandProblem) -> str:
    command = f"commands[{problem.index}]"
    return command if problem.field == COMMAND else f"{command}.{problem.field}"
