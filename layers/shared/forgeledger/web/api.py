"""From API Gateway's event to its response."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler.api_gateway import Response
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2
from aws_lambda_powertools.utilities.typing import LambdaContext

from forgeledger.runtime import before_deadline
from forgeledger.web.body_fields import Warnings
from forgeledger.web.error_responses import problem_response
from forgeledger.web.request_body import writable
from forgeledger.web.request_guard import RequestGuard, normalized
from forgeledger.web.resolver import UNKNOWN_ROUTE, LedgerResolver


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiResult:
    # The pattern of the route, for metrics.
    route: str
    # For the log.
    path: str
    response: dict[str, Any]
    # Unknown fields of the body that this process has not reported before.
    ignored: Sequence[str]


@dataclass(frozen=True, slots=True)
class Api:
    app: LedgerResolver
    guard: RequestGuard

    def answer(self, event: Mapping[str, Any], context: LambdaContext) -> ApiResult:
        route = path = UNKNOWN_ROUTE
        try:
            plain = normalized(event)
            path = writable(plain["rawPath"])
            request = APIGatewayProxyEventV2(plain)
            route = self.app.start_request(request.http_method, request.path)
            has_time = before_deadline(context.get_remaining_time_in_millis)
            admitted = self.guard.admit(plain, request.path, has_time)
            self.app.client_id = admitted.client_id
            response = _with_warnings(
                self.app.resolve(admitted.event, context), self.app.checked.warnings
            )
        except Exception as error:  # noqa: BLE001 - The caller gets a problem document in any case.
            response = _as_event(problem_response(error))
        return ApiResult(route=route, path=path, response=response, ignored=self.app.ignored)


def _with_warnings(response: dict[str, Any], warnings: Warnings) -> dict[str, Any]:
    """Adds them to the JSON object in the body; also to that of a refusal, which they may explain.

    So a stored response, whose request had the same body, has the same warnings.
    """
    if not warnings or response["statusCode"] >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return response
    text = json.dumps(warnings, ensure_ascii=False, separators=(",", ":"))
    return {**response, "body": f'{response["body"].removesuffix("}")},"warnings":{text}}}'}


def _as_event(response: Response[str]) -> dict[str, Any]:
    return {
        "statusCode": response.status_code,
        "headers": response.headers,
        "body": response.body,
        "isBase64Encoded": False,
        "cookies": [],
    }
