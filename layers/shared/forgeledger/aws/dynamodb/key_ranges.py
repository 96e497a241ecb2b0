"""Keys, and ranges of sort keys within one partition."""

from typing import Any

from forgeledger.aws.dynamodb.attributes import Row, text


def key(pk: str, sk: str) -> Row:
    return {"PK": {"S": pk}, "SK": {"S": sk}}


def prefix_end(prefix: str) -> str:
    """The first key after all keys that begin with the prefix."""
    return prefix[:-1] + chr(ord(prefix[-1]) + 1)


def between(pk: str, first: str, last: str) -> dict[str, Any]:
    """Rows of a partition from one sort key to another, both included; strongly consistent."""
    return {
        "ConsistentRead": True,
        "KeyConditionExpression": "PK = :pk AND SK BETWEEN :first AND :last",
        "ExpressionAttributeValues": {":pk": text(pk), ":first": text(first), ":last": text(last)},
    }
