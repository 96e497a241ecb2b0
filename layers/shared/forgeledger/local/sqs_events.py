"""SQS events: their shape, and what a function's batch response means."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from forgeledger.local.filters import matches_any


class BadBatchResponse(ValueError):
    """A response that fails the whole batch in Lambda."""


def sqs_record(message: Mapping[str, Any], *, queue_arn: str, region: str) -> dict[str, Any]:
    """A received message as a function sees it."""
    record = {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": dict(message.get("Attributes", {})),
        "messageAttributes": {
            name: _attribute(value) for name, value in message.get("MessageAttributes", {}).items()
        },
        "md5OfBody": message["MD5OfBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": queue_arn,
        "awsRegion": region,
    }
    if "MD5OfMessageAttributes" in message:
        record["md5OfMessageAttributes"] = message["MD5OfMessageAttributes"]
    return record


def _attribute(value: Mapping[str, Any]) -> dict[str, Any]:
    attribute: dict[str, Any] = {"stringListValues": [], "binaryListValues": []}
    if "StringValue" in value:
        attribute["stringValue"] = value["StringValue"]
    if "BinaryValue" in value:
        attribute["binaryValue"] = value["BinaryValue"]  # Base64 in the response already.
    attribute["dataType"] = value["DataType"]
    return attribute


def passes(record: Mapping[str, Any], patterns: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a filter pattern matches the message."""
    if not patterns:
        return True
    try:
        body = json.loads(record["body"])
    except ValueError:
        body = None
    if isinstance(body, dict):
        return matches_any(patterns, {**record, "body": body})
    return matches_any(patterns, record)


def failed_identifiers(response: Any, known: Sequence[str]) -> list[str]:
    """The message ids in a response's `batchItemFailures`, where missing, null or empty is success.

    An identifier that is empty, null or not in the batch fails the whole batch.
    """
    if response is None:
        return []
    if not isinstance(response, dict):
        raise BadBatchResponse(f"the response is {type(response).__name__}, not an object")
    failures = response.get("batchItemFailures")
    if failures is None:
        return []
    if not isinstance(failures, list):
        raise BadBatchResponse("batchItemFailures is not a list")
    failed = []
    for failure in failures:
        identifier = failure.get("itemIdentifier") if isinstance(failure, dict) else None
        if not isinstance(identifier, str) or identifier not in known:
            raise BadBatchResponse(f"no record of the batch has the identifier {identifier!r}")
        failed.append(identifier)
    return failed
