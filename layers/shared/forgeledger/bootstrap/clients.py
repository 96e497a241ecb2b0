"""AWS clients, with time limits that fit a function's own."""

from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_CONFIG = Config(
    connect_timeout=2,
    read_timeout=5,
    # Standard mode repeats a request whose answer was lost, with the same token.
    retries={"mode": "standard", "total_max_attempts": 3},
    # As many connections as there are lanes on their way at once.
    max_pool_connections=16,
)


def dynamodb() -> "DynamoDBClient":
    return boto3.client("dynamodb", config=_CONFIG)


def sqs() -> Any:
    return boto3.client("sqs", config=_CONFIG)


def eventbridge() -> Any:
    return boto3.client("events", config=_CONFIG)


def ssm() -> Any:
    return boto3.client("ssm", config=_CONFIG)
