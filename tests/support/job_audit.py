"""Invariants of a job after each call of the store."""

from itertools import pairwise

from forgeledger.jobs.model.facts import Fact, FactKind, event_id
from forgeledger.jobs.model.job_lifecycle import next_step, total
from forgeledger.jobs.model.jobs import JobStatus
from forgeledger.jobs.model.lane_tally import count
from forgeledger.jobs.model.lanes import LaneMode
from forgeledger.jobs.model.replay import replay
from forgeledger.jobs.ports import JobView
from tests.support.builders import make_head
from tests.support.memory_store import MemoryStore
from tests.support.sums_fold import SumsFold

VERDICTS = {FactKind.COMPLETED, FactKind.FAILED, FactKind.CANCELED}
_ALL = 10_000


class JobAudit:
    def __init__(self, store: MemoryStore, job_id: str) -> None:
        self.store = store
        self.job_id = job_id
        self._facts_seen = 0

    def view(self) -> JobView:
        view = self.store.load_job(self.job_id)
        assert view is not None
        return view

    def facts(self) -> tuple[Fact, ...]:
        return self.store.read_facts(self.job_id, 0, _ALL)

    def event_ids(self) -> list[str]:
        return [event_id(self.job_id, fact) for fact in self.facts() if fact.published]

    def check(self) -> None:
        """Check after each call of the store, before anything changes after a new fact."""
        view, facts = self.view(), self.facts()
        for fact in facts[self._facts_seen :]:
            if fact.kind in VERDICTS:
                self._verdict_stands_on_the_heads(view, fact)
        self._facts_seen = len(facts)
        self._epochs_have_one_verdict_each(view, facts)
        self._nothing_is_unfinished_in_a_finished_job(view)

    def _verdict_stands_on_the_heads(self, view: JobView, fact: Fact) -> None:
        counts = total(view.heads)
        assert fact.counts == view.job.counts_at_verdict == counts
        assert counts.unfinished == 0
        assert {(head.gate, head.mode) for head in view.heads} == {(view.job.gate, view.job.mode)}
        assert view.job.sealed
        if fact.kind is FactKind.COMPLETED:
            assert view.job.mode is LaneMode.SEALED
        if fact.kind is FactKind.CANCELED:
            assert view.job.mode is LaneMode.CLOSED

    def _epochs_have_one_verdict_each(self, view: JobView, facts: tuple[Fact, ...]) -> None:
        assert [fact.number for fact in facts] == list(range(view.job.facts))
        for before, after in pairwise(facts):
            reopens = after.kind is FactKind.REOPENED
            assert after.epoch == before.epoch + reopens
            assert (before.kind in VERDICTS) is reopens
        assert (facts[-1].kind in VERDICTS) is view.job.finished
        ids = self.event_ids()
        assert len(ids) == len(set(ids))

    def _nothing_is_unfinished_in_a_finished_job(self, view: JobView) -> None:
        if view.job.finished:
            counts = total(view.heads)
            assert counts.unfinished == 0
            assert counts == view.job.counts_at_verdict
            assert view.job.status is not JobStatus.COMPLETED or counts.completed == counts.total

    def check_lanes(self) -> None:
        """Replaying each lane's journal gives its head and items."""
        for head in self.view().heads:
            rows = self.store.read_journal(self.job_id, head.lane, 0, _ALL)
            events = [event for row in rows for event in row.entries]
            items = self.store.list_items(self.job_id, head.lane, None, _ALL).items
            genesis = make_head(job_id=self.job_id, lane=head.lane, rules=head.rules)
            assert replay(genesis, events) == (head, {item.item_id: item for item in items})
            assert count(head, items).agrees_with(head)
            fold = SumsFold()
            for event in events:
                fold.add(event)
            assert head.sums == fold.sums()
            assert head.sums.retrying <= head.counts.unfinished

    def check_at_rest(self, now: int) -> None:
        """Check that nothing is left to do, after a relay, while no actor runs."""
        view = self.view()
        step = next_step(view.job, view.heads, now)
        assert (step.facts, step.lagging) == ((), ())
        assert view.job.ending is None
        if view.job.sealed and total(view.heads).unfinished == 0:
            assert view.job.finished
