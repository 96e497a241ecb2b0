"""A command for one item over HTTP: the same as over the queue, answered at once."""

from dataclasses import dataclass
from typing import Any

from forgeledger.errors import JobNotFound
from forgeledger.jobs.http.item_bodies import OutcomeBody, item_body
from forgeledger.jobs.http.parameters import checked
from forgeledger.jobs.http.request_bodies import ItemCommand
from forgeledger.jobs.model.commands import CommandKind
from forgeledger.jobs.model.ids import lane_of, lanes_of
from forgeledger.jobs.model.outcomes import Outcome, Reason
from forgeledger.jobs.services import Services
from forgeledger.web.error_responses import Refused
from forgeledger.web.idempotency import repeat_of
from forgeledger.web.resolver import LedgerResolver

_WHY = {
    Reason.UNKNOWN_ITEM: "Nobody registered this item, and its job does not do so on the way.",
    Reason.JOB_SEALED: "The job is sealed and takes no new items.",
    Reason.JOB_CLOSED: "The job is closed.",
    Reason.JOB_CANCELED: "The job is canceled.",
    Reason.RETENTION_OVER: "Rows of the job may have vanished already, so it cannot run again.",
    Reason.LEASE_HELD: "Another worker has the item, and its lease is not over.",
    Reason.NOT_DUE: "The item waits for the time of its next attempt.",
    Reason.STALE_ATTEMPT: "A later attempt has the item.",
    Reason.UNKNOWN_ATTEMPT: "The ledger knows of no such attempt.",
    Reason.NOT_IN_PROGRESS: "Nobody has the item.",
    Reason.NOT_FAILED: "The item has not failed.",
    Reason.ALREADY_COMPLETED: "The item is completed.",
    Reason.ALREADY_FAILED: "The item has failed for good.",
    Reason.ALREADY_CANCELED: "The item is canceled.",
}


@dataclass(frozen=True, slots=True)
class Commander:
    app: LedgerResolver
    services: Services

    def apply(
        self, kind: CommandKind, job_id: str, item_id: str, body: ItemCommand | None
    ) -> OutcomeBody:
        lanes = lanes_of(job_id)
        if lanes is None:
            raise JobNotFound(job_id)
        repeat = repeat_of(self.app.current_event)
        command_id = repeat.request_id if repeat else self.services.runtime.new_id()
        command = (body or ItemCommand()).command(kind, checked(item_id), command_id)
        lane = lane_of(item_id, lanes)
        applied = self.services.lane_writer.apply(job_id, lane, (command,), self.app.has_time())
        return _answer(applied.outcomes[0])


def _answer(outcome: Outcome) -> OutcomeBody:
    reason = outcome.reason
    if reason is None:
        # Only of an item that nobody knows nothing is known, and that has a reason.
        assert outcome.item is not None
        return OutcomeBody(outcome=outcome.kind, item=item_body(outcome.item))
    status = 404 if reason is Reason.UNKNOWN_ITEM else 409
    more: dict[str, Any] = {"outcome": outcome.kind.value}
    if outcome.item is not None:
        more["item"] = item_body(outcome.item).model_dump(mode="json", by_alias=True)
    raise Refused(status, reason, _WHY.get(reason, reason), more=more)
