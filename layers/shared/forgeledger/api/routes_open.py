"""Routes that need no key: health, and the description of all the others."""

from aws_lambda_powertools.event_handler.api_gateway import Response

from forgeledger import __version__
from forgeledger.api import openapi
from forgeledger.api.gate import SWAGGER
from forgeledger.api.resolver import LedgerResolver
from forgeledger.contracts.http_responses import Health

_OPERATIONS = "operations"
_JSON = "application/json"


def add_open_routes(app: LedgerResolver) -> None:
    app.configure_openapi(
        title=openapi.TITLE,
        version=__version__,
        description=openapi.DESCRIPTION,
        security_schemes=dict(openapi.SECURITY_SCHEMES),
        security=openapi.SECURITY,
        tags=openapi.TAGS,
    )

    @app.get(
        "/health",
        tags=[_OPERATIONS],
        summary="Whether the function answers, and its version",
        operation_id="health",
    )
    def health() -> Health:
        return Health(status="ok", version=__version__)

    @app.get(
        "/openapi.json",
        tags=[_OPERATIONS],
        summary="This description",
        operation_id="openapi",
        responses={200: {"description": "An OpenAPI 3.1 document.", "content": {_JSON: {}}}},
        compress=True,
    )
    def describe() -> Response[str]:
        return Response(200, _JSON, app.get_openapi_json_schema())

    app.enable_swagger(path=SWAGGER, compress=True)
