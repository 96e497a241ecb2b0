"""Routes without an API key: health, the OpenAPI document and its page."""

from pathlib import Path
from typing import Annotated

from aws_lambda_powertools.event_handler.api_gateway import Response
from pydantic import Field

from forgeledger import __version__
from forgeledger.web.models import ResponseModel
from forgeledger.web.resolver import LedgerResolver

_OPERATIONS = ["operations"]
_JSON = "application/json"
_HTML = "text/html"


class Health(ResponseModel):
    status: Annotated[str, Field(examples=["ok"])]
    version: str


def add_public_routes(app: LedgerResolver) -> None:
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
        compress=True,
    )
    def openapi() -> Response[str]:
        return Response(200, _JSON, app.openapi_text())

    @app.get(
        "/swagger",
        tags=_OPERATIONS,
        summary="A page to read this description and to try the routes",
        operation_id="swagger",
        responses={200: {"description": "The page.", "content": {_HTML: {}}}},
        compress=True,
    )
    def swagger() -> Response[str]:
        return Response(200, _HTML, _swagger_page(app.openapi_text()))


def _swagger_page(openapi: str) -> str:
    # Imported lazily; it is slow and rarely used.
    from aws_lambda_powertools.event_handler.openapi import swagger_ui

    files = Path(swagger_ui.__file__).parent
    return swagger_ui.generate_swagger_html(
        # Inside a script element, where a closing tag in a text would end the script.
        spec=openapi.replace("</", "<\\/"),
        swagger_js=(files / "swagger-ui-bundle.min.js").read_text(encoding="utf-8"),
        swagger_css=(files / "swagger-ui.min.css").read_text(encoding="utf-8"),
        swagger_base_url="",
        oauth2_config=None,
    )
