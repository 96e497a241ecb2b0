"""Complete jobs and publish their events, woken by the stream, the clock or an operator."""

import gc
import os
from collections.abc import Sequence
from typing import Any

# Imports allocate a lot and free little; GC passes during them cost a fifth of the cold start.
gc.disable()

from aws_lambda_powertools.metrics import Metrics, MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from forgeledger.bootstrap.function_log import function_logger
from forgeledger.bootstrap.relay import build_relay
from forgeledger.errors import JobNotFound
from forgeledger.execution.messages.dead_letters import read_dead_work, split_messages
from forgeledger.jobs.messages.reconcile_requests import measurements, read_request, report_body
from forgeledger.jobs.messages.relay_events import READERS, RESPONSES, RelayEvent, kind_of
from forgeledger.runtime import before_deadline

logger = function_logger()
metrics = Metrics()
# Built at import and not in the first invocation: Lambda gives the init phase a full CPU.
services = build_relay(os.environ)

gc.freeze()
gc.enable()


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return _HANDLERS[kind_of(event)](event, context)


def relay(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    kind, records = kind_of(event), event["Records"]
    wakes, unreadable = READERS[kind](records)
    for number, error in unreadable.items():
        logger.error("record not understood", extra={"sequenceNumber": number}, exc_info=error)
    relayed = services.relay.relay(wakes, before_deadline(context.get_remaining_time_in_millis))
    metrics.add_metric("EventsPublished", MetricUnit.Count, relayed.events_published)
    measure_lateness(relayed.late_ms)
    for wake, error in relayed.failed:
        extra = {"jobId": wake.job_id, "record": wake.kind}
        logger.error("job not relayed", extra=extra, exc_info=error)
    failed = {wake.sequence_number for wake, _ in relayed.failed}
    return RESPONSES[kind](records, failed | unreadable.keys())


def follow_wakes(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    wakes, dead_letters = split_messages(event["Records"])
    response = relay({**event, "Records": wakes}, context) if wakes else {"batchItemFailures": []}
    response["batchItemFailures"] += end_dead_work(dead_letters, context)
    return response


def end_dead_work(records: Sequence[Any], context: LambdaContext) -> list[dict[str, str]]:
    """The messages that must come again."""
    ended, failed = 0, list[dict[str, str]]()
    has_time = before_deadline(context.get_remaining_time_in_millis)
    for record in records:
        message_id = record["messageId"]
        try:
            services.dead_work.end(read_dead_work(message_id, record["body"]), has_time)
            ended += 1
        except JobNotFound:
            logger.warning("dead work of no job", extra={"messageId": message_id})
        except Exception:
            logger.exception("dead work not ended", extra={"messageId": message_id})
            failed.append({"itemIdentifier": message_id})
    metrics.add_metric("WorkersLost", MetricUnit.Count, ended)
    return failed


def run_tick(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    del event, context
    # Powertools warns of an invocation without metrics.
    metrics.add_metric("EventsPublished", MetricUnit.Count, 0)
    # Without execution there is no tick, nor a rule that sends one.
    return {"wakesSent": services.tick.run() if services.tick else 0}


def run_maintenance(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    request = read_request(event)
    report = services.maintenance.run(request, context.get_remaining_time_in_millis)
    for job in report.jobs:
        if job.error is not None:
            logger.error("job not reconciled", extra={"jobId": job.job_id, "error": job.error})
    for name, count in measurements(report):
        metrics.add_metric(name, MetricUnit.Count, count)
    measure_lateness([job.late_ms for job in report.jobs if job.late_ms is not None])
    return report_body(report)


def measure_lateness(late_ms: Sequence[int]) -> None:
    for late in late_ms:
        metrics.add_metric("DueLate", MetricUnit.Milliseconds, late)


_HANDLERS = {
    RelayEvent.STREAM: relay,
    RelayEvent.WAKES: follow_wakes,
    RelayEvent.TICK: run_tick,
    RelayEvent.MAINTENANCE: run_maintenance,
}
