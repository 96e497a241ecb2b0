"""One lane without a store: its head, items and journal."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from forgeledger.jobs.model.commands import FollowGate, LaneCommand
from forgeledger.jobs.model.events import Event
from forgeledger.jobs.model.items import Failure, Item
from forgeledger.jobs.model.jobs import JobPhase
from forgeledger.jobs.model.lane_decision import Commit, Decision, decide
from forgeledger.jobs.model.lanes import Head, LaneMode, effective_item
from forgeledger.jobs.model.outcomes import Outcome
from tests.support.builders import NOW, make_command, make_head, make_rules


@dataclass
class LaneModel:
    """Applies commands as use case and store do, and stores each commit of a decision."""

    head: Head = field(default_factory=make_head)
    items: dict[str, Item] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    commits: list[Commit] = field(default_factory=list)
    now: int = NOW
    made: int = 0

    def __post_init__(self) -> None:
        self.genesis = self.head

    def apply(
        self, commands: Iterable[LaneCommand], phase: JobPhase = JobPhase.RUNNING
    ) -> Decision:
        decision = decide(self.head, self.items, tuple(commands), self.now, phase)
        for commit in decision.commits:
            assert commit.before == self.head
            self.head = commit.head
            self.items.update((item.item_id, item) for item in commit.items)
            self.events += commit.events
            self.commits.append(commit)
        return decision

    def do(
        self,
        kind: str,
        item_id: str = "invoice-17",
        *,
        phase: JobPhase = JobPhase.RUNNING,
        **fields: Any,
    ) -> Outcome:
        """Apply a new command."""
        self.made += 1
        fields = {"command_id": f"command-{self.made}", **fields}
        command = make_command(kind, item_id=item_id, **fields)
        return self.apply([command], phase).outcomes[0]

    def follow(self, mode: LaneMode) -> Outcome:
        gate = FollowGate(gate=self.head.gate + 1, mode=mode)
        return self.apply([gate]).outcomes[0]

    def item(self, item_id: str = "invoice-17") -> Item:
        """The effective item: closing the lane may have canceled it."""
        return effective_item(self.head, self.items[item_id])

    def wait(self, seconds: float) -> None:
        self.now += int(seconds * 1000)


def make_lane(**rules: Any) -> LaneModel:
    """A new lane with these rules."""
    return LaneModel(make_head(rules=make_rules(**rules)))


def busy_lane() -> LaneModel:
    """A lane with events of every kind."""
    lane = make_lane(max_attempts=2, lease_seconds=60)
    for name in ("a", "b", "c", "d", "e"):
        lane.do("register", name)
    lane.do("claim", "a")
    lane.do("heartbeat", "a")
    lane.do("complete", "a")
    lane.do("claim", "b")
    lane.wait(60)
    lane.do("expire", "b")
    lane.do("fail", "c", failure=Failure(type="Boom", retryable=False))
    lane.do("complete", "nobody")
    lane.follow(LaneMode.CLOSED)
    lane.do("claim", "d")
    lane.follow(LaneMode.OPEN)
    lane.do("retry", "c")
    lane.do("release", "c")
    return lane
