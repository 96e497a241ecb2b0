"""The row of a job key: written with the job that gets the key, and with each end of that job."""

from typing import TYPE_CHECKING

from forgeledger.aws.dynamodb.attributes import Row, decoder, number, text, ttl_of
from forgeledger.aws.dynamodb.table import Action
from forgeledger.jobs.model.job_keys import KeyHolder
from forgeledger.jobs.model.jobs import Job
from forgeledger.jobs.model.limits import JOB_KEY_TTL_DAYS
from forgeledger.jobs.storage.keys import header_key, job_key_key

if TYPE_CHECKING:
    from forgeledger.jobs.model.job_keys import KeyClaim


@decoder
def decode_key_holder(row: Row) -> KeyHolder:
    return KeyHolder(job_id=row["jobId"]["S"], fingerprint=row["fingerprint"]["S"])


def claim_actions(table: str, job: Job, claim: "KeyClaim | None") -> list[Action]:
    """The key names this job from now on; a former job is marked, and never runs again."""
    if claim is None:
        return []
    row = {
        **_key_of(job),
        "jobId": text(job.job_id),
        "fingerprint": text(claim.fingerprint),
    }
    former = claim.former
    if former is None:
        condition: Action = {"ConditionExpression": "attribute_not_exists(PK)"}
        return [{"Put": {"TableName": table, "Item": row, **condition}}]
    return [
        {"Put": {"TableName": table, "Item": row, **_is_of(former)}},
        {
            "Update": {
                "TableName": table,
                "Key": header_key(former.job_id),
                "UpdateExpression": "SET keyMoved = :job",
                # It is finished still, in the epoch that was read.
                "ConditionExpression": "facts = :facts",
                "ExpressionAttributeValues": {
                    ":job": text(job.job_id),
                    ":facts": number(former.facts),
                },
            }
        },
    ]


def ttl_actions(table: str, before: Job, after: Job) -> list[Action]:
    """A key gets its TTL with the end of its job, and loses it when that job runs again.

    The condition is the fence of a retry or reopening that read the job before its key moved.
    """
    if after.spec.job_key is None or before.finished is after.finished:
        return []
    condition = _is_of(after)
    ttl = _ttl_of_key(after)
    if ttl is not None:
        condition["ExpressionAttributeValues"][":ttl"] = number(ttl)
    return [
        {
            "Update": {
                "TableName": table,
                "Key": _key_of(after),
                "UpdateExpression": "REMOVE #ttl" if ttl is None else "SET #ttl = :ttl",
                "ExpressionAttributeNames": {"#ttl": "ttl"},
                **condition,
            }
        }
    ]


def _key_of(job: Job) -> Row:
    assert job.spec.job_key is not None
    return job_key_key(job.spec.client_id, job.spec.job_key)


def _is_of(job: Job) -> Action:
    return {
        "ConditionExpression": "jobId = :holder",
        "ExpressionAttributeValues": {":holder": text(job.job_id)},
    }


def _ttl_of_key(job: Job) -> int | None:
    """The header's, but never so early that a late repetition of the request finds a free key."""
    days = job.spec.rules.ttl_days
    if job.finished_at is None or not days:
        return None
    return ttl_of(job.finished_at, max(days, JOB_KEY_TTL_DAYS))
