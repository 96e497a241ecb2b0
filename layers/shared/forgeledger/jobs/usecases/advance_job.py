"""Advance a job as far as its lanes allow: steps, their events, lagging lanes, the roll-up."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from forgeledger.errors import OutOfTime, StorageBusy
from forgeledger.fast_dataclass import replace
from forgeledger.jobs.model.facts import Fact
from forgeledger.jobs.model.job_lifecycle import idle_step, next_step, total
from forgeledger.jobs.model.job_step import Step
from forgeledger.jobs.model.progress import LookMove, rolled_up
from forgeledger.jobs.ports import AfterAdvance, JobChange, JobStore, JobView
from forgeledger.jobs.usecases.apply_commands import LaneWriter
from forgeledger.jobs.usecases.publish_facts import FactPublisher
from forgeledger.jobs.usecases.resume_items import LaneFollower
from forgeledger.parallel import call
from forgeledger.runtime import HasTime, Runtime, no_deadline

if TYPE_CHECKING:
    # The intake plans no looks.
    from forgeledger.jobs.usecases.plan_look import LookPlanner

# A job needs at most ten steps: lanes, resumed, first failure, start, lanes, seal, lanes, close,
# lanes, verdict. The rest is for conflicts with other writers.
_ROUNDS = 20


@dataclass(frozen=True, slots=True)
class Advanced:
    """The job afterwards, and how many events were published on the way."""

    view: JobView
    events_published: int = 0
    # How late the time was found at which the job was to be looked at; None: it was not due.
    late_ms: int | None = None


@dataclass(frozen=True, slots=True)
class JobAdvancer:
    jobs: JobStore
    lane_writer: LaneWriter
    runtime: Runtime
    # None leaves the facts to their stream records, for callers whose own caller waits.
    fact_publisher: FactPublisher | None = None
    # After so long without a commit an unsealed job is canceled; 0: never.
    maximum_idle_ms: int = 0
    # None: others plan when the job is looked at next, or nobody does.
    looks: "LookPlanner | None" = None
    # None: items reach their workers in some other way.
    after: AfterAdvance | None = None

    def advance(
        self, job_id: str, has_time: HasTime = no_deadline, view: JobView | None = None
    ) -> Advanced | None:
        """Take every step that is due, and publish what is unpublished; None: no such job.

        With `view` it need not be loaded first; a later change is a conflict, as after loading.
        """
        facts: Sequence[Fact] = ()
        events_published = 0
        for tries in range(_ROUNDS):
            _check(has_time, job_id)
            view = view or self.jobs.load_job(job_id)
            if view is None:
                return None
            step = next_step(view.job, view.heads, self.runtime.clock())
            if not step.facts and not step.lagging:
                step = self._idle_step(view)
            if step.facts:
                # The read may have taken as long as this write may take.
                _check(has_time, job_id)
                heads = view.heads if step.checks_counts else ()
                change = JobChange(
                    before=view.job,
                    job=step.job,
                    facts=step.facts,
                    heads=heads,
                    checks_offsets=step.checks_offsets,
                )
                is_made, facts = self._commit(view, change, facts)
                if is_made:
                    # Later steps are conditional too; a lane that changed wakes the relay again.
                    view = replace(view, job=step.job)
                    facts = (*facts, *step.facts)
                else:
                    view = None
                    self.runtime.pause(tries)
                continue
            # Before anything that takes long: consumers wait for the events.
            if self.fact_publisher is not None:
                events_published += self.fact_publisher.publish(view, facts, has_time)
            settled = self._settle(view, step.lagging, has_time)
            if settled is not None:
                return Advanced(settled, events_published, self._late_ms(view, settled))
            view = None
        raise StorageBusy(f"job {job_id}", _ROUNDS)

    def _settle(self, view: JobView, lagging: Sequence[int], has_time: HasTime) -> JobView | None:
        """Bring lagging lanes to the job's gate, or roll up; None: the job is to be read again."""
        if lagging:
            if self._follow(view, lagging, has_time):
                return None
            # The commits that resumed its items wake the relay, which goes on.
            view = self.jobs.load_job(view.job.job_id) or view
            if not has_time():
                return view
        further = None if self.after is None else self.after.run(view, has_time)
        return self._roll_up(view, has_time, further)

    def _follow(self, view: JobView, lanes: Sequence[int], has_time: HasTime) -> bool:
        """Bring these lanes to the job's gate; False: some have more items to be resumed."""
        follower = LaneFollower(self.lane_writer)

        def follow(lane: int) -> bool:
            return follower.follow(view.job, view.heads[lane], has_time)

        return all(self.runtime.parallel(follow, lanes))

    def _commit(
        self, view: JobView, change: JobChange, known: Sequence[Fact]
    ) -> tuple[bool, Sequence[Fact]]:
        """Commit; meanwhile read the unpublished facts before it, unless some are known."""
        publisher = self.fact_publisher
        if publisher is None or known or view.published == view.job.facts:
            return self.jobs.commit_job(change), known

        def commit() -> Any:
            return self.jobs.commit_job(change)

        def read() -> Any:
            return publisher.read(view.job, view.published)

        earlier, is_made = self.runtime.parallel(call, (read, commit))
        return is_made, earlier

    def _idle_step(self, view: JobView) -> Step:
        """The last roll-up tells when a commit was last seen, unless there was one since."""
        now = self.runtime.clock()
        rolled_up = view.progress.offsets == sum(head.offset for head in view.heads)
        last_commit_at = max(view.progress.at, view.job.opened_at) if rolled_up else now
        counts, limit = total(view.heads), self.maximum_idle_ms
        return idle_step(view.job, counts, last_commit_at, now, limit)

    def _roll_up(self, view: JobView, has_time: HasTime, further: int | None) -> JobView | None:
        """The job with its progress; None if somebody else moved the time to look at it."""
        now = self.runtime.clock()
        # The rows of a job past its retention are deleted one by one, and none is created again.
        if view.job.finished and view.job.rows_may_be_gone(now):
            return view
        stored = view.progress
        progress = rolled_up(stored, view.job, view.heads, now)
        look_at = stored.wake_at if self.looks is None else self.looks.next(view, now, further)
        if self.looks is not None:
            # Before it is stored: who finds it stored sends none.
            self.looks.wake(view.job.job_id, look_at, stored.wake_at, now)
        if look_at == stored.wake_at:
            if progress is None:
                return view
            _check(has_time, view.job.job_id)
            self.jobs.roll_up(view.job, progress)
            return replace(view, progress=progress)
        _check(has_time, view.job.job_id)
        # A job to which nothing was committed may have no such row yet.
        alone = progress is None and stored.at > 0
        progress = replace(progress or stored, at=stored.at if alone else now, wake_at=look_at)
        move = LookMove(before=stored.wake_at, after=look_at, alone=alone)
        if self.jobs.roll_up(view.job, progress, move):
            return replace(view, progress=progress)
        self.runtime.pause(0)
        return None

    def _late_ms(self, before: JobView, after: JobView) -> int | None:
        due, now = before.progress.wake_at, self.runtime.clock()
        return None if due is None or due > now or due == after.progress.wake_at else now - due


def _check(has_time: HasTime, job_id: str) -> None:
    if not has_time():
        raise OutOfTime(f"job {job_id}")
