"""The log of a function: lines by whose level Lambda can filter, and no other library's details."""

import logging
import os
from typing import Any

from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter


class _LambdaFormatter(LambdaPowertoolsFormatter):
    def serialize(self, log: Any) -> str:
        """With the levels that Lambda knows: WARN, not Python's WARNING."""
        return super().serialize({**log, "level": log["level"].replace("WARNING", "WARN")})


def function_logger() -> Logger:
    """LogLevel is for this logger and its children alone: other libraries log at INFO or above.

    Lambda gives the root logger its own level, and takes a line for INFO unless it has one of
    Lambda's levels and a timestamp as in RFC 3339. Its level is never above INFO (template.yaml),
    since lines of metrics have none; what LogLevel leaves out, the handler drops.
    """
    root = logging.getLogger()
    root.setLevel(max(root.level, logging.INFO))
    logger = Logger(logger_formatter=_LambdaFormatter(use_rfc3339=True))
    logger.logger_handler.setLevel(os.environ.get("POWERTOOLS_LOG_LEVEL") or logging.INFO)
    return logger
