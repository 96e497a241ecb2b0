"""The actions of a lane's commit, and how a lost one is recognised."""

from typing import Any

from forgeledger.aws.dynamodb.attributes import compact_json, number, text, ttl_of
from forgeledger.aws.dynamodb.key_ranges import key
from forgeledger.aws.dynamodb.table import Action
from forgeledger.jobs.model.jobs import Job
from forgeledger.jobs.model.lane_decision import Commit, item_versions
from forgeledger.jobs.model.lanes import LaneMode
from forgeledger.jobs.storage.counts_rows import counts_attributes
from forgeledger.jobs.storage.head_rows import HEAD_NAMES, HEAD_SET
from forgeledger.jobs.storage.item_rows import encode_item
from forgeledger.jobs.storage.journal_rows import encode_journal_row
from forgeledger.jobs.storage.keys import head_key, header_key, item_sk, lane_pk

# Where the head's update stands among the actions.
HEAD_ACTION = 0


def lane_actions(table: str, commit: Commit, commit_id: str) -> list[Action]:
    """The head first, then the journal row, then the items, then those it only speaks of."""
    before = commit.before
    pk = lane_pk(before.job_id, before.lane)
    days = before.rules.ttl_days
    ttl = ttl_of(commit.events[-1].at, days) if days else None
    row = encode_journal_row(pk, commit, commit_id, ttl)
    versions = item_versions(commit)
    actions: list[Action] = [
        {"Update": _head_update(table, commit, commit_id)},
        # The head's version says already that no such row is there. This is the last fence: what
        # the journal holds is never written over.
        {"Put": {"TableName": table, "Item": row, **_stands(None)}},
    ]
    for item in commit.items:
        version = versions.pop(item.item_id)
        put = {"TableName": table, "Item": encode_item(pk, item, ttl), **_stands(version)}
        actions.append({"Put": put})
    for item_id, version in versions.items():
        unchanged = {"TableName": table, "Key": key(pk, item_sk(item_id)), **_stands(version)}
        actions.append({"ConditionCheck": unchanged})
    return actions


def _head_update(table: str, commit: Commit, commit_id: str) -> Action:
    before, head = commit.before, commit.head
    names = HEAD_NAMES
    assignments, removals = HEAD_SET, ""
    values: dict[str, Any] = {
        ":expected": number(before.offset),
        ":offset": number(head.offset),
        ":commit": text(commit_id),
        **counts_attributes(head.counts, ":"),
    }
    if head.failures != before.failures:
        assignments += ", failures = :failures"
        values[":failures"] = text(compact_json(dict(head.failures)))
    if head.gate != before.gate or head.mode is not before.mode:
        assignments += ", gate = :gate, #mode = :mode, canceledBelow = :canceledBelow"
        names = {**names, "#mode": "mode"}
        values[":gate"] = number(head.gate)
        values[":mode"] = text(head.mode.value)
        values[":canceledBelow"] = number(head.canceled_below)
        if head.mode is not LaneMode.CLOSED:
            # The lane of a reopened job; of one that never finished there is none to remove.
            removals = " REMOVE #ttl"
            names["#ttl"] = "ttl"
    return {
        "TableName": table,
        "Key": head_key(before.job_id, before.lane),
        "UpdateExpression": assignments + removals,
        # Nothing was committed to the lane since it was read. A head that has vanished with its
        # job has no offset, so that it fails as well and does not come back.
        "ConditionExpression": "#offset = :expected",
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": values,
        # Its commitId tells whether what we met is our own commit, whose answer was lost.
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }


def _stands(version: int | None) -> Action:
    """Hold only while a row is as it was read, or while there is none if there was none.

    For items the head's version does not say that. BatchGetItem reads each row at its own moment:

        we                        somebody else
        read the item             .
        .                         commit a change of the item
        read the head             .
        decide, commit            (the head is as we read it)
    """
    if version is None:
        return {"ConditionExpression": "attribute_not_exists(PK)"}
    return {
        "ConditionExpression": "event = :event",
        "ExpressionAttributeValues": {":event": number(version)},
    }


def running_check(table: str, job: Job) -> Action:
    """That nothing happened to the job as a whole since it was read."""
    return {
        "ConditionCheck": {
            "TableName": table,
            "Key": header_key(job.job_id),
            "ConditionExpression": "facts = :facts",
            "ExpressionAttributeValues": {":facts": number(job.facts)},
        }
    }
