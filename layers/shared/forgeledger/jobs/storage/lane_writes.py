"""The actions of a lane's commit."""

from typing import Any

from forgeledger.aws.dynamodb.attributes import compact_json, number, text, ttl_of
from forgeledger.aws.dynamodb.key_ranges import key
from forgeledger.aws.dynamodb.table import Action
from forgeledger.jobs.model.jobs import Job
from forgeledger.jobs.model.lane_decision import Commit, item_versions
from forgeledger.jobs.model.lanes import LaneMode
from forgeledger.jobs.storage.counts_rows import counts_attributes
from forgeledger.jobs.storage.due_rows import encode_due_row
from forgeledger.jobs.storage.head_rows import (
    HEAD_NAMES,
    HEAD_SET,
    closing_attributes,
    encode_sums,
)
from forgeledger.jobs.storage.item_rows import encode_item
from forgeledger.jobs.storage.journal_rows import encode_journal_row
from forgeledger.jobs.storage.keys import head_key, header_key, item_sk, lane_pk

# The index of the head's update among the actions.
HEAD_ACTION = 0


def lane_actions(table: str, commit: Commit, commit_id: str) -> list[Action]:
    """The head first, then the journal row, the changed items, and checks of the others."""
    return [
        {"Update": _head_update(table, commit, commit_id)},
        *row_actions(table, commit, commit_id),
    ]


def row_actions(table: str, commit: Commit, commit_id: str) -> list[Action]:
    """All but the head: the journal row, the changed items, and checks of the others."""
    before = commit.before
    pk = lane_pk(before.job_id, before.lane)
    ttl = ttl_of(commit.events[-1].at, before.rules.ttl_days)
    row = encode_journal_row(pk, commit, commit_id, ttl)
    versions = item_versions(commit)
    actions: list[Action] = [
        # The head's version implies already that there is no such row. This is the last fence: a
        # journal row is never overwritten.
        {"Put": {"TableName": table, "Item": row, **_unchanged(None)}},
    ]
    for item in commit.items:
        version = versions.pop(item.item_id)
        put = {"TableName": table, "Item": encode_item(pk, item, ttl), **_unchanged(version)}
        actions.append({"Put": put})
    actions += [
        {"Put": {"TableName": table, "Item": encode_due_row(pk, due, ttl)}}
        for due in commit.due_rows
    ]
    for item_id, version in versions.items():
        unchanged = {"TableName": table, "Key": key(pk, item_sk(item_id)), **_unchanged(version)}
        actions.append({"ConditionCheck": unchanged})
    return actions


def _head_update(table: str, commit: Commit, commit_id: str) -> Action:
    before, head = commit.before, commit.head
    names = HEAD_NAMES
    assignments, removals = HEAD_SET, list[str]()
    values: dict[str, Any] = {
        ":expected": number(before.offset),
        ":offset": number(head.offset),
        ":commit": text(commit_id),
        ":sums": {"S": encode_sums(head.sums)},
        **counts_attributes(head.counts, ":"),
    }
    if head.failures != before.failures:
        assignments += ", failures = :failures"
        values[":failures"] = text(compact_json(dict(head.failures)))
    if head.gate != before.gate or head.mode is not before.mode:
        assignments += ", gate = :gate, #mode = :mode"
        names = {**names, "#mode": "mode"}
        values[":gate"] = number(head.gate)
        values[":mode"] = text(head.mode.value)
        for name, value in closing_attributes(head).items():
            assignments += f", {name} = :{name}"
            values[f":{name}"] = value
        if head.held:
            assignments += ", #held = :held"
            values[":held"] = number(1)
        elif before.held:
            removals.append("#held")
        if head.held or before.held:
            names["#held"] = "held"
        if head.mode is not LaneMode.CLOSED:
            # The job was reopened; if it never finished, there is no TTL to remove.
            removals.append("#ttl")
            names["#ttl"] = "ttl"
    elif head.counts.canceled < before.counts.canceled:
        # So was one whose items are being resumed: its lanes follow only afterwards.
        removals.append("#ttl")
        names = {**names, "#ttl": "ttl"}
    return {
        "TableName": table,
        "Key": head_key(before.job_id, before.lane),
        "UpdateExpression": assignments + (f" REMOVE {', '.join(removals)}" if removals else ""),
        # Nothing was committed to the lane since it was read. An expired head has no offset, so
        # that the condition fails and the head is not created again.
        "ConditionExpression": "#offset = :expected",
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": values,
        # Its commitId shows whether the conflict is with this very commit after a lost answer.
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }


def _unchanged(version: int | None) -> Action:
    """Require that an item is as it was read, or still does not exist.

    The head's version does not imply that. BatchGetItem reads each row at its own moment:

        this writer               another writer
        read the item             .
        .                         commit a change of the item
        read the head             .
        decide, commit            (the head is as it was read)
    """
    if version is None:
        return {"ConditionExpression": "attribute_not_exists(PK)"}
    return {
        "ConditionExpression": "event = :event",
        "ExpressionAttributeValues": {":event": number(version)},
    }


def running_check(table: str, job: Job) -> Action:
    """Require that the job as a whole has not changed since it was read."""
    return {
        "ConditionCheck": {
            "TableName": table,
            "Key": header_key(job.job_id),
            "ConditionExpression": "facts = :facts",
            "ExpressionAttributeValues": {":facts": number(job.facts)},
        }
    }
