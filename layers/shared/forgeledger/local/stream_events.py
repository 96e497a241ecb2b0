"""DynamoDB stream events: the shape of a record, and of an on-failure message."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from forgeledger.json_text import iso_of


def stream_record(record: Mapping[str, Any], *, stream_arn: str, region: str) -> dict[str, Any]:
    """A record as a function sees it; the engine's values are in DynamoDB's JSON already."""
    event = {
        "eventID": record["eventID"],
        "eventName": record["eventName"],
        "eventVersion": record.get("eventVersion", "1.1"),
        "eventSource": "aws:dynamodb",
        "awsRegion": region,
        "dynamodb": dict(record["dynamodb"]),
        "eventSourceARN": stream_arn,
    }
    created = event["dynamodb"].get("ApproximateCreationDateTime")
    if created is not None:
        event["dynamodb"]["ApproximateCreationDateTime"] = float(int(created))
    if identity := record.get("userIdentity"):
        event["userIdentity"] = {
            "type": identity.get("Type"),
            "principalId": identity.get("PrincipalId"),
        }
    return event


def sequence_number(record: Mapping[str, Any]) -> str:
    return str(record["dynamodb"]["SequenceNumber"])


def created_at(record: Mapping[str, Any]) -> float:
    """When the change was made, in seconds since 1970."""
    return float(record["dynamodb"].get("ApproximateCreationDateTime", 0))


def failure_message(
    *,
    records: list[dict[str, Any]],
    stream_arn: str,
    shard_id: str,
    function_arn: str,
    request_id: str,
    condition: str,
    invocations: int,
    now: datetime,
) -> str:
    """The on-failure message: the position of the records in the stream, without the records."""
    return json.dumps(
        {
            "requestContext": {
                "requestId": request_id,
                "functionArn": function_arn,
                "condition": condition,
                "approximateInvokeCount": invocations,
            },
            "responseContext": {
                "statusCode": 200,
                "executedVersion": "$LATEST",
                "functionError": "Unhandled",
            },
            "version": "1.0",
            "timestamp": iso_of(now),
            "DDBStreamBatchInfo": {
                "shardId": shard_id,
                "startSequenceNumber": sequence_number(records[0]),
                "endSequenceNumber": sequence_number(records[-1]),
                "approximateArrivalOfFirstRecord": iso_of(_moment(records[0])),
                "approximateArrivalOfLastRecord": iso_of(_moment(records[-1])),
                "batchSize": len(records),
                "streamArn": stream_arn,
            },
        }
    )


def _moment(record: Mapping[str, Any]) -> datetime:
    return datetime.fromtimestamp(created_at(record), UTC)
