"""Idempotency-Key: a repeated POST gets the first response for ten minutes."""

import json
from collections.abc import Callable
from hashlib import sha256
from typing import Any

from aws_lambda_powertools.event_handler.api_gateway import ApiGatewayResolver, Response
from aws_lambda_powertools.event_handler.middlewares import NextMiddleware
from aws_lambda_powertools.utilities.data_classes.common import BaseProxyEvent
from aws_lambda_powertools.utilities.idempotency import IdempotencyConfig, idempotent_function
from aws_lambda_powertools.utilities.idempotency.persistence.base import BasePersistenceLayer
from aws_lambda_powertools.utilities.idempotency.persistence.datarecord import DataRecord

from forgeledger.repeat import Repeat
from forgeledger.web.error_responses import client_error, problem_response
from forgeledger.web.limits import IDEMPOTENCY_SECONDS
from forgeledger.web.request_guard import IDEMPOTENCY_KEY_HEADER

REPLAYED_HEADER = "Idempotency-Replayed"
_JSON = "application/json"

Middleware = Callable[[ApiGatewayResolver, NextMiddleware], Response[Any]]


def repeat_of(event: BaseProxyEvent) -> Repeat | None:
    """What identifies a POST and its repetitions; None if it has no key."""
    key = event.headers.get(IDEMPOTENCY_KEY_HEADER)
    if not key or event.http_method != "POST":
        return None
    body = json.dumps(event.json_body, sort_keys=True, separators=(",", ":"))
    return Repeat(key=_digest(f"{event.path}\n{key}"), fingerprint=_digest(body))


def idempotency(persistence: BasePersistenceLayer) -> Middleware:
    """Answer each key once and store the response, also of a refusal but not of a server error."""
    config = IdempotencyConfig(
        event_key_jmespath="key",
        payload_validation_jmespath="fingerprint",
        expires_after_seconds=IDEMPOTENCY_SECONDS,
        hash_function="sha256",
        response_hook=_mark_as_replayed,
    )

    def answer_once(app: ApiGatewayResolver, next_middleware: NextMiddleware) -> Response[Any]:
        repeat = repeat_of(app.current_event)
        if repeat is None:
            return next_middleware(app)
        # The remaining time of the invocation limits how long the request counts as in flight.
        config.register_lambda_context(app.lambda_context)

        # The resolver has the request itself.
        def answer(**_: object) -> list[Any]:
            return _response_to_store(app, next_middleware)

        once = idempotent_function(
            answer,
            data_keyword_argument="request",
            persistence_store=persistence,
            config=config,
            key_prefix="http",
        )
        stored = once(request={"key": repeat.key, "fingerprint": repeat.fingerprint})
        status, body, *content_type = stored
        return Response(
            status_code=status,
            content_type=content_type[0] if content_type else _JSON,
            headers={REPLAYED_HEADER: "true"} if isinstance(stored, _Replayed) else None,
            body=body,
        )

    return answer_once


class _Replayed(list[Any]):
    """A stored response."""


def _response_to_store(app: ApiGatewayResolver, next_middleware: NextMiddleware) -> list[Any]:
    """Without names, so that most created jobs take one write unit."""
    try:
        response = next_middleware(app)
    except Exception as error:
        if client_error(error) is None:
            raise
        response = problem_response(error)
    body = response.body
    if not isinstance(body, str):
        body = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    content_type = response.headers["Content-Type"]
    return [int(response.status_code), body, *([] if content_type == _JSON else [content_type])]


def _mark_as_replayed(response: Any, idempotent_data: DataRecord) -> Any:
    del idempotent_data
    return _Replayed(response)


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()
