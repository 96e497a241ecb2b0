"""Retry a job of one item: its item, and with it the job."""

from dataclasses import dataclass

from forgeledger.errors import JobNotFound
from forgeledger.execution.usecases.single_item import single_item
from forgeledger.jobs.model.commands import Command, CommandKind
from forgeledger.jobs.model.ids import lane_of
from forgeledger.jobs.model.job_lifecycle import total
from forgeledger.jobs.model.outcomes import OutcomeKind, Reason
from forgeledger.jobs.ports import JobStore
from forgeledger.jobs.usecases.apply_commands import LaneWriter
from forgeledger.jobs.usecases.change_job import ChangeResult
from forgeledger.jobs.usecases.load_job import require_job
from forgeledger.runtime import HasTime, no_deadline


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRetrier:
    jobs: JobStore
    lane_writer: LaneWriter

    def retry(
        self,
        job_id: str,
        request_id: str,
        has_time: HasTime = no_deadline,
        client_id: str | None = None,
    ) -> ChangeResult:
        """Safe to repeat; raises NotOneItem for a job of more items."""
        view = require_job(self.jobs, job_id)
        if total(view.heads).total == 0:
            return ChangeResult(outcome=OutcomeKind.REJECTED, reason=Reason.NOT_FAILED, view=view)
        item = single_item(self.lane_writer.lanes, view)
        command = Command(kind=CommandKind.RETRY, item_id=item.item_id, command_id=request_id)
        lane = lane_of(item.item_id, len(view.heads))
        applied = self.lane_writer.apply(job_id, lane, (command,), has_time, client_id)
        outcome = applied.outcomes[0]
        kind, reason = outcome.kind, outcome.reason
        if kind is OutcomeKind.DUPLICATE and outcome.item and outcome.item.failure is None:
            # It is pending because it never ran, not because of an earlier retry.
            kind, reason = OutcomeKind.REJECTED, Reason.NOT_FAILED
        after = self.jobs.load_job(job_id)
        if after is None:
            raise JobNotFound(job_id)
        return ChangeResult(outcome=kind, reason=reason, view=after)
