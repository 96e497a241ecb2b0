"""Idempotency-Key: the first answer again, for ten minutes; one at a time."""

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
from forgeledger.web.error_responses import answer_to, refusal_of
from forgeledger.web.limits import IDEMPOTENCY_SECONDS
from forgeledger.web.request_guard import IDEMPOTENCY_KEY_HEADER

REPLAYED_HEADER = "Idempotency-Replayed"

Middleware = Callable[[ApiGatewayResolver, NextMiddleware], Response[Any]]


def repeat_of(event: BaseProxyEvent) -> Repeat | None:
    """What makes this request the same when it comes again; None where its sender did not say."""
    key = event.headers.get(IDEMPOTENCY_KEY_HEADER)
    if not key or event.http_method != "POST":
        return None
    said = json.dumps(event.json_body, sort_keys=True, separators=(",", ":"))
    return Repeat(key=_digest(f"{event.path}\n{key}"), fingerprint=_digest(said))


def idempotency(persistence: BasePersistenceLayer) -> Middleware:
    """Wrap each POST that has a key; an answer of ours, also a refusal, is kept, a fault is not."""
    config = IdempotencyConfig(
        event_key_jmespath="key",
        payload_validation_jmespath="fingerprint",
        expires_after_seconds=IDEMPOTENCY_SECONDS,
        hash_function="sha256",
        response_hook=_replayed,
    )

    def answer_once(app: ApiGatewayResolver, next_middleware: NextMiddleware) -> Response[Any]:
        repeat = repeat_of(app.current_event)
        if repeat is None:
            return next_middleware(app)
        # From it comes how long the request counts as being in flight.
        config.register_lambda_context(app.lambda_context)

        def answer(*, request: dict[str, str]) -> dict[str, Any]:
            del request  # What it says is in the app's current event.
            return _kept(app, next_middleware)

        once = idempotent_function(
            answer,
            data_keyword_argument="request",
            persistence_store=persistence,
            config=config,
            key_prefix="http",
        )
        kept = once(request={"key": repeat.key, "fingerprint": repeat.fingerprint})
        return Response(
            status_code=kept["status"],
            content_type=kept["contentType"],
            headers=kept.get("headers"),
            body=kept["body"],
        )

    return answer_once


def _kept(app: ApiGatewayResolver, next_middleware: NextMiddleware) -> dict[str, Any]:
    try:
        response = next_middleware(app)
    except Exception as error:
        if refusal_of(error) is None:
            raise
        response = answer_to(error)
    body = response.body
    if not isinstance(body, str):
        body = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return {
        "status": int(response.status_code),
        "contentType": response.headers["Content-Type"],
        "body": body,
    }


def _replayed(response: Any, idempotent_data: DataRecord) -> Any:
    del idempotent_data
    return {**response, "headers": {REPLAYED_HEADER: "true"}}


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()
