"""From exceptions to problem documents, each with its HTTP status and code."""

import json
from collections.abc import Mapping
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
    JobGone,
    JobKeyReused,
    JobNotFound,
    OutOfTime,
    StorageBusy,
)
from forgeledger.rule_messages import Rule
from forgeledger.web.cursors import CursorInvalid
from forgeledger.web.problems import CONTENT_TYPE, FieldError, field_errors, problem

_RETRY = {"Retry-After": "1"}

logger = Logger(child=True)


class HttpError(Exception):
    """Ends a request with this status and problem document."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        **members: Any,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.document = problem(status, code, detail, **members)
        self.headers = dict(headers or {})


def invalid_request(*errors: FieldError) -> HttpError:
    detail = "The request is wrong; errors names each field and the rule that it breaks."
    return HttpError(422, "invalid_request", detail, errors=list(errors))


def invalid_field(field: str, rule: Rule, message: str) -> HttpError:
    return invalid_request(FieldError(field=field, rule=rule, message=message))


def problem_response(error: Exception) -> Response[str]:
    http_error = client_error(error) or _server_error(error)
    return Response(
        status_code=http_error.status,
        content_type=CONTENT_TYPE,
        headers=http_error.headers,
        body=json.dumps(http_error.document, ensure_ascii=False, separators=(",", ":")),
    )


def client_error(error: Exception) -> HttpError | None:
    """The response to a request that is refused; None if the fault is ours."""
    match error:
        case HttpError():
            return error
        case RequestValidationError():
            return invalid_request(*field_errors(error.errors()))
        case CursorInvalid(field=field):
            return invalid_field(field, "cursor", str(error))
        case JobNotFound(job_id=job_id):
            return HttpError(404, "unknown_job", f"There is no job {job_id}.")
        case JobKeyReused(job_id=job_id):
            detail = f"The jobKey names the job {job_id}, which has another specification."
            return HttpError(409, "job_key_reused", detail, jobId=job_id)
        case JobGone(job_id=job_id):
            detail = f"The jobKey names the job {job_id}, whose rows have expired."
            return HttpError(410, "job_gone", detail, jobId=job_id)
        case IdempotencyValidationError() | IdempotencyKeyReused():
            detail = "The Idempotency-Key came with another body within the last ten minutes."
            return HttpError(422, "idempotency_key_reused", detail)
        case IdempotencyAlreadyInProgressError() | IdempotencyInconsistentStateError():
            detail = "The same request is still being answered."
            return HttpError(409, "request_in_flight", detail, headers=_RETRY)
        case _:
            return None


def _server_error(error: Exception) -> HttpError:
    """Log the error; the response has no details of an unexpected one."""
    match error:
        case StorageBusy() | IdempotencyPersistenceLayerError():
            logger.warning("storage is busy", exc_info=error)
            return HttpError(503, "storage_busy", "The storage is busy; try again.", headers=_RETRY)
        case OutOfTime():
            logger.warning("out of time", exc_info=error)
            detail = "The storage is slow and the request's time is over; what was done stands."
            return HttpError(503, "out_of_time", detail, headers=_RETRY)
        case ApiKeysBusy(why=why):
            logger.warning("API keys not read", exc_info=error)
            detail = f"The API keys cannot be read at the moment ({why}); try again."
            return HttpError(503, "api_keys_busy", detail, headers=_RETRY)
        case ApiKeysUnreadable(why=why):
            logger.error("API keys not read", exc_info=error)
            detail = f"The API keys cannot be read ({why}); the API's operator has to fix this."
            return HttpError(500, "api_keys_unreadable", detail)
        case _:
            logger.error("request failed", exc_info=error)
            return HttpError(500, "internal_error", "Something went wrong on our side.")
