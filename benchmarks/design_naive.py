"""The two designs that people write by hand: an item row, and one counter row for the job.

`naive` updates the two rows in two calls, `safe` in one transaction. Each transition is either one
SQS message to a function, or a direct call of a worker that may write to the table.
"""

import json
import time
import uuid
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from benchmarks.call_log import InjectedCrash

TABLE: Final = "hand-written"
# Called with the job's id, the item's name and the item's new state.
Transition = Callable[[str, str, str], None]
_REDELIVERY_SECONDS: Final = 15.0
_CONFIG: Final = Config(parameter_validation=False, retries={"mode": "standard"})


def client() -> Any:
    return boto3.client("dynamodb", config=_CONFIG)


def create_table(dynamodb: Any) -> None:
    dynamodb.create_table(
        TableName=TABLE,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "PK", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "PK", "KeyType": "HASH"}],
    )


def register(dynamodb: Any, job_id: str, names: Sequence[str]) -> None:
    """25 rows per request, the most that BatchWriteItem takes."""
    job = {"PK": {"S": job_id}, "total": {"N": str(len(names))}}
    dynamodb.put_item(TableName=TABLE, Item=job)
    for start in range(0, len(names), 25):
        rows = [
            {"PK": {"S": f"{job_id}/{name}"}, "state": {"S": "pending"}}
            for name in names[start : start + 25]
        ]
        left = {TABLE: [{"PutRequest": {"Item": row}} for row in rows]}
        while left:
            left = dynamodb.batch_write_item(RequestItems=left)["UnprocessedItems"]


def read_counts(dynamodb: Any, job_id: str) -> dict[str, int]:
    row = dynamodb.get_item(TableName=TABLE, Key={"PK": {"S": job_id}}, ConsistentRead=True)
    return {
        name: int(row["Item"].get(name, {"N": "0"})["N"])
        for name in ("total", "claimed", "completed")
    }


def final_counts(dynamodb: Any, job_id: str) -> dict[str, int]:
    """When all items are completed, or nothing has moved for longer than a redelivery takes."""
    last, since = read_counts(dynamodb, job_id), time.monotonic()
    while last["completed"] < last["total"] and time.monotonic() < since + _REDELIVERY_SECONDS:
        time.sleep(0.05)
        now = read_counts(dynamodb, job_id)
        if now != last:
            last, since = now, time.monotonic()
    return last


def _set_state(job_id: str, name: str, state: str, condition: str) -> dict[str, Any]:
    compared = condition.rpartition(" ")[2]
    return {
        "TableName": TABLE,
        "Key": {"PK": {"S": f"{job_id}/{name}"}},
        "UpdateExpression": "SET #state = :state",
        "ConditionExpression": condition,
        "ExpressionAttributeNames": {"#state": "state"},
        "ExpressionAttributeValues": {":state": {"S": state}, compared: {"S": compared[1:]}},
    }


def _increment(job_id: str, counter: str) -> dict[str, Any]:
    return {
        "TableName": TABLE,
        "Key": {"PK": {"S": job_id}},
        "UpdateExpression": "ADD #counter :one",
        "ExpressionAttributeNames": {"#counter": counter},
        "ExpressionAttributeValues": {":one": {"N": "1"}},
    }


def _naive(dynamodb: Any, job_id: str, name: str, state: str) -> None:
    """Item, then counter; a completed item is neither moved nor counted again."""
    dynamodb.update_item(**_set_state(job_id, name, state, "#state <> :completed"))
    dynamodb.update_item(**_increment(job_id, state))


def _safe(dynamodb: Any, job_id: str, name: str, state: str) -> None:
    """Item and counter in one transaction, whose condition refuses a repetition."""
    condition = "#state = :pending" if state == "claimed" else "#state <> :completed"
    updates = [_set_state(job_id, name, state, condition), _increment(job_id, state)]
    dynamodb.transact_write_items(TransactItems=[{"Update": update} for update in updates])


DESIGNS: Final = {"naive": _naive, "safe": _safe}


def transition_of(design: str) -> Transition:
    """The design's transition, on one client for all calls."""
    return partial(DESIGNS[design], client())


def directly(design: str, job_id: str) -> Callable[[Sequence[str]], None]:
    """A worker that writes to the table itself."""
    return partial(_work, partial(apply_unless_done, transition_of(design), job_id))


def by_queue(
    design: str, job_id: str, queue_url: str, sqs: Any = None
) -> Callable[[Sequence[str]], None]:
    """A worker that sends each transition as a message, in order for each item."""
    sqs = sqs or boto3.client("sqs", config=_CONFIG)

    def send(name: str, state: str) -> None:
        body = {"design": design, "jobId": job_id, "name": name, "state": state}
        sqs.send_message(
            QueueUrl=queue_url,
            MessageBody=json.dumps(body),
            MessageGroupId=f"{job_id}/{name}",
            MessageDeduplicationId=uuid.uuid4().hex,
        )

    return partial(_work, send)


def _work(report: Callable[[str, str], None], names: Sequence[str]) -> None:
    """After a crash the whole item is repeated later, as a queue would redeliver it."""
    left = deque(names)
    while left:
        name = left.popleft()
        try:
            report(name, "claimed")
            report(name, "completed")
        except InjectedCrash:
            left.append(name)


def apply_unless_done(transition: Transition, job_id: str, name: str, state: str) -> None:
    try:
        transition(job_id, name, state)
    except ClientError as error:
        # Alone or as the reason of a canceled transaction, which has no other reason here.
        if "ConditionalCheckFailed" not in str(error):
            raise
