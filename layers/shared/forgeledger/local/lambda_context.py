"""The context object, a handler's second argument."""

import os
import time
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Identity:
    cognito_identity_id: str | None = None
    cognito_identity_pool_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LambdaContext:
    """AWS's attribute names, filled from the function's environment variables."""

    aws_request_id: str
    deadline_ms: int
    invoked_function_arn: str
    function_name: str
    memory_limit_in_mb: str
    log_group_name: str
    log_stream_name: str
    function_version: str = "$LATEST"
    client_context: Any = None
    identity: Identity = field(default_factory=Identity)

    def get_remaining_time_in_millis(self) -> int:
        return max(0, self.deadline_ms - int(time.time() * 1000))

    @classmethod
    def of_invocation(cls, *, request_id: str, deadline_ms: int, arn: str) -> "LambdaContext":
        return cls(
            aws_request_id=request_id,
            deadline_ms=deadline_ms,
            invoked_function_arn=arn,
            function_name=os.environ["AWS_LAMBDA_FUNCTION_NAME"],
            memory_limit_in_mb=os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"],
            log_group_name=os.environ["AWS_LAMBDA_LOG_GROUP_NAME"],
            log_stream_name=os.environ["AWS_LAMBDA_LOG_STREAM_NAME"],
        )
