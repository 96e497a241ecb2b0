"""A message of the command queue, decoded, and what is wrong with its commands."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from forgeledger.fast_dataclass import fast_frozen
from forgeledger.jobs.model.commands import Command
from forgeledger.jobs.model.limits import COMMANDS_PER_ITEM

# The field of a problem with a command as a whole.
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
class RoutedCommand:
    """A command with its job and lane, and its index in the message."""

    job_id: str
    lane: int
    command: Command
    index: int


def has_many_of_one_item(commands: Iterable[RoutedCommand]) -> bool:
    """Whether there may be more commands of one item than are applied at once.

    A quick look: most messages have no such item.
    """
    numbers = Counter([routed.command.item_id for routed in commands])
    return max(numbers.values(), default=0) > COMMANDS_PER_ITEM


@fast_frozen
class Body:
    """The commands of a message, and the problems of those that are invalid."""

    commands: tuple[RoutedCommand, ...] = ()
    problems: tuple[CommandProblem, ...] = ()
    # All commands as they came.
    raw: tuple[Any, ...] = ()
    # Fields that nothing reads, for the log.
    unknown_names: frozenset[str] = frozenset()

    def with_paths(self, problems: Iterable[CommandProblem]) -> tuple[CommandProblem, ...]:
        """The problems; in a message of many commands each field gets the command's index."""
        if len(self.raw) == 1:
            return tuple(problems)
        return tuple(
            problem if problem.index is None else replace(problem, field=_path(problem))
            for problem in problems
        )


@fast_frozen
class Message:
    message_id: str
    # The message's id when it was first sent, by which its commands without an id are known.
    source_id: str
    group_id: str
    sent_at: int
    text: str
    body: Body
    # Of this delivery: what names it to the queue, and how many there were so far.
    receipt: str = ""
    receives: int = 1


def _path(problem: CommandProblem) -> str:
    command = f"commands[{problem.index}]"
    return command if problem.field == COMMAND else f"{command}.{problem.field}"
