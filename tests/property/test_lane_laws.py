"""Invariants of a lane under any commands, in any order and with any repetition."""

from collections import defaultdict
from dataclasses import replace
from itertools import pairwise

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from forgeledger.jobs.model.commands import Command, CommandKind, FollowGate
from forgeledger.jobs.model.events import EventKind, evolve_head, evolve_item
from forgeledger.jobs.model.items import Item, ItemState
from forgeledger.jobs.model.lane_decision import decide
from forgeledger.jobs.model.lane_tally import Tally, count
from forgeledger.jobs.model.lanes import LaneMode, effective_item
from forgeledger.jobs.model.limits import COMMANDS_REMEMBERED_PER_ITEM, ITEMS_PER_COMMIT
from forgeledger.jobs.model.outcomes import Outcome, Reason
from forgeledger.jobs.model.replay import replay
from tests.property import strategies
from tests.support.builders import make_head
from tests.support.lane_model import LaneModel
from tests.support.sums_fold import SumsFold

NEVER_LEFT = {ItemState.COMPLETED, ItemState.CANCELED}


def substance(item: Item | None) -> Item | None:
    """An item without the fields that every command changes, even a rejected one."""
    return item and replace(item, offset=0, updated_at=0, seen=())


class LaneLaws(RuleBasedStateMachine):
    """Batches, gates and redeliveries on a moving clock."""

    @initialize(rules=strategies.rules)
    def new_lane(self, rules):
        self.lane = LaneModel(make_head(rules=rules))
        self.sent = 0
        # The commands that each item must remember, oldest first, with their outcomes.
        self.remembered: dict[str, dict[Command, Outcome]] = defaultdict(dict)
        self.checked = 0
        self.states: dict[str, ItemState] = {}
        self.tally: Tally | None = None

    @rule(batch=st.lists(strategies.commands, min_size=1, max_size=8), phase=strategies.phases)
    def send(self, batch, phase):
        batch = strategies.named(batch, prefix=str(self.sent))
        self.sent += 1
        before = {name: self.lane.item(name) for name in self.lane.items}
        arguments = (self.lane.head, dict(self.lane.items), batch, self.lane.now, phase)
        expected = repr(decide(*arguments))

        decision = self.lane.apply(batch, phase)

        assert repr(decision) == expected
        for command, outcome in zip(batch, decision.outcomes, strict=True):
            item = before.get(command.item_id)
            stale = item and command.attempt is not None and command.attempt < item.attempt
            # The number of a claim's dispatch stands above that of its delivery.
            by_dispatch = command.dispatch is not None and self.lane.head.rules.dispatched
            stale = stale and not (by_dispatch and command.kind is CommandKind.CLAIM)
            if stale and command.kind is not CommandKind.REGISTER:
                assert outcome.kind != "applied"
                assert substance(outcome.item) == substance(item)
            if outcome.item is not None:
                before[command.item_id] = outcome.item
                self._remember(command, outcome, known=item is not None)

    def _remember(self, command, outcome, *, known):
        beats = command.kind is CommandKind.HEARTBEAT and outcome.kind == "applied"
        if beats or (known and command.kind is CommandKind.REGISTER):
            return
        memory = self.remembered[command.item_id]
        memory[command] = outcome
        if len(memory) > COMMANDS_REMEMBERED_PER_ITEM:
            del memory[next(iter(memory))]

    @precondition(lambda self: self.tally is None)
    @rule()
    def begin_to_count(self):
        self.tally, self.counted_to = Tally(self.lane.head), ""

    @precondition(lambda self: self.tally is not None)
    @rule()
    def count_the_next_item(self):
        name = min((name for name in self.lane.items if name > self.counted_to), default=None)
        if name is not None:
            self.tally.add(self.lane.items[name])
            self.counted_to = name
            return
        self.tally.follow(self.lane.events[self.tally.head.offset :])
        assert self.tally.counted(self.lane.head).agrees_with(self.lane.head)
        self.tally = None

    @precondition(lambda self: any(self.remembered.values()))
    @rule(data=st.data(), phase=strategies.phases)
    def redeliver(self, data, phase):
        known = [
            (command, outcome)
            for memory in self.remembered.values()
            for command, outcome in memory.items()
        ]
        again = data.draw(st.lists(st.sampled_from(known), min_size=1, max_size=12))
        before = (self.lane.head, dict(self.lane.items))

        decision = self.lane.apply([command for command, _ in again], phase)

        assert decision.commits == ()
        assert (self.lane.head, self.lane.items) == before
        for (command, first), second in zip(again, decision.outcomes, strict=True):
            registered = command.kind is CommandKind.REGISTER
            refused = first.kind == "rejected" and not registered
            reason = first.reason if refused else self._reason_of_lost_claim(command)
            assert second.kind == ("duplicate" if reason is None else "rejected")
            assert second.reason == reason

    def _reason_of_lost_claim(self, command):
        """A repeated claim is a duplicate only while its worker still holds the item."""
        item = self.lane.item(command.item_id)
        if command.kind is not CommandKind.CLAIM or item.state is not ItemState.IN_PROGRESS:
            return None
        earlier = command.attempt is not None and command.attempt < item.attempt
        taken_over = earlier or command.worker_id != item.worker_id
        return Reason.STALE_ATTEMPT if taken_over else None

    @rule(mode=st.sampled_from(LaneMode), skipped=st.integers(-1, 1))
    def follow(self, mode, skipped):
        gate = FollowGate(gate=max(0, self.lane.head.gate + 1 + skipped), mode=mode)
        self.lane.apply([gate])

    @rule(seconds=st.sampled_from([0.001, 2, 5, 60]))
    def wait(self, seconds):
        self.lane.wait(seconds)

    @invariant()
    def no_state_is_left_that_is_left_by_nothing(self):
        """Replay each new event and compare the item's state before and after it."""
        head, items = replay(self.lane.genesis, self.lane.events[: self.checked])
        for event in self.lane.events[self.checked :]:
            before = items.get(event.item_id) and effective_item(head, items[event.item_id])
            after = evolve_item(before, event, head.offset)
            head = evolve_head(head, event, before, after)
            if after is not None:
                items[after.item_id] = after
            if before is None or after.state is before.state:
                continue
            assert before.state not in NEVER_LEFT
            if before.state is ItemState.FAILED:
                assert event.kind is EventKind.RETRIED
        self.checked = len(self.lane.events)

    @invariant()
    def every_item_is_counted_once(self):
        counts = self.lane.head.counts

        assert counts.total == len(self.lane.items)
        assert min(counts.pending, counts.in_progress, counts.failed, counts.canceled) >= 0
        assert counts.failed <= counts.failings
        assert sum(number for _, number in self.lane.head.failures) == counts.failed

    @invariant()
    def counting_the_items_gives_the_head(self):
        in_order_of_names = [item for _, item in sorted(self.lane.items.items())]

        assert count(self.lane.head, in_order_of_names).agrees_with(self.lane.head)

    @invariant()
    def replaying_the_journal_gives_head_and_items(self):
        assert replay(self.lane.genesis, self.lane.events) == (self.lane.head, self.lane.items)

    @invariant()
    def the_sums_are_those_of_the_journal_and_fit_the_counts(self):
        sums, counts = self.lane.head.sums, self.lane.head.counts
        fold = SumsFold()
        for event in self.lane.events:
            fold.add(event)

        assert sums == fold.sums()
        assert 0 <= sums.retrying <= counts.unfinished

    @invariant()
    def commits_follow_one_another_and_stay_small(self):
        for commit in self.lane.commits:
            assert commit.events
            assert len(commit.items) + len(commit.due_rows) <= ITEMS_PER_COMMIT
            assert commit.head.offset == commit.before.offset + len(commit.events)
        for first, second in pairwise(self.lane.commits):
            assert first.head == second.before

    @invariant()
    def what_is_pending_again_has_a_due_row_for_its_next_dispatch(self):
        rows = [row for commit in self.lane.commits for row in commit.due_rows]
        written = {(row.item_id, row.due_at, row.attempt) for row in rows}
        assert len({(row.due_at, row.offset) for row in rows}) == len(rows)
        assert self.lane.head.rules.dispatched or not rows
        for name in self.lane.items if self.lane.head.rules.dispatched else ():
            item = self.lane.item(name)
            again = item.attempt > 0 or item.pending_since is not None
            if item.state is ItemState.PENDING and (again or item.due_at is not None):
                assert (name, item.due_at, item.attempt + 1) in written

    @invariant()
    def an_item_remembers_no_more_than_it_has_to(self):
        for item in self.lane.items.values():
            assert len(item.seen) == len(self.remembered[item.item_id])


TestLaneLaws = LaneLaws.TestCase
