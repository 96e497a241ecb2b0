"""What one delivery of messages applies, and when the rest of them comes again."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from forgeledger.backoff import pause_seconds
from forgeledger.jobs.model.commands import NOT_REMEMBERED, Command
from forgeledger.jobs.model.limits import COMMANDS_PER_ITEM
from forgeledger.jobs.model.message import Message, RoutedCommand, has_many_of_one_item

_FIRST_SECONDS: Final = 2
# The queue's own visibility timeout. An outage of an hour then takes 27 receives.
_LONGEST_SECONDS: Final = 180


@dataclass(slots=True)
class Share:
    """A lane's commands in the order of the delivery, each with its message."""

    job_id: str
    lane: int
    routed: list[tuple[Message, RoutedCommand]] = field(default_factory=list)

    @property
    def commands(self) -> list[Command]:
        return [routed.command for _, routed in self.routed]


def shares_of(messages: Sequence[Message]) -> list[Share]:
    shares: dict[tuple[str, int], Share] = {}
    for message in messages:
        for routed in message.body.commands:
            key = (routed.job_id, routed.lane)
            share = shares.setdefault(key, Share(routed.job_id, routed.lane))
            share.routed.append((message, routed))
    return list(shares.values())


def recognisable(messages: Sequence[Message]) -> tuple[Sequence[Message], tuple[Message, ...]]:
    """The messages to apply, and those that wait for the next delivery.

    Of messages that are redelivered together each item must remember all commands. So no delivery
    applies more of one item than a message may have; of each group the rest waits, in order.
    """
    every = [routed for message in messages for routed in message.body.commands]
    if len(every) <= COMMANDS_PER_ITEM or not has_many_of_one_item(every):
        return messages, ()
    numbers: Counter[tuple[str, str]] = Counter()
    waiting_groups: set[str] = set()
    taken: list[Message] = []
    held_back: list[Message] = []
    for message in messages:
        own = Counter(
            (routed.job_id, routed.command.item_id)
            for routed in message.body.commands
            if routed.command.kind not in NOT_REMEMBERED
        )
        if message.group_id in waiting_groups or any(
            numbers[item] + number > COMMANDS_PER_ITEM for item, number in own.items()
        ):
            waiting_groups.add(message.group_id)
            held_back.append(message)
        else:
            numbers.update(own)
            taken.append(message)
    return taken, tuple(held_back)


def redelivery_seconds(receives: int) -> int:
    return int(pause_seconds(receives - 1, _FIRST_SECONDS, _LONGEST_SECONDS))


def delays(failed: Iterable[Message], held_back: Iterable[Message]) -> list[tuple[Message, int]]:
    """How long each message waits: all of a group as long, since one in flight locks the group."""
    waiting = [*failed, *held_back]
    seconds = dict.fromkeys((message.group_id for message in waiting), 0)
    for message in failed:
        longer = redelivery_seconds(message.receives)
        seconds[message.group_id] = max(seconds[message.group_id], longer)
    return [(message, seconds[message.group_id]) for message in waiting]
