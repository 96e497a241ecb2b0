"""The HTTP side, put together."""

from collections.abc import Callable, Mapping
from typing import Any

from aws_lambda_powertools.utilities.idempotency.persistence.base import BasePersistenceLayer
from aws_lambda_powertools.utilities.idempotency.persistence.dynamodb import (
    DynamoDBPersistenceLayer,
)

from forgeledger.aws import clients
from forgeledger.bootstrap.settings import ApiSettings
from forgeledger.bootstrap.storage import ledger_store
from forgeledger.errors import ApiKeysBusy, ApiKeysUnreadable
from forgeledger.jobs.http.item_routes import add_command_routes, add_item_routes
from forgeledger.jobs.http.job_routes import add_job_routes
from forgeledger.jobs.services import Services, services_on
from forgeledger.jobs.storage.job_id_claims import DynamoDBJobIdClaims
from forgeledger.runtime import Runtime
from forgeledger.web.api import Api
from forgeledger.web.idempotency import idempotency
from forgeledger.web.limits import IDEMPOTENCY_SECONDS
from forgeledger.web.public_routes import add_open_routes
from forgeledger.web.request_guard import RequestGuard
from forgeledger.web.resolver import LedgerResolver

# A new key is known everywhere after this time.
_KEYS_KEPT_SECONDS = 300
# What waiting does not mend. All else may pass, as what many cold starts at once are met with.
_LASTING = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "InvalidKeyId",
        "ParamValidationError",
        "ParameterNotFound",
        "ParameterVersionNotFound",
        "ValidationException",
    }
)


def api(
    environment: Mapping[str, str],
    *,
    dynamodb: Any = None,
    ssm: Any = None,
    runtime: Runtime | None = None,
) -> Api:
    settings = ApiSettings.read(environment)
    runtime = runtime or Runtime()
    dynamodb = dynamodb or clients.dynamodb()
    claims = DynamoDBJobIdClaims(
        dynamodb, settings.idempotency_table, runtime.clock, IDEMPOTENCY_SECONDS
    )
    services = services_on(ledger_store(dynamodb, settings.table, runtime), claims, runtime)
    persistence = DynamoDBPersistenceLayer(settings.idempotency_table, boto3_client=dynamodb)
    return Api(
        app=resolver_of(services, persistence),
        gate=RequestGuard(_keys(settings.api_key_parameter, ssm)),
    )


def _keys(parameter: str, ssm: Any) -> Callable[[], str] | None:
    """Read the parameter when it is asked for, and keep it a while; no parameter, no key."""
    if not parameter:
        return None
    # Only a function with a key pays for loading it.
    from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError
    from aws_lambda_powertools.utilities.parameters.ssm import SSMProvider

    provider = SSMProvider(boto3_client=ssm or clients.ssm())

    def read() -> str:
        try:
            return str(provider.get(parameter, max_age=_KEYS_KEPT_SECONDS, decrypt=True))
        except GetParameterError as error:
            why = _why(error.__context__)
            kind = ApiKeysUnreadable if why in _LASTING else ApiKeysBusy
            raise kind(parameter, why) from error

    return read


def _why(error: BaseException | None) -> str:
    """In one word: the code of an answer of AWS, or the kind of error where there was none."""
    response: Mapping[str, Any] = getattr(error, "response", {})
    return str(response.get("Error", {}).get("Code") or type(error).__name__)


def resolver_of(services: Services, persistence: BasePersistenceLayer) -> LedgerResolver:
    app = LedgerResolver()
    app.use([idempotency(persistence)])
    add_open_routes(app)
    add_job_routes(app, services)
    add_item_routes(app, services)
    add_command_routes(app, services)
    return app
