"""Routes that register, list and read items."""

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Body

from forgeledger.jobs.http import cursors
from forgeledger.jobs.http.item_bodies import ItemsBody, item_body
from forgeledger.jobs.http.job_bodies import RegistrationBody, registration_body
from forgeledger.jobs.http.journal_bodies import ItemHistoryBody, history_body
from forgeledger.jobs.http.parameters import (
    ROWS_PER_PAGE,
    Cursor,
    ErrorTypeFilter,
    ItemId,
    JobId,
    Limit,
    StateFilter,
    WorkerFilter,
    check_item_id,
)
from forgeledger.jobs.http.request_bodies import RegisterItems
from forgeledger.jobs.services import Services
from forgeledger.jobs.usecases.read_items import ItemFilter
from forgeledger.web.error_responses import HttpError
from forgeledger.web.idempotency import repeat_of
from forgeledger.web.openapi import route_responses
from forgeledger.web.resolver import LedgerResolver

_ITEMS = ["items"]


def add_item_routes(app: LedgerResolver, services: Services) -> None:
    @app.post(
        "/jobs/<jobId>/items:register",
        tags=_ITEMS,
        summary="Register up to 1,000 items, and seal the job if these were the last",
        operation_id="registerItems",
        responses=route_responses(200, RegistrationBody, "How many were new, known, rejected."),
    )
    def register(job_id: JobId, body: Annotated[RegisterItems, Body()]) -> RegistrationBody:
        items = [item.new_item() for item in body.items]
        repeat = repeat_of(app.current_event)
        request_id = repeat.request_id if repeat else services.runtime.new_id()
        registered = services.registrar.register(
            job_id,
            items,
            request_id,
            seal=body.seal,
            has_time=app.has_time(),
            client_id=app.client_id,
        )
        return registration_body(registered)

    @app.get(
        "/jobs/<jobId>/items",
        tags=_ITEMS,
        summary="Items, by lane and item id",
        operation_id="listItems",
        responses=route_responses(200, ItemsBody, "A page of items."),
    )
    def list_items(
        job_id: JobId,
        *,
        state: StateFilter = None,
        error_type: ErrorTypeFilter = None,
        worker_id: WorkerFilter = None,
        limit: Limit = ROWS_PER_PAGE,
        cursor: Cursor = None,
    ) -> ItemsBody:
        filters = (state, error_type, worker_id)
        position = cursors.read_items(cursor, job_id, *filters)
        wanted = ItemFilter(state=state, error_type=error_type, worker_id=worker_id)
        page = services.items.page(job_id, wanted, position, limit)
        return ItemsBody(
            items=[item_body(item) for item in page.items],
            next_cursor=cursors.write_items(page.following, job_id, *filters),
        )

    @app.get(
        "/jobs/<jobId>/items/<itemId>",
        tags=_ITEMS,
        summary="An item with its whole history",
        operation_id="getItem",
        responses=route_responses(200, ItemHistoryBody, "The item and its events."),
    )
    def get_item(job_id: JobId, item_id: ItemId, cursor: Cursor = None) -> ItemHistoryBody:
        before = cursors.read_history(cursor, job_id, item_id)
        check_item_id(item_id)
        history = services.items.history(job_id, item_id, before)
        if history is None:
            raise HttpError(404, "unknown_item", f"There is no item {item_id} in job {job_id}.")
        return history_body(history, cursors.write_history(history.earlier, job_id, item_id))
