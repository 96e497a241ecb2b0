"""The actions with which a job is created and its life cycle goes on."""

from collections.abc import Iterable, Sequence
from typing import Any

from forgeledger.aws.dynamodb.attributes import Row, number, text
from forgeledger.aws.dynamodb.table import Action
from forgeledger.jobs.model.facts import Fact
from forgeledger.jobs.model.jobs import Job
from forgeledger.jobs.model.lanes import Head
from forgeledger.jobs.ports import JobChange
from forgeledger.jobs.storage.counts_rows import counts_attributes
from forgeledger.jobs.storage.head_rows import HEAD_STANDS, encode_head
from forgeledger.jobs.storage.job_rows import (
    encode_fact,
    encode_header,
    encode_life,
    job_ttl,
)
from forgeledger.jobs.storage.keys import OPEN_MARK, head_key, header_key

# Where the first fact stands among the actions of a change.
FACT_ACTION = 1

# Every other attribute of the life cycle may be absent, and is removed where it is.
_LASTING = (
    "SET jobStatus = :jobStatus, epoch = :epoch, gate = :gate, #mode = :mode, facts = :facts, "
    "openedAt = :openedAt, firstFailureEpoch = :firstFailureEpoch, "
    "countsAtVerdict = :countsAtVerdict, #open = :open"
)
_PASSING = ("ending", "endingReason", "sealedAt", "finishedAt", "ttl")


def creation_actions(
    table: str, job: Job, heads: Sequence[Head], fact: Fact, commit_id: str
) -> list[Action]:
    rows = [
        encode_header(job),
        encode_fact(job, fact, commit_id),
        *(encode_head(head) for head in heads),
    ]
    return [_put_new(table, row) for row in rows]


def change_actions(table: str, change: JobChange, commit_id: str) -> list[Action]:
    """The header first, then the facts, then the lanes that the change rests on."""
    ttl = job_ttl(change.job)
    return [
        {"Update": _header_update(table, change)},
        *_fact_puts(table, change.job, change.facts, commit_id),
        *(_head_action(table, head, ttl) for head in change.heads),
    ]


def _header_update(table: str, change: JobChange) -> Action:
    life = encode_life(change.job)
    names = {"#mode": "mode", "#open": "open"}
    assignments, removed = _LASTING, []
    for name in _PASSING:
        names[f"#{name}"] = name
        if name in life:
            assignments += f", #{name} = :{name}"
        else:
            removed.append(f"#{name}")
    values: dict[str, Any] = {f":{name}": value for name, value in life.items()}
    values[":before"] = number(change.before.facts)
    # Whatever happened has to be told, so the job is open, finished or not.
    values[":open"] = text(OPEN_MARK)
    return {
        "TableName": table,
        "Key": header_key(change.job.job_id),
        "UpdateExpression": assignments + (" REMOVE " + ", ".join(removed) if removed else ""),
        # Nobody took a step with this job since it was read.
        "ConditionExpression": "facts = :before",
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": values,
    }


def _fact_puts(table: str, job: Job, facts: Iterable[Fact], commit_id: str) -> list[Action]:
    return [_put_new(table, encode_fact(job, fact, commit_id)) for fact in facts]


def _put_new(table: str, row: Row) -> Action:
    """Facts stand for ever: the commitId of one at our number tells whether it is ours."""
    return {
        "Put": {
            "TableName": table,
            "Item": row,
            "ConditionExpression": "attribute_not_exists(PK)",
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
    }


def _head_action(table: str, head: Head, ttl: int | None) -> Action:
    """Holds while the lane's gate and counts are those that the change was decided upon."""
    condition: Action = {
        "TableName": table,
        "Key": head_key(head.job_id, head.lane),
        "ConditionExpression": HEAD_STANDS,
        "ExpressionAttributeValues": {
            ":gate": number(head.gate),
            **counts_attributes(head.counts, ":"),
        },
    }
    if ttl is None:
        return {"ConditionCheck": condition}
    condition["ExpressionAttributeValues"][":ttl"] = number(ttl)
    return {
        "Update": {
            **condition,
            "UpdateExpression": "SET #ttl = :ttl",
            "ExpressionAttributeNames": {"#ttl": "ttl"},
        }
    }
