"""HTTP in, problem documents and JSON out."""

import os
import time
from typing import Any

from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.logging.correlation_paths import API_GATEWAY_HTTP
from aws_lambda_powertools.metrics import Metrics, MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from forgeledger.bootstrap.api import api as build

logger = Logger()
metrics = Metrics()
# Here and not in the first invocation: while a function starts it has a whole processor.
api = build(os.environ)


@logger.inject_lambda_context(correlation_id_path=API_GATEWAY_HTTP)
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    began = time.perf_counter()
    answered = api.answer(event, context)
    status = answered.response["statusCode"]
    took_ms = (time.perf_counter() - began) * 1000
    metrics.add_dimension("route", answered.route)
    metrics.add_dimension("status", str(status))
    metrics.add_metric("Requests", MetricUnit.Count, 1)
    metrics.add_metric("RequestDuration", MetricUnit.Milliseconds, took_ms)
    if answered.ignored:
        ignored = {"route": answered.route, "fields": answered.ignored}
        logger.warning("unknown fields ignored", extra=ignored)
    where = {"route": answered.route, "status": status, "tookMs": round(took_ms, 1)}
    logger.info("request answered", extra=where)
    return answered.response
