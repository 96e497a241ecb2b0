"""Routes of the commands for one item: the same as over the queue, answered at once."""

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Body

from forgeledger.errors import JobNotFound
from forgeledger.jobs.http.command_bodies import (
    CompleteItem,
    FailItem,
    ItemCommand,
    LeaseCommand,
    WorkCommand,
)
from forgeledger.jobs.http.item_bodies import OutcomeBody, item_body
from forgeledger.jobs.http.parameters import ItemId, JobId, check_item_id
from forgeledger.jobs.http.rejections import rejection
from forgeledger.jobs.model.claim_rules import FINISHED_REASONS
from forgeledger.jobs.model.commands import CommandKind
from forgeledger.jobs.model.ids import lane_of, lanes_of
from forgeledger.jobs.model.outcomes import Outcome, OutcomeKind, Reason
from forgeledger.jobs.services import Services
from forgeledger.unknown_fields import first_names
from forgeledger.web.idempotency import repeat_of
from forgeledger.web.openapi import route_responses
from forgeledger.web.resolver import LedgerResolver

# Each command with its body and summary.
_COMMANDS: tuple[tuple[CommandKind, type[ItemCommand], str], ...] = (
    (CommandKind.CLAIM, LeaseCommand, "A worker takes the item: attempt + 1"),
    (CommandKind.HEARTBEAT, LeaseCommand, "The worker is still busy: its lease starts again"),
    (CommandKind.COMPLETE, CompleteItem, "The item is done"),
    (CommandKind.FAIL, FailItem, "The attempt failed; the item is retried or has failed for good"),
    (CommandKind.RELEASE, WorkCommand, "The worker returns the item; the attempt does not count"),
    (CommandKind.RETRY, ItemCommand, "A failed item is tried again; a finished job runs again"),
    (CommandKind.EXPIRE, ItemCommand, "A claim whose lease is over ends as a failed attempt"),
    (CommandKind.CANCEL, ItemCommand, "An unfinished item is canceled; it stays in the total"),
)


def add_command_routes(app: LedgerResolver, services: Services) -> None:
    for kind, body_model, summary in _COMMANDS:
        _add_command_route(app, services, kind, body_model, summary)


def _add_command_route(
    app: LedgerResolver,
    services: Services,
    kind: CommandKind,
    body_model: type[ItemCommand],
    summary: str,
) -> None:
    def command(job_id: JobId, item_id: ItemId, body: ItemCommand | None = None) -> OutcomeBody:
        lanes = lanes_of(job_id)
        if lanes is None:
            raise JobNotFound(job_id)
        check_item_id(item_id)
        repeat = repeat_of(app.current_event)
        request_id = repeat.request_id if repeat else services.runtime.new_id()
        ignored = first_names(app.checked.ignored)
        commands = ((body or ItemCommand()).command(kind, item_id, request_id, ignored),)
        lane = lane_of(item_id, lanes)
        applied = services.lane_writer.apply(job_id, lane, commands, app.has_time(), app.client_id)
        return _outcome_body(kind, applied.outcomes[0])

    # The routes differ in their body, which the resolver reads from the annotation.
    command.__annotations__["body"] = Annotated[body_model | None, Body()]
    app.post(
        f"/jobs/<jobId>/items/<itemId>/{kind}",
        tags=["commands"],
        summary=summary,
        operation_id=f"{kind}Item",
        responses=route_responses(200, OutcomeBody, "Applied or a duplicate."),
    )(command)


def _reason_of(kind: CommandKind, outcome: Outcome) -> Reason | None:
    """A repeated claim is a duplicate whatever has happened since: no permission to start again."""
    item = outcome.item
    if kind is CommandKind.CLAIM and outcome.reason is None and item is not None and item.finished:
        return FINISHED_REASONS[item.state]
    return outcome.reason


def _outcome_body(kind: CommandKind, outcome: Outcome) -> OutcomeBody:
    item = None if outcome.item is None else item_body(outcome.item)
    reason = _reason_of(kind, outcome)
    if reason is None:
        assert item is not None  # Only the rejection of an unknown item has no item.
        return OutcomeBody(outcome=outcome.kind, item=item)
    # An unknown item has no body, and a problem document no empty member.
    document = None if item is None else item.model_dump(mode="json", by_alias=True)
    raise rejection(reason, outcome=OutcomeKind.REJECTED.value, item=document)
