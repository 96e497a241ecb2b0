"""The API's use cases, for producers and operators that call them directly."""

from collections.abc import Callable
from typing import Any

from forgeledger.bootstrap.api import api_looks
from forgeledger.jobs.ports import LedgerStore
from forgeledger.jobs.services import Services, services_on
from forgeledger.jobs.storage.job_id_claims import DynamoDBJobIdClaims
from forgeledger.jobs.usecases.plan_look import LookPlanner
from forgeledger.runtime import Runtime
from forgeledger.web.limits import IDEMPOTENCY_SECONDS
from tests.simulation import handlers
from tests.simulation.clients import DynamoDBClient, WakeQueueClient
from tests.simulation.world import SimulatedWorld


def api_services(world: SimulatedWorld, store: LedgerStore) -> Services:
    runtime, client = world.runtime, WakeQueueClient(world)
    claims = DynamoDBJobIdClaims(
        DynamoDBClient(world), handlers.IDEMPOTENCY_TABLE, runtime.clock, IDEMPOTENCY_SECONDS
    )
    looks = quiet_looks(lambda: client, runtime) if world.rules.execution else None
    return services_on(store, claims, runtime, looks)


def quiet_looks(sqs: Callable[[], Any], runtime: Runtime) -> LookPlanner:
    """As the API plans looks, but it says nothing of wakes that it could not send."""
    url = handlers.ENVIRONMENT["FORGELEDGER_WAKE_QUEUE_URL"]
    return api_looks(sqs, url, runtime, lambda error, wakes: None)
