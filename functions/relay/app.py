"""Complete jobs and publish their events from stream records; run maintenance on request."""

import gc
import os
from typing import Any

# Imports allocate a lot and free little; GC passes during them cost a fifth of the cold start.
gc.disable()

from aws_lambda_powertools.metrics import Metrics, MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from forgeledger.bootstrap.function_log import function_logger
from forgeledger.bootstrap.relay import build_relay
from forgeledger.jobs.messages.reconcile_requests import measurements, read_request, report_body
from forgeledger.jobs.messages.stream_records import batch_response, read_wakes
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
    if "Records" in event:
        return follow_stream(event["Records"], context)
    return run_maintenance(event, context)


def follow_stream(records: list[Any], context: LambdaContext) -> dict[str, Any]:
    wakes, unreadable = read_wakes(records)
    for number, error in unreadable.items():
        logger.error("record not understood", extra={"sequenceNumber": number}, exc_info=error)
    relayed = services.relay.relay(wakes, before_deadline(context.get_remaining_time_in_millis))
    metrics.add_metric("EventsPublished", MetricUnit.Count, relayed.events_published)
    for wake, error in relayed.failed:
        logger.error("job not relayed", extra={"jobId": wake.job_id}, exc_info=error)
    failed = {wake.sequence_number for wake, _ in relayed.failed}
    return batch_response(records, failed | unreadable.keys())


def run_maintenance(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    request = read_request(event)
    report = services.maintenance.run(request, context.get_remaining_time_in_millis)
    for job in report.jobs:
        if job.error is not None:
            logger.error("job not reconciled", extra={"jobId": job.job_id, "error": job.error})
    for name, count in measurements(report):
        metrics.add_metric(name, MetricUnit.Count, count)
    return report_body(report)
