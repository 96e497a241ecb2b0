"""The two designs that people write by hand: an item row and a counter row for the job.

Each transition is one SQS message to a function, or, where every worker may write to the table,
one direct call, which spares it the queue and the function.
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
# Of a job, the item of that name, to that state.
Move = Callable[[str, str, str], None]
_STILL_SECONDS: Final = 15.0
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
    """25 rows a request, as BatchWriteItem allows."""
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


def counts(dynamodb: Any, job_id: str) -> dict[str, int]:
    row = dynamodb.get_item(TableName=TABLE, Key={"PK": {"S": job_id}}, ConsistentRead=True)
    return {
        name: int(row["Item"].get(name, {"N": "0"})["N"])
        for name in ("total", "claimed", "completed")
    }


def settled_counts(dynamodb: Any, job_id: str) -> dict[str, int]:
    """When all are completed, or nothing has moved for longer than a redelivery takes."""
    last, since = counts(dynamodb, job_id), time.monotonic()
    while last["completed"] < last["total"] and time.monotonic() < since + _STILL_SECONDS:
        time.sleep(0.05)
        now = counts(dynamodb, job_id)
        if now != last:
            last, since = now, time.monotonic()
    return last


def _state(job_id: str, name: str, state: str, condition: str) -> dict[str, Any]:
    compared = condition.rpartition(" ")[2]
    return {
        "TableName": TABLE,
        "Key": {"PK": {"S": f"{job_id}/{name}"}},
        "UpdateExpression": "SET #state = :state",
        "ConditionExpression": condition,
        "ExpressionAttributeNames": {"#state": "state"},
        "ExpressionAttributeValues": {":state": {"S": state}, compared: {"S": compared[1:]}},
    }


def _count(job_id: str, counter: str) -> dict[str, Any]:
    return {
        "TableName": TABLE,
        "Key": {"PK": {"S": job_id}},
        "UpdateExpression": "ADD #counter :one",
        "ExpressionAttributeNames": {"#counter": counter},
        "ExpressionAttributeValues": {":one": {"N": "1"}},
    }


def _naive(dynamodb: Any, job_id: str, name: str, state: str) -> None:
    """Item, then counter; what is completed already is neither moved nor counted once more."""
    dynamodb.update_item(**_state(job_id, name, state, "#state <> :completed"))
    dynamodb.update_item(**_count(job_id, state))


def _safe(dynamodb: Any, job_id: str, name: str, state: str) -> None:
    """Item and counter in one transaction, which a repetition does not pass."""
    condition = "#state = :pending" if state == "claimed" else "#state <> :completed"
    updates = [_state(job_id, name, state, condition), _count(job_id, state)]
    dynamodb.transact_write_items(TransactItems=[{"Update": update} for update in updates])


DESIGNS: Final = {"naive": _naive, "safe": _safe}


def moves(design: str) -> Move:
    """A transition, on a client that is kept."""
    return partial(DESIGNS[design], client())


def directly(design: str, job_id: str) -> Callable[[Sequence[str]], None]:
    """A worker that may write to the table itself."""
    move = moves(design)

    def step(name: str, state: str) -> None:
        unless_done(move, job_id, name, state)

    return partial(_work, step)


def by_queue(
    design: str, job_id: str, queue_url: str, sqs: Any = None
) -> Callable[[Sequence[str]], None]:
    """A worker that sends each transition in a message, in order for each item."""
    sqs = sqs or boto3.client("sqs", config=_CONFIG)

    def step(name: str, state: str) -> None:
        told = {"design": design, "jobId": job_id, "name": name, "state": state}
        sqs.send_message(
            QueueUrl=queue_url,
            MessageBody=json.dumps(told),
            MessageGroupId=f"{job_id}/{name}",
            MessageDeduplicationId=uuid.uuid4().hex,
        )

    return partial(_work, step)


def _work(step: Callable[[str, str], None], names: Sequence[str]) -> None:
    """A crash brings the whole unit of work again, later, as a queue would."""
    left = deque(names)
    while left:
        name = left.popleft()
        try:
            step(name, "claimed")
            step(name, "completed")
        except InjectedCrash:
            left.append(name)


def unless_done(move: Move, job_id: str, name: str, state: str) -> None:
    try:
        move(job_id, name, state)
    except ClientError as error:
        # By itself or as the reason of a canceled transaction; no other one occurs here.
        if "ConditionalCheckFailed" not in str(error):
            raise
