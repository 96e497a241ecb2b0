"""Composition root of the intake."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from forgeledger.aws import clients
from forgeledger.bootstrap.settings import IntakeSettings
from forgeledger.bootstrap.storage import ledger_store
from forgeledger.jobs.messages.command_queue import SqsCommandQueue
from forgeledger.jobs.messages.reject_queue import SqsRejectQueue
from forgeledger.jobs.usecases.apply_commands import LaneWriter
from forgeledger.jobs.usecases.consume_messages import Intake
from forgeledger.runtime import Runtime


def build_intake(
    environment: Mapping[str, str],
    *,
    dynamodb: Any = None,
    sqs: Callable[[], Any] | None = None,
    runtime: Runtime | None = None,
) -> Intake:
    settings = IntakeSettings.read(environment)
    runtime = runtime or Runtime()
    store = ledger_store(dynamodb or clients.dynamodb(), settings.table, runtime)
    # The client is built when the first message is rejected or returned: most invocations never
    # need it.
    sqs = sqs or cache(clients.sqs)
    commands = SqsCommandQueue(sqs, settings.command_queue_url)
    rejects = SqsRejectQueue(sqs, settings.reject_queue_url, runtime)
    return Intake(LaneWriter(store, runtime), commands, rejects, runtime.clock, runtime.parallel)
