"""The actions that create a job and change its header."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from forgeledger.aws.dynamodb.attributes import Row, number, text
from forgeledger.aws.dynamodb.table import Action
from forgeledger.jobs.model.facts import Fact
from forgeledger.jobs.model.jobs import Job
from forgeledger.jobs.model.lanes import Head
from forgeledger.jobs.ports import JobChange
from forgeledger.jobs.storage.counts_rows import counts_attributes
from forgeledger.jobs.storage.head_rows import HEAD_NAMES, HEAD_UNCHANGED, encode_head
from forgeledger.jobs.storage.job_key_rows import ttl_actions
from forgeledger.jobs.storage.job_rows import encode_fact, encode_header, encode_life, job_ttl
from forgeledger.jobs.storage.keys import head_key, header_key, open_shard
from forgeledger.jobs.storage.lane_writes import row_actions
from forgeledger.jobs.storage.progress_rows import encode_new_progress

if TYPE_CHECKING:
    # What only creates jobs is not loaded by the intake.
    from forgeledger.jobs.model.creation import SealedCreation

# The index of the first fact among the actions of a creation or a change.
FACT_ACTION = 1

# The attributes of the life cycle that may be absent, and are removed then.
_OPTIONAL = (
    "gateClientId",
    "resumeGate",
    "resumedEpoch",
    "ending",
    "endingReason",
    "held",
    "pausedUntil",
    "startedAt",
    "sealedAt",
    "finishedAt",
    "ttl",
)


def creation_actions(
    table: str,
    job: Job,
    heads: Sequence[Head],
    facts: Sequence[Fact],
    commit_id: str,
    *,
    look_at: int | None = None,
) -> list[Action]:
    fact_rows = [encode_fact(job, fact, commit_id) for fact in facts]
    rows = [encode_header(job), *fact_rows, *map(encode_head, heads)]
    if look_at is not None:
        rows.append(encode_new_progress(job, look_at))
    return [_put_new(table, row) for row in rows]


def sealed_creation_actions(
    table: str, creation: "SealedCreation", commit_id: str, look_at: int | None = None
) -> list[Action]:
    job, heads, facts = creation.job, creation.heads, creation.facts
    actions = creation_actions(table, job, heads, facts, commit_id, look_at=look_at)
    for commit in creation.commits:
        actions += row_actions(table, commit, commit_id)
    return actions


def change_actions(table: str, change: JobChange, commit_id: str) -> list[Action]:
    """The header first, then the facts, the lanes that the change depends on, and the job's key."""
    ttl = job_ttl(change.job)
    return [
        {"Update": _header_update(table, change)},
        *(_put_new(table, encode_fact(change.job, fact, commit_id)) for fact in change.facts),
        *(_head_action(table, head, ttl, change.checks_offsets) for head in change.heads),
        *ttl_actions(table, change.before, change.job),
    ]


def _header_update(table: str, change: JobChange) -> Action:
    # The new fact has to be published, so the job is open, finished or not.
    shard = open_shard(change.job.job_id)
    attributes = {**encode_life(change.job), "open": text(str(shard))}
    absent = [name for name in _OPTIONAL if name not in attributes]
    assignments = "SET " + ", ".join(f"#{name} = :{name}" for name in attributes)
    removals = " REMOVE " + ", ".join(f"#{name}" for name in absent) if absent else ""
    values = {f":{name}": value for name, value in attributes.items()}
    return {
        "TableName": table,
        "Key": header_key(change.job.job_id),
        "UpdateExpression": assignments + removals,
        # The job has not changed since it was read.
        "ConditionExpression": "facts = :before",
        "ExpressionAttributeNames": {f"#{name}": name for name in (*attributes, *absent)},
        "ExpressionAttributeValues": {**values, ":before": number(change.before.facts)},
    }


def _put_new(table: str, row: Row) -> Action:
    """Facts are never replaced: the commitId of one with our number shows whether it is ours."""
    return {
        "Put": {
            "TableName": table,
            "Item": row,
            "ConditionExpression": "attribute_not_exists(PK)",
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
    }


def _head_action(table: str, head: Head, ttl: int | None, checks_offset: bool) -> Action:
    """Requires the gate and the counts of the lane that the change was decided on."""
    values = {":gate": number(head.gate), **counts_attributes(head.counts, ":")}
    condition: Action = {
        "TableName": table,
        "Key": head_key(head.job_id, head.lane),
        "ConditionExpression": HEAD_UNCHANGED,
        "ExpressionAttributeValues": values,
    }
    names: dict[str, str] = {}
    if checks_offset:
        condition["ConditionExpression"] += " AND #offset = :offset"
        values[":offset"] = number(head.offset)
        names |= HEAD_NAMES
    if ttl is not None:
        values[":ttl"] = number(ttl)
        names["#ttl"] = "ttl"
    if names:
        condition["ExpressionAttributeNames"] = names
    if ttl is None:
        return {"ConditionCheck": condition}
    return {"Update": {**condition, "UpdateExpression": "SET #ttl = :ttl"}}
