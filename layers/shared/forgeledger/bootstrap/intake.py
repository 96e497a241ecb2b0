"""The intake, put together."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from forgeledger.adapters.sqs_rejects import SqsRejectQueue
from forgeledger.bootstrap import clients
from forgeledger.bootstrap.storage import ledger_store
from forgeledger.settings import IntakeSettings
from forgeledger.usecases.applying import Applier
from forgeledger.usecases.surroundings import Surroundings
from forgeledger.usecases.taking_in import Intake


def intake(
    environment: Mapping[str, str],
    *,
    dynamodb: Any = None,
    sqs: Callable[[], Any] | None = None,
    around: Surroundings | None = None,
) -> Intake:
    settings = IntakeSettings.read(environment)
    around = around or Surroundings()
    store = ledger_store(dynamodb or clients.dynamodb(), settings.table, around)
    # Made when the first message is rejected: most invocations never need it.
    rejects = SqsRejectQueue(sqs or cache(clients.sqs), settings.reject_queue_url)
    return Intake(Applier(store, around), rejects, around.clock, around.parallel)
