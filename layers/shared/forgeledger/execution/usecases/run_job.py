"""Look after a dispatched job: hand out its items, end dead leases, find lost messages."""

from dataclasses import dataclass

from forgeledger.execution.model.flight import handed_out
from forgeledger.execution.model.lost_messages import begun, search_at
from forgeledger.execution.model.work import Work
from forgeledger.execution.ports import WorkStore
from forgeledger.execution.usecases.dispatch_items import Dispatcher, hands_out
from forgeledger.execution.usecases.find_lost_messages import LostMessages
from forgeledger.execution.usecases.sweep_leases import LeaseSweeper
from forgeledger.jobs.ports import JobView
from forgeledger.runtime import HasTime, Runtime


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRunner:
    works: WorkStore
    dispatcher: Dispatcher
    sweeper: LeaseSweeper
    lost_messages: LostMessages
    runtime: Runtime

    def run(self, view: JobView, has_time: HasTime) -> int | None:
        """Do what is due by now; when the job must be looked at again for its items' sake."""
        if not hands_out(view.job):
            return None
        dispatched = self.dispatcher.dispatch(view, has_time)
        if not has_time():
            return self.runtime.clock()
        work = self.works.load_work(view.job.job_id)
        if work.in_flight:
            # Another is flying, and looks again afterwards.
            return dispatched.look_at
        work = self._sweep(view, work, has_time)
        search = self._search(view, work, has_time)
        return min(
            (at for at in (dispatched.look_at, _sweep_at(view, work), search) if at is not None),
            default=None,
        )

    def _sweep(self, view: JobView, work: Work, has_time: HasTime) -> Work:
        swept = self.sweeper.sweep(view, work, has_time)
        if swept == work:
            return work
        swept = swept.next_version()
        return swept if self.works.save_work(view.job, swept) else work

    def _search(self, view: JobView, work: Work, has_time: HasTime) -> int | None:
        """Search if it is due; when it is due next."""
        now, out = self.runtime.clock(), handed_out(work.lanes, view.heads)
        lease_seconds = view.job.spec.rules.lease_seconds
        # Something was committed since the last roll-up: just now.
        rolled_up = view.progress.offsets == sum(head.offset for head in view.heads)
        last_commit_at = max(view.progress.at, view.job.opened_at) if rolled_up else now
        at = search_at(work, out, last_commit_at, lease_seconds)
        if view.job.held:
            return None
        if at is None or now < at:
            return at
        if work.search_lane is None:
            work = begun(work, last_commit_at, lease_seconds, now).next_version()
            if not self.works.save_work(view.job, work):
                return now
        work = self.lost_messages.search(view, work, has_time)
        return search_at(work, out, last_commit_at, lease_seconds)


def _sweep_at(view: JobView, work: Work) -> int | None:
    return min(
        (
            work.lanes[head.lane].sweep_at
            for head in view.heads
            if head.counts.in_progress and work.lanes[head.lane].sweep_at
        ),
        default=None,
    )
