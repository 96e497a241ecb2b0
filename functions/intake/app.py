"""Queue messages in, ledger transitions out; what failed for a passing reason comes again."""

import gc
import os
from typing import Any

# Starting makes much and drops nothing: collecting in between costs a fifth of a cold start.
gc.disable()

from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.metrics import Metrics, MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from forgeledger.bootstrap.intake import intake as put_together
from forgeledger.jobs.messages.sqs_records import read_messages
from forgeledger.jobs.usecases.consume_messages import TakenIn
from forgeledger.runtime import in_time
from forgeledger.unknown_fields import UnknownFields

logger = Logger()
metrics = Metrics()
# Here and not in the first invocation: while a function starts it has a whole processor.
intake = put_together(os.environ)
unknown = UnknownFields()

gc.freeze()
gc.enable()


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    messages = read_messages(event)
    taken = intake.take_in(messages, in_time(context.get_remaining_time_in_millis))
    tell(taken, len(messages))
    if ignored := unknown.in_messages(messages):
        logger.warning("unknown fields ignored", extra={"fields": ignored})
    return {"batchItemFailures": [{"itemIdentifier": each} for each in taken.failed]}


def tell(taken: TakenIn, batch_size: int) -> None:
    metrics.add_metric("BatchSize", MetricUnit.Count, batch_size)
    metrics.add_metric("MessagesRejected", MetricUnit.Count, taken.rejected)
    metrics.add_metric("MessagesFailed", MetricUnit.Count, len(taken.failed))
    for lane in taken.lanes:
        for verdict, number in lane.verdicts.items():
            metrics.add_metric(f"Commands{verdict.title()}", MetricUnit.Count, number)
        metrics.add_metric("CommitConflicts", MetricUnit.Count, lane.conflicts)
        if lane.lag_ms is not None:
            metrics.add_metric("CommitLag", MetricUnit.Milliseconds, lane.lag_ms)
        where = {"jobId": lane.job_id, "lane": lane.lane, "commands": lane.commands}
        if lane.error is not None:
            logger.error("lane not applied", extra=where, exc_info=lane.error)
        elif lane.job_found:
            logger.info("lane applied", extra={**where, **lane.verdicts})
        else:
            logger.warning("no such job", extra=where)
    for message_id, problems in taken.rejections:
        first = problems[0]
        why = {"messageId": message_id, "reason": first.reason, "problems": len(problems)}
        logger.warning("message rejected", extra={**why, "field": first.field, "rule": first.rule})
    for error in taken.errors:
        logger.error("reject queue refused a message", exc_info=error)
