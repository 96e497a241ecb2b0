"""Ranges of sort keys within one partition."""

from typing import Any

from forgeledger.aws.dynamodb.attributes import text


def between(pk: str, first: str, last: str) -> dict[str, Any]:
    """Rows of a partition from one sort key to another, both included; strongly consistent."""
    return {
        "ConsistentRead": True,
        "KeyConditionExpression": "PK = :pk AND SK BETWEEN :first AND :last",
        "ExpressionAttributeValues": {
            ":pk": text(pk),
            ":first": text(first),
            ":last": text(last),
        },
    }
