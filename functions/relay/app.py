"""Stream records in, completion and EventBridge events out; reconciles when it is asked to."""

import gc
import os
from collections.abc import Callable
from typing import Any

# Starting makes much and drops nothing: collecting in between costs a fifth of a cold start.
gc.disable()

from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.metrics import Metrics, MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from forgeledger.bootstrap.relay import relay as put_together
from forgeledger.jobs.messages.reconcile_requests import measured, read_request, report
from forgeledger.jobs.messages.stream_records import answer, read_wakes
from forgeledger.runtime import in_time

logger = Logger()
metrics = Metrics()
# Here and not in the first invocation: while a function starts it has a whole processor.
parts = put_together(os.environ)

gc.freeze()
gc.enable()


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    if "Records" not in event:
        return reconcile(event, context.get_remaining_time_in_millis)
    wakes, unread = read_wakes(event["Records"])
    for number, error in unread.items():
        logger.error("record not understood", extra={"sequenceNumber": number}, exc_info=error)
    relayed = parts.relay.relay(wakes, in_time(context.get_remaining_time_in_millis))
    metrics.add_metric("EventsTold", MetricUnit.Count, relayed.told)
    for wake, error in relayed.failed:
        logger.error("job not relayed", extra={"jobId": wake.job_id}, exc_info=error)
    failed = {wake.sequence_number for wake, _ in relayed.failed}
    return answer(event["Records"], failed | unread.keys())


def reconcile(event: dict[str, Any], left_ms: Callable[[], int]) -> dict[str, Any]:
    request, has_time, after = read_request(event), in_time(left_ms), None
    reconciler = parts.reconciler
    if request.scheduled:
        half_ms = left_ms() // 2
        done, whole = parts.rounds.make(lambda: left_ms() > half_ms, has_time)
        # Also a round that found nothing to do says that it took place.
        metrics.add_metric("Rounds", MetricUnit.Count, 1)
        metrics.add_metric("RoundsCutShort", MetricUnit.Count, int(not whole))
    elif request.job_id is None:
        done, after = reconciler.reconcile_open(has_time, request.after, recount=request.recount)
    elif request.recount:
        done = [reconciler.recount(request.job_id, has_time, request.from_lane)]
    else:
        done = [reconciler.reconcile(request.job_id, has_time)]
    for one in done:
        if one.error is not None:
            logger.error("job not reconciled", extra={"jobId": one.job_id, "error": one.error})
    for name, value in measured(done).items():
        metrics.add_metric(name, MetricUnit.Count, value)
    return report(done, after)
