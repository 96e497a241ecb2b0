"""Routes that return no user data: health, the OpenAPI document and its page."""

from functools import cache
from typing import TYPE_CHECKING, Annotated

from aws_lambda_powertools.event_handler.api_gateway import Response
from pydantic import Field

from forgeledger import __version__
from forgeledger.web.error_responses import HttpError
from forgeledger.web.models import ResponseModel
from forgeledger.web.resolver import LedgerResolver

if TYPE_CHECKING:
    from forgeledger.web.api_docs import ApiDocs

_OPERATIONS = ["operations"]
_JSON = "application/json"
_HTML = "text/html"
# The end of API Gateway's route for all other paths. A path that is written differently, such as
# with an escaped letter, may lead there.
_CATCH_ALL = "{proxy+}"


class Health(ResponseModel):
    status: Annotated[str, Field(examples=["ok"])]
    version: str


def add_public_routes(app: LedgerResolver, *, docs_need_key: bool = False) -> None:
    @cache
    def docs() -> "ApiDocs":
        # Imported lazily; it is slow and rarely used.
        from forgeledger.web.api_docs import ApiDocs

        return ApiDocs(app.openapi_text, need_key=docs_need_key)

    @app.get(
        "/health",
        tags=_OPERATIONS,
        summary="Whether the API answers, and its version",
        operation_id="health",
    )
    def health() -> Health:
        return Health(status="ok", version=__version__)

    @app.get(
        "/openapi.json",
        tags=_OPERATIONS,
        summary="This description",
        operation_id="openapi",
        responses={200: {"description": "An OpenAPI 3.1 document.", "content": {_JSON: {}}}},
    )
    def openapi() -> Response[str]:
        _check_route(app)
        return docs().document(app.base_path()).response(app.current_event.headers)

    @app.get(
        "/swagger",
        tags=_OPERATIONS,
        summary="A page to read this description and to try the routes",
        operation_id="swagger",
        responses={200: {"description": "The page.", "content": {_HTML: {}}}},
    )
    def swagger() -> Response[str]:
        _check_route(app)
        return docs().page.response(app.current_event.headers)

    @app.get("/swagger/<name>", include_in_schema=False)
    def swagger_file(name: str) -> Response[str]:
        _check_route(app)
        return docs().file(name).response(app.current_event.headers)


def _check_route(app: LedgerResolver) -> None:
    """Only their own routes have the throttle of the page and its files: see HttpApi."""
    if app.current_event.raw_event["routeKey"].endswith(_CATCH_ALL):
        raise HttpError(404, "not_found", "There is no such route.")
