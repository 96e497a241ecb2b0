"""The two designs that people write by hand: an item row and a counter row for the job.

Both speak to DynamoDB directly from the worker, which spares them the queue or the HTTP call and
the function in between: one process, one kept client, no hop.
"""

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from benchmarks.call_log import InjectedCrash

TABLE: Final = "hand-written"
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


def naive(job_id: str) -> Callable[[Sequence[str]], None]:
    """Item, then counter; what is completed already is neither moved nor counted once more."""
    dynamodb = client()

    def claim(name: str) -> None:
        dynamodb.update_item(**_state(job_id, name, "claimed", "#state <> :completed"))
        dynamodb.update_item(**_count(job_id, "claimed"))

    def complete(name: str) -> None:
        dynamodb.update_item(**_state(job_id, name, "completed", "#state <> :completed"))
        dynamodb.update_item(**_count(job_id, "completed"))

    return lambda names: _work(names, claim, complete)


def safe(job_id: str) -> Callable[[Sequence[str]], None]:
    """Item and counter in one transaction, which a repetition does not pass."""
    dynamodb = client()

    def move(name: str, state: str, condition: str) -> None:
        updates = [_state(job_id, name, state, condition), _count(job_id, state)]
        dynamodb.transact_write_items(TransactItems=[{"Update": update} for update in updates])

    return lambda names: _work(
        names,
        lambda name: move(name, "claimed", "#state = :pending"),
        lambda name: move(name, "completed", "#state <> :completed"),
    )


def _work(
    names: Sequence[str], claim: Callable[[str], None], complete: Callable[[str], None]
) -> None:
    """A crash brings the whole unit of work again, later, as a queue would."""
    left = deque(names)
    while left:
        name = left.popleft()
        try:
            for step in (claim, complete):
                _unless_done(step, name)
        except InjectedCrash:
            left.append(name)


def _unless_done(step: Callable[[str], None], name: str) -> None:
    try:
        step(name)
    except ClientError as error:
        # By itself or as the reason of a canceled transaction; no other one occurs here.
        if "ConditionalCheckFailed" not in str(error):
            raise
