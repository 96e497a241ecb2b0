"""Composition root of the HTTP API."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from typing import Any

from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.metrics import MetricUnit, single_metric
from aws_lambda_powertools.utilities.idempotency import DynamoDBPersistenceLayer
from aws_lambda_powertools.utilities.idempotency.persistence.base import BasePersistenceLayer
from botocore.exceptions import BotoCoreError, ClientError

from forgeledger.aws import clients
from forgeledger.aws.errors import NO_ANSWER, code_of
from forgeledger.bootstrap.settings import ApiSettings
from forgeledger.bootstrap.storage import ledger_store
from forgeledger.clock.messages.wake_queue import SqsWakeQueue
from forgeledger.clock.model.due import Due
from forgeledger.clock.ports import WakeSender
from forgeledger.errors import ApiKeysBusy, ApiKeysUnreadable, QueueRefused
from forgeledger.execution.http.report_routes import add_report_routes
from forgeledger.execution.services import ExecutionServices, execution_on
from forgeledger.fast_dataclass import fast_frozen
from forgeledger.jobs.http.command_routes import add_command_routes
from forgeledger.jobs.http.item_routes import add_item_routes
from forgeledger.jobs.http.job_routes import add_job_routes, locate_created
from forgeledger.jobs.services import Services, services_on
from forgeledger.jobs.storage.job_id_claims import DynamoDBJobIdClaims
from forgeledger.jobs.usecases.plan_look import LookPlanner
from forgeledger.parallel import with_threads
from forgeledger.runtime import HasTime, Runtime
from forgeledger.web.api import Api
from forgeledger.web.api_keys import ApiKeys
from forgeledger.web.idempotency import idempotency
from forgeledger.web.limits import IDEMPOTENCY_SECONDS
from forgeledger.web.public_routes import add_public_routes
from forgeledger.web.request_guard import RequestGuard
from forgeledger.web.resolver import LedgerResolver

# Errors that a retry does not fix. Any other may be temporary, such as throttling of many cold
# starts at once.
_PERMANENT_ERRORS = frozenset(
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

logger = Logger(child=True)


def build_api(
    environment: Mapping[str, str],
    *,
    dynamodb: Any = None,
    ssm: Any = None,
    looks: LookPlanner | None = None,
    runtime: Runtime | None = None,
) -> Api:
    settings = ApiSettings.read(environment)
    runtime = runtime or api_runtime(settings)
    dynamodb = dynamodb or clients.dynamodb()
    table = settings.idempotency_table
    claims = DynamoDBJobIdClaims(dynamodb, table, runtime.clock, IDEMPOTENCY_SECONDS)
    if looks is None and settings.execution:
        # The client is built on first use: most requests send no wake.
        looks = api_looks(cache(clients.sqs), settings.wake_queue_url, runtime)
    store = ledger_store(dynamodb, settings.table, runtime)
    services = services_on(
        store,
        claims,
        runtime,
        looks,
        execution=settings.execution,
        queue_arns=tuple(filter(None, settings.work_queue_arns.split(","))),
    )
    execution = execution_on(store, runtime)
    persistence = DynamoDBPersistenceLayer(table, boto3_client=dynamodb)
    read_keys = _key_reader(settings.api_key_parameter, ssm, runtime)
    docs_need_key = read_keys is not None and settings.api_docs == "key"
    guard = RequestGuard(read_keys, docs_need_key=docs_need_key)
    resolver = build_resolver(services, execution, persistence, docs_need_key=docs_need_key)
    return Api(resolver, guard)


def api_runtime(settings: ApiSettings) -> Runtime:
    return Runtime(parallel=partial(with_threads, most_threads=int(settings.threads)))


def build_resolver(
    services: Services,
    execution: ExecutionServices,
    persistence: BasePersistenceLayer,
    *,
    docs_need_key: bool = False,
) -> LedgerResolver:
    resolver = LedgerResolver()
    resolver.use([locate_created, idempotency(persistence)])
    add_public_routes(resolver, docs_need_key=docs_need_key)
    add_job_routes(resolver, services)
    add_report_routes(resolver, execution)
    add_item_routes(resolver, services)
    add_command_routes(resolver, services)
    return resolver


def _key_reader(parameter: str, ssm: Any, runtime: Runtime) -> Callable[[HasTime], str] | None:
    """Read the API keys from the SSM parameter, with a cache; None if no key is required."""
    if not parameter:
        return None
    ssm = ssm or clients.ssm()

    def fetch() -> str:
        try:
            answer = ssm.get_parameter(Name=parameter, WithDecryption=True)
        except (ClientError, BotoCoreError) as error:
            code = code_of(error) or type(error).__name__
            kind = ApiKeysUnreadable if code in _PERMANENT_ERRORS else ApiKeysBusy
            raise kind(parameter, code) from error
        return str(answer["Parameter"]["Value"])

    return ApiKeys(fetch, runtime, _on_stale_keys).read


def _on_stale_keys(error: ApiKeysBusy) -> None:
    logger.warning("API keys not read", exc_info=error)
    with single_metric(name="ApiKeysStale", unit=MetricUnit.Count, value=1):
        pass


def _on_unsent_wakes(error: Exception, wakes: int) -> None:
    logger.warning("wakes not sent", exc_info=error)
    with single_metric(name="WakesNotSent", unit=MetricUnit.Count, value=wakes):
        pass


@fast_frozen
class _BestEffort:
    """Sends wakes, but fails no request if it cannot: the next tick sends them again."""

    wakes: WakeSender
    on_unsent: Callable[[Exception, int], None]

    def send(self, wakes: Sequence[Due]) -> None:
        try:
            self.wakes.send(wakes)
        except (ClientError, QueueRefused, *NO_ANSWER) as error:
            self.on_unsent(error, len(wakes))


def api_looks(
    sqs: Callable[[], Any],
    queue_url: str,
    runtime: Runtime,
    on_unsent: Callable[[Exception, int], None] = _on_unsent_wakes,
) -> LookPlanner:
    wakes = SqsWakeQueue(sqs, queue_url, runtime)
    return LookPlanner(wakes=_BestEffort(wakes=wakes, on_unsent=on_unsent))
