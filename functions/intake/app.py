"""Apply the commands in queue messages; report the messages that need redelivery."""

import gc
import os
from typing import Any

# Imports allocate a lot and free little; GC passes during them cost a fifth of the cold start.
gc.disable()

from aws_lambda_powertools.metrics import Metrics
from aws_lambda_powertools.utilities.typing import LambdaContext

from forgeledger.bootstrap.function_log import function_logger
from forgeledger.bootstrap.intake import build_intake
from forgeledger.jobs.messages.intake_report import log_lines, measurements
from forgeledger.jobs.messages.sqs_records import failing_seconds, read_messages
from forgeledger.unknown_fields import UnknownFields

logger = function_logger()
metrics = Metrics()
# Built at import and not in the first invocation: Lambda gives the init phase a full CPU.
intake = build_intake(os.environ)
unknown_fields = UnknownFields()

gc.freeze()
gc.enable()


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    messages = read_messages(event)
    result = intake.consume(messages, context.get_remaining_time_in_millis)
    failing = failing_seconds(event, result.failed, intake.runtime.clock())
    for measurement in measurements(result, len(messages), failing):
        metrics.add_metric(*measurement)
    for line in log_lines(result):
        getattr(logger, line.level)(line.message, extra=line.extra, exc_info=line.error)
    names = (name for message in messages for name in message.body.unknown_names)
    if ignored := unknown_fields.not_seen_before(names):
        logger.warning("unknown fields ignored", extra={"fields": ignored})
    return {
        "batchItemFailures": [{"itemIdentifier": message_id} for message_id in result.redelivered]
    }
