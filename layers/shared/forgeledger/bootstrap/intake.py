"""The intake, put together."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from forgeledger.aws import clients
from forgeledger.bootstrap.settings import IntakeSettings
from forgeledger.bootstrap.storage import ledger_store
from forgeledger.jobs.messages.reject_queue import SqsRejectQueue
from forgeledger.jobs.usecases.apply_commands import Applier
from forgeledger.jobs.usecases.consume_messages import Intake
from forgeledger.runtime import Surroundings


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
