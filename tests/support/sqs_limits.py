"""What SQS refuses of a message: characters, attributes, and too many bytes."""

import re
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

MEBIBYTE = 1024 * 1024
_MOST_ATTRIBUTES = 10
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
_INVALID = re.compile("[^\x09\x0a\x0d\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ATTRIBUTE_NAME = re.compile(r"(?!(?i:aws|amazon)\.)[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")


def message_bytes(body: str, attributes: Mapping[str, Any]) -> int:
    """The body, and the name, the type and the value of each attribute."""
    texts = [
        f"{name}{value['DataType']}{value['StringValue']}" for name, value in attributes.items()
    ]
    return len(body.encode()) + sum(len(text.encode()) for text in texts)


def check_message(body: str, attributes: Mapping[str, Any], most_bytes: int = MEBIBYTE) -> None:
    """Raises as SQS would for a message that it does not accept."""
    if not body:
        raise refusal("MissingParameter", "MessageBody is empty")
    for name, value in attributes.items():
        if not value["StringValue"]:
            raise refusal("InvalidParameterValue", f"attribute {name} is empty")
        if not _ATTRIBUTE_NAME.fullmatch(name):
            raise refusal("InvalidParameterValue", f"attribute {name} has a wrong name")
    if len(attributes) > _MOST_ATTRIBUTES:
        raise refusal("InvalidParameterValue", f"{len(attributes)} attributes")
    for text in (body, *(value["StringValue"] for value in attributes.values())):
        if found := _INVALID.search(text):
            raise refusal("InvalidMessageContents", f"{found[0]!r} at {found.start()}")
    if message_bytes(body, attributes) > most_bytes:
        raise refusal("InvalidParameterValue", f"shorter than {most_bytes} bytes")


def refusal(code: str, why: str) -> ClientError:
    error: Any = {
        "Error": {"Code": code, "Message": why},
        "ResponseMetadata": {"HTTPStatusCode": 400, "RetryAttempts": 0},
    }
    return ClientError(error, "SendMessage")
