"""What a careful person writes by hand: many finished items in a message and in a transaction.

The rows are those of `design_naive`. A transaction writes each item once and the counter row once,
so that n items cost n + 1 writes. There is no history, no claim, and no event at the end.
"""

import json
import uuid
from collections.abc import Callable, Sequence
from typing import Any, Final

from botocore.exceptions import ClientError

from benchmarks.design_naive import TABLE
from forgeledger.batched import batched

# A transaction has room for 100 actions, one of which is the counter's.
ITEMS_PER_MESSAGE: Final = 50


def send(
    job_id: str, queue_url: str, sqs: Any, deliver: Callable[[], None], names: Sequence[str]
) -> None:
    """Report the items, and let each message be delivered before the next one is sent."""
    for finished in batched(names, ITEMS_PER_MESSAGE):
        sqs.send_message(
            QueueUrl=queue_url,
            MessageBody=json.dumps({"jobId": job_id, "names": list(finished)}),
            MessageGroupId=job_id,
            MessageDeduplicationId=uuid.uuid4().hex,
        )
        deliver()


def complete(dynamodb: Any, job_id: str, names: Sequence[str]) -> None:
    """Complete the items and count them; of a message that is repeated, those that are left."""
    left = list(names)
    while left:
        try:
            dynamodb.transact_write_items(TransactItems=_actions(job_id, left))
        except ClientError as error:
            # boto3's types do not have the reasons that this error carries.
            response: Any = error.response
            reasons = response.get("CancellationReasons", ())
            if all(reason["Code"] != "ConditionalCheckFailed" for reason in reasons):
                raise
            left = _not_completed(dynamodb, job_id, left)
        else:
            return


def _actions(job_id: str, names: Sequence[str]) -> list[dict[str, Any]]:
    items = [
        {
            "TableName": TABLE,
            "Key": _key(job_id, name),
            "UpdateExpression": "SET #state = :completed",
            "ConditionExpression": "#state = :pending",
            "ExpressionAttributeNames": {"#state": "state"},
            "ExpressionAttributeValues": {
                ":completed": {"S": "completed"},
                ":pending": {"S": "pending"},
            },
        }
        for name in names
    ]
    counter = {
        "TableName": TABLE,
        "Key": {"PK": {"S": job_id}},
        "UpdateExpression": "ADD #counter :number",
        "ExpressionAttributeNames": {"#counter": "completed"},
        "ExpressionAttributeValues": {":number": {"N": str(len(names))}},
    }
    return [{"Update": update} for update in (*items, counter)]


def _not_completed(dynamodb: Any, job_id: str, names: Sequence[str]) -> list[str]:
    keys = [_key(job_id, name) for name in names]
    wanted: dict[str, Any] = {TABLE: {"Keys": keys, "ConsistentRead": True}}
    rows: list[dict[str, Any]] = []
    while wanted:
        answer = dynamodb.batch_get_item(RequestItems=wanted)
        rows += answer["Responses"][TABLE]
        wanted = answer["UnprocessedKeys"]
    pending = {row["PK"]["S"] for row in rows if row["state"]["S"] == "pending"}
    return [name for name in names if f"{job_id}/{name}" in pending]


def _key(job_id: str, name: str) -> dict[str, Any]:
    return {"PK": {"S": f"{job_id}/{name}"}}
