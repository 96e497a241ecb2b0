"""What a handler is given in Lambda: environment variables and a context."""

from typing import Final

LEDGER_TABLE: Final = "ledger"
ENVIRONMENT: Final = {
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
    "FORGELEDGER_TABLE": LEDGER_TABLE,
    "FORGELEDGER_COMMAND_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/0/commands.fifo",
    "FORGELEDGER_REJECT_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/0/rejects.fifo",
    "FORGELEDGER_EVENT_BUS": "forgeledger",
    "FORGELEDGER_IDEMPOTENCY_TABLE": "answers",
    "POWERTOOLS_METRICS_NAMESPACE": "ForgeLedger",
}


class LambdaContext:
    """The attributes that the handlers, their loggers and powertools read."""

    function_name = "function"
    memory_limit_in_mb = 1_024
    invoked_function_arn = "arn:aws:lambda:us-east-1:000000000000:function:function"
    aws_request_id = "059f36b4-87a3-44ab-83d2-661975830a7d"

    def get_remaining_time_in_millis(self) -> int:
        return 29_000
