"""One place where errors become HTTP: each with its status, its code and its words."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from aws_lambda_powertools.event_handler.api_gateway import Response
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError
from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.utilities.idempotency.exceptions import (
    IdempotencyAlreadyInProgressError,
    IdempotencyInconsistentStateError,
    IdempotencyPersistenceLayerError,
    IdempotencyValidationError,
)

from forgeledger.errors import (
    ApiKeysBusy,
    ApiKeysUnreadable,
    IdempotencyKeyReused,
    JobNotFound,
    OutOfTime,
    StorageBusy,
)
from forgeledger.web.cursors import CursorInvalid
from forgeledger.web.problems import CONTENT_TYPE, FieldError, field_errors, problem

RETRY_AFTER_SECONDS = "1"

_RETRY = {"Retry-After": RETRY_AFTER_SECONDS}
_WRONG = "The request is wrong; errors names each field and the rule that it breaks."

logger = Logger(child=True)


class Refused(Exception):
    """A request that gets this problem for an answer."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
        more: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.document = problem(status, code, detail, errors=errors, more=more)
        self.headers = dict(headers or {})


def wrong(*errors: FieldError) -> Refused:
    return Refused(422, "invalid_request", _WRONG, errors=errors)


def wrong_field(field: str, rule: str, message: str) -> Refused:
    return wrong(FieldError(field=field, rule=rule, message=message))


def answer_to(error: Exception) -> Response[str]:
    """The problem document that an error becomes."""
    refused = refusal_of(error) or _fault(error)
    return Response(
        status_code=refused.status,
        content_type=CONTENT_TYPE,
        headers=refused.headers,
        body=json.dumps(refused.document, ensure_ascii=False, separators=(",", ":")),
    )


def refusal_of(error: Exception) -> Refused | None:
    """What the sender is told of a request that can not be granted; None where we are at fault."""
    match error:
        case Refused():
            return error
        case RequestValidationError():
            return wrong(*field_errors(error.errors()))
        case CursorInvalid(field=field):
            return wrong_field(field, "cursor", str(error))
        case JobNotFound(job_id=job_id):
            return Refused(404, "unknown_job", f"There is no job {job_id}.")
        case IdempotencyValidationError() | IdempotencyKeyReused():
            return Refused(
                422,
                "idempotency_key_reused",
                "The Idempotency-Key came with another body within the last ten minutes.",
            )
        case IdempotencyAlreadyInProgressError() | IdempotencyInconsistentStateError():
            return Refused(
                409,
                "request_in_flight",
                "The same request is still being answered.",
                headers=_RETRY,
            )
        case _:
            return None


def _fault(error: Exception) -> Refused:
    """What is wrong on our side is logged; what nobody foresaw is not shown."""
    if isinstance(error, StorageBusy | IdempotencyPersistenceLayerError):
        logger.warning("storage is busy", exc_info=error)
        return Refused(503, "storage_busy", "The storage is busy; try again.", headers=_RETRY)
    if isinstance(error, OutOfTime):
        logger.warning("out of time", exc_info=error)
        detail = "The storage is slow and the request's time is over; what was done stands."
        return Refused(503, "out_of_time", detail, headers=_RETRY)
    if isinstance(error, ApiKeysBusy):
        logger.warning("API keys not read", exc_info=error)
        detail = f"The API cannot read the keys that may pass for now ({error.why}); try again."
        return Refused(503, "api_keys_busy", detail, headers=_RETRY)
    if isinstance(error, ApiKeysUnreadable):
        logger.error("API keys not read", exc_info=error)
        detail = f"The API cannot read the keys that may pass ({error.why}): tell its operator."
        return Refused(500, "api_keys_unreadable", detail)
    logger.error("request failed", exc_info=error)
    return Refused(500, "internal_error", "Something went wrong on our side.")
