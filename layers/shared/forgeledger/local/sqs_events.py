"""The SQS side of an event source mapping: the event's shape and what a response means."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from forgeledger.local.filters import matches_any


class BadBatchResponse(ValueError):
    """A response that Lambda takes as the failure of the whole batch."""


def sqs_record(message: Mapping[str, Any], *, queue_arn: str, region: str) -> dict[str, Any]:
    """One received message as a function sees it."""
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
        attribute["binaryValue"] = value["BinaryValue"]  # base64 on the wire as in the event
    attribute["dataType"] = value["DataType"]
    return attribute


def passes(record: Mapping[str, Any], patterns: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a filter lets the message through; one that does not is deleted, as Lambda does."""
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
    """The `batchItemFailures` of a response; empty when all went well.

    What is missing, null or empty is a success; an identifier that is empty, null or of no message
    in the batch makes the whole batch fail.
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
            raise BadBatchResponse(f"no record of the batch is called {identifier!r}")
        failed.append(identifier)
    return failed
