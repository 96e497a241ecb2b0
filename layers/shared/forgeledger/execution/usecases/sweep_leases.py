"""End the leases that ran out, so that no item waits for a worker that died."""

from dataclasses import dataclass

from forgeledger.execution.model.leases import considered, deferred, needs_sweep, swept
from forgeledger.execution.model.work import LaneWork, Work
from forgeledger.jobs.model.commands import Command, CommandKind
from forgeledger.jobs.model.items import ItemState
from forgeledger.jobs.model.jobs import Job
from forgeledger.jobs.model.lanes import Head
from forgeledger.jobs.ports import JobView, LaneStore
from forgeledger.jobs.usecases.apply_commands import LaneWriter
from forgeledger.runtime import HasTime, Runtime


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseSweeper:
    lanes: LaneStore
    lane_writer: LaneWriter
    runtime: Runtime

    def sweep(self, view: JobView, work: Work, has_time: HasTime) -> Work:
        """The work afterwards, with the times at which its lanes are considered next."""
        for head in view.heads:
            now, at = self.runtime.clock(), work.lanes[head.lane]
            if considered(head, at, now):
                if needs_sweep(head, at, now):
                    work = work.with_lane(head.lane, self._sweep(view.job, head, at, has_time))
                else:
                    work = work.with_lane(head.lane, deferred(head, at, now))
            if not has_time():
                break
        return work

    def _sweep(self, job: Job, head: Head, at: LaneWork, has_time: HasTime) -> LaneWork:
        """By commands that name the attempt: of a heartbeat that comes in between, it wins."""
        after, earliest, now = None, None, self.runtime.clock()
        while has_time():
            # The commands are decided on what is read again.
            page = self.lanes.scan_items(head, after, now, consistent=False)
            expired: list[Command] = []
            for item in page.items:
                until = item.lease_until
                if item.state is not ItemState.IN_PROGRESS or until is None:
                    continue
                if until > now:
                    earliest = until if earliest is None else min(earliest, until)
                else:
                    expired.append(
                        Command(
                            kind=CommandKind.EXPIRE,
                            item_id=item.item_id,
                            command_id=f"sweep:{item.item_id}:{item.attempt}",
                            attempt=item.attempt,
                        )
                    )
            if expired:
                self.lane_writer.apply(job.job_id, head.lane, expired, has_time)
            after = page.next_after
            if after is None:
                return swept(head, at, now, earliest, job.spec.rules.lease_seconds * 1000)
        # The next look begins again: what is over by now is ended already.
        return at
