"""The API's use cases, for producers and operators that call them directly."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from forgeledger.bootstrap import api as bootstrap_api
from forgeledger.bootstrap.api import api_looks
from forgeledger.jobs.ports import LedgerStore
from forgeledger.jobs.services import Services, services_on
from forgeledger.jobs.storage.job_id_claims import DynamoDBJobIdClaims
from forgeledger.web.limits import IDEMPOTENCY_SECONDS
from tests.simulation import handlers
from tests.simulation.clients import DynamoDBClient, WakeQueueClient
from tests.simulation.world import SimulatedWorld


def api_services(world: SimulatedWorld, store: LedgerStore) -> Services:
    runtime, client = world.runtime, WakeQueueClient(world)
    claims = DynamoDBJobIdClaims(
        DynamoDBClient(world), handlers.IDEMPOTENCY_TABLE, runtime.clock, IDEMPOTENCY_SECONDS
    )
    silence_wakes()
    url = handlers.ENVIRONMENT["FORGELEDGER_WAKE_QUEUE_URL"]
    looks = api_looks(lambda: client, url, runtime) if world.rules.execution else None
    return services_on(store, claims, runtime, looks)


@contextmanager
def _no_metric(**_: Any) -> Iterator[None]:
    yield


def silence_wakes() -> None:
    """What the API says of wakes that it could not send."""
    bootstrap_api.logger = handlers.SilentLogger()  # type: ignore[assignment]
    bootstrap_api.single_metric = _no_metric  # type: ignore[assignment]
