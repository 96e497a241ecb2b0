"""Routes of items: registering them, reading them, and the commands that a queue takes as well."""

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Body

from forgeledger.jobs.http.command_routes import Commander
from forgeledger.jobs.http.cursors import (
    history_cursor,
    items_cursor,
    read_history_cursor,
    read_items_cursor,
)
from forgeledger.jobs.http.item_bodies import ItemsBody, OutcomeBody, item_body
from forgeledger.jobs.http.job_bodies import RegistrationBody, registration_body
from forgeledger.jobs.http.journal_bodies import ItemHistoryBody, history_body
from forgeledger.jobs.http.parameters import (
    ROWS_A_PAGE,
    Cursor,
    ItemId,
    JobId,
    Limit,
    StateFilter,
    checked,
)
from forgeledger.jobs.http.request_bodies import (
    CompleteItem,
    FailItem,
    ItemCommand,
    LeaseCommand,
    RegisterItems,
)
from forgeledger.jobs.model.commands import CommandKind
from forgeledger.jobs.services import Services
from forgeledger.web.error_responses import Refused
from forgeledger.web.idempotency import repeat_of
from forgeledger.web.openapi import answers
from forgeledger.web.resolver import LedgerResolver

_ITEMS = ["items"]
# Each command, what its body may say, and what it is for.
_COMMANDS = (
    (CommandKind.CLAIM, LeaseCommand, "A worker takes the item: attempt + 1"),
    (CommandKind.HEARTBEAT, LeaseCommand, "The worker is still at it: the lease begins anew"),
    (CommandKind.COMPLETE, CompleteItem, "The item is done"),
    (CommandKind.FAIL, FailItem, "The attempt failed: another one later, or given up"),
    (
        CommandKind.RELEASE,
        ItemCommand,
        "The worker gives the item back; the attempt does not count",
    ),
    (
        CommandKind.RETRY,
        ItemCommand,
        "A failed item gets another chance; a finished job runs again",
    ),
)


def add_item_routes(app: LedgerResolver, services: Services) -> None:
    @app.post(
        "/jobs/<jobId>/items:register",
        tags=_ITEMS,
        summary="Register up to 1,000 items, and seal the job if that was all",
        operation_id="registerItems",
        responses=answers(200, RegistrationBody, "How many are new, known, refused.", 404),
    )
    def register(job_id: JobId, body: Annotated[RegisterItems, Body()]) -> RegistrationBody:
        items = [item.new_item() for item in body.items]
        repeat = repeat_of(app.current_event)
        request_id = repeat.request_id if repeat else services.runtime.new_id()
        return registration_body(
            services.registrar.register(
                job_id, items, request_id, seal=body.seal, has_time=app.has_time()
            )
        )

    @app.get(
        "/jobs/<jobId>/items",
        tags=_ITEMS,
        summary="Items, by lane and name",
        operation_id="listItems",
        responses=answers(200, ItemsBody, "A page of items.", 404),
    )
    def list_items(
        job_id: JobId,
        state: StateFilter = None,
        limit: Limit = ROWS_A_PAGE,
        cursor: Cursor = None,
    ) -> ItemsBody:
        page = services.items.page(job_id, state, read_items_cursor(cursor, job_id, state), limit)
        return ItemsBody(
            items=[item_body(item) for item in page.items],
            next_cursor=items_cursor(page.following, job_id, state),
        )

    @app.get(
        "/jobs/<jobId>/items/<itemId>",
        tags=_ITEMS,
        summary="An item with its whole history",
        operation_id="getItem",
        responses=answers(200, ItemHistoryBody, "The item and its events.", 404),
    )
    def get_item(job_id: JobId, item_id: ItemId, cursor: Cursor = None) -> ItemHistoryBody:
        before = read_history_cursor(cursor, job_id, item_id)
        found = services.items.history(job_id, checked(item_id), before)
        if found is None:
            raise Refused(404, "unknown_item", f"There is no item {item_id} in job {job_id}.")
        return history_body(found, history_cursor(found.earlier, job_id, item_id))


def add_command_routes(app: LedgerResolver, services: Services) -> None:
    commander = Commander(app, services)
    for kind, body, summary in _COMMANDS:
        _add_command_route(app, commander, kind, body, summary)


def _add_command_route(
    app: LedgerResolver,
    commander: Commander,
    kind: CommandKind,
    body_model: type[ItemCommand],
    summary: str,
) -> None:
    def command(job_id: JobId, item_id: ItemId, body: ItemCommand | None = None) -> OutcomeBody:
        return commander.apply(kind, job_id, item_id, body)

    # What a body may say is all in which the commands differ; the route reads it from here.
    command.__annotations__["body"] = Annotated[body_model | None, Body()]
    app.post(
        f"/jobs/<jobId>/items/<itemId>/{kind}",
        tags=["commands"],
        summary=summary,
        operation_id=f"{kind}Item",
        responses=answers(200, OutcomeBody, "Applied, or a duplicate; and the item.", 404, 409),
    )(command)
