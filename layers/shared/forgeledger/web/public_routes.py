"""Routes that need no key: health, and the description of all the others."""

from pathlib import Path

from aws_lambda_powertools.event_handler.api_gateway import Response

from forgeledger import __version__
from forgeledger.web.models import Health
from forgeledger.web.resolver import LedgerResolver

_OPERATIONS = ["operations"]
_JSON = "application/json"
_HTML = "text/html"


def add_open_routes(app: LedgerResolver) -> None:
    @app.get(
        "/health",
        tags=_OPERATIONS,
        summary="Whether the function answers, and its version",
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
    def describe() -> Response[str]:
        return Response(200, _JSON, app.described())

    @app.get(
        "/swagger",
        tags=_OPERATIONS,
        summary="A page to read this description and to try the routes",
        operation_id="swagger",
        responses={200: {"description": "The page.", "content": {_HTML: {}}}},
        compress=True,
    )
    def swagger() -> Response[str]:
        return Response(200, _HTML, _page(app.described()))


def _page(description: str) -> str:
    """Powertools' page; loaded when somebody looks at it, for nobody else should wait for it."""
    from aws_lambda_powertools.event_handler.openapi import swagger_ui

    files = Path(swagger_ui.__file__).parent
    return swagger_ui.generate_swagger_html(
        # The description stands inside a script, which a text in it must not end.
        spec=description.replace("</", "<\\/"),
        swagger_js=(files / "swagger-ui-bundle.min.js").read_text(encoding="utf-8"),
        swagger_css=(files / "swagger-ui.min.css").read_text(encoding="utf-8"),
        swagger_base_url="",
        oauth2_config=None,
    )
