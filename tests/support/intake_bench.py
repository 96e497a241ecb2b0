"""An intake on a ledger in memory; its lanes may be busy, its reject queue may fail."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from forgeledger.errors import StorageBusy
from forgeledger.jobs.messages.command_message import decode
from forgeledger.jobs.model.ids import lane_of, lanes_of
from forgeledger.jobs.model.intake_result import IntakeResult
from forgeledger.jobs.model.message import CommandProblem, Message
from forgeledger.jobs.usecases.apply_commands import LaneWriter
from forgeledger.jobs.usecases.consume_messages import Intake
from forgeledger.jobs.usecases.settle_messages import MessageSettler
from forgeledger.runtime import HasTime
from tests.support.builders import NOW
from tests.support.ledgers import Ledger


@dataclass
class FakeRejectQueue:
    """A reject queue in memory, which may fail."""

    rejected: list[tuple[str, list[CommandProblem]]] = field(default_factory=list)
    broken: bool = False

    def put(self, message: Message, problems: Sequence[CommandProblem], has_time: HasTime) -> bool:
        assert has_time()
        if self.broken:
            raise ConnectionError("the reject queue is unreachable")
        self.rejected.append((message.message_id, list(problems)))
        return True


@dataclass
class ReturnedMessages:
    """The delays of the messages that the intake returned to its queue, which may fail."""

    delays: dict[str, int] = field(default_factory=dict)
    broken: bool = False

    def delay(self, messages: Sequence[tuple[Message, int]]) -> None:
        if self.broken:
            raise ConnectionError("the command queue is unreachable")
        self.delays |= {message.message_id: seconds for message, seconds in messages}


@dataclass
class Bench:
    """An intake, its ledger in memory, and messages for it."""

    ledger: Ledger
    commands: ReturnedMessages = field(default_factory=ReturnedMessages)
    rejects: FakeRejectQueue = field(default_factory=FakeRejectQueue)
    busy_lanes: frozenset[int] = frozenset()
    made: int = 0

    def intake(self) -> Intake:
        lane_writer = SometimesBusy(self.ledger.store, self.ledger.runtime, self.busy_lanes)
        return Intake(
            lane_writer=lane_writer,
            settler=MessageSettler(self.commands, self.rejects),
            advancer=self.ledger.advancer,
            runtime=self.ledger.runtime,
        )

    def message(self, content: object, group: str | None = None) -> Message:
        self.made += 1
        text = content if isinstance(content, str) else json.dumps(content)
        message_id = f"m{self.made}"
        return Message(
            message_id=message_id,
            source_id=message_id,
            group_id=group or "one-group",
            sent_at=NOW - 5_000,
            text=text,
            body=decode(text, message_id),
        )

    def command(self, kind: str, job_id: str, item_id: str, **fields: object) -> dict[str, object]:
        return {"type": kind, "jobId": job_id, "itemId": item_id, **fields}

    def take(self, *messages: Message) -> IntakeResult:
        return self.intake().consume(messages, lambda: 30_000)


class SometimesBusy(LaneWriter):
    """A lane writer for which some lanes are always busy."""

    def __init__(self, store: object, runtime: object, busy: frozenset[int]) -> None:
        super().__init__(store, runtime, store)
        object.__setattr__(self, "_busy", busy)

    def steps(self, job_id: str, lane: int, *rest: object) -> object:
        if lane in self._busy:
            raise StorageBusy(f"lane {lane}", 3)
        return super().steps(job_id, lane, *rest)


def item_in(job_id: str, lane: int, number: int = 0) -> str:
    """The n-th item id that belongs to the lane."""
    lanes = lanes_of(job_id) or 1
    names = (f"item-{n}" for n in range(1_000))
    return [name for name in names if lane_of(name, lanes) == lane][number]
