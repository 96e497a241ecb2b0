"""One request, from the gateway's event to the gateway's answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aws_lambda_powertools.event_handler.api_gateway import Response
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2
from aws_lambda_powertools.utilities.typing import LambdaContext

from forgeledger.web.error_responses import answer_to
from forgeledger.web.request_guard import RequestGuard, normalized
from forgeledger.web.resolver import UNKNOWN_ROUTE, LedgerResolver


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    # The route by its pattern, for counting.
    route: str
    response: dict[str, Any]
    # Unknown fields of the body, each name the first time that it is met.
    ignored: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Api:
    app: LedgerResolver
    gate: RequestGuard

    def answer(self, event: Mapping[str, Any], context: LambdaContext) -> Answered:
        route = UNKNOWN_ROUTE
        self.app.begin(route)
        try:
            plain = normalized(event)
            request = APIGatewayProxyEventV2(plain)
            route = self.app.named(request.http_method, request.path)
            self.app.begin(route)
            response = self.app.resolve(self.gate.admit(plain, request.path), context)
        except Exception as error:  # noqa: BLE001 - Whatever happens, the caller gets a problem.
            response = _as_event(answer_to(error))
        return Answered(route=route, response=response, ignored=self.app.ignored)


def _as_event(response: Response[str]) -> dict[str, Any]:
    return {
        "statusCode": response.status_code,
        "headers": response.headers,
        "body": response.body,
        "isBase64Encoded": False,
        "cookies": [],
    }
