"""Answer HTTP API requests."""

import os
import time
from typing import Any

from aws_lambda_powertools.logging.correlation_paths import API_GATEWAY_HTTP
from aws_lambda_powertools.metrics import Metrics, MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from forgeledger.bootstrap.api import build_api
from forgeledger.bootstrap.function_log import function_logger

logger = function_logger()
metrics = Metrics()
# Built at import and not in the first invocation: Lambda gives the init phase a full CPU.
api = build_api(os.environ)


@logger.inject_lambda_context(correlation_id_path=API_GATEWAY_HTTP)
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    started = time.perf_counter()
    result = api.answer(event, context)
    elapsed_ms = (time.perf_counter() - started) * 1000
    status = result.response["statusCode"]
    metrics.add_dimension("route", result.route)
    metrics.add_dimension("status", str(status))
    metrics.add_metric("Requests", MetricUnit.Count, 1)
    metrics.add_metric("RequestDuration", MetricUnit.Milliseconds, elapsed_ms)
    if result.ignored:
        unknown = {"route": result.route, "fields": result.ignored}
        logger.warning("unknown fields ignored", extra=unknown)
    request = {
        "route": result.route,
        "path": result.path,
        "status": status,
        "tookMs": round(elapsed_ms, 1),
    }
    logger.info("request answered", extra=request)
    return result.response
