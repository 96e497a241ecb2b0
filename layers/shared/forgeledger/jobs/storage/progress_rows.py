"""A job's progress as a row of its own: one write unit, however much the header holds."""

from typing import Any

from forgeledger.aws.dynamodb.attributes import (
    Row,
    compact_json,
    decoder,
    number,
    numbers,
    optional_number,
    parse_json,
    text,
    ttl_of,
)
from forgeledger.jobs.model.jobs import Job
from forgeledger.jobs.model.progress import LookMove, Progress, Sample
from forgeledger.jobs.storage.counts_rows import decode_counts, encode_counts
from forgeledger.jobs.storage.keys import due_shard, progress_key


def encode_new_progress(job: Job, look_at: int) -> Row:
    """The row of a new job that is to be looked at by a time, however little happens to it."""
    at = job.spec.created_at
    return {
        **progress_key(job.job_id),
        **numbers(offsets=0, at=at, facts=job.facts, wakeAt=look_at),
        **numbers(ttl=ttl_of(at, job.spec.rules.ttl_days)),
        "progress": text(encode_progress(Progress())),
        "due": text(due_shard(job.job_id)),
    }


def progress_update(job: Job, progress: Progress, move: LookMove | None = None) -> dict[str, Any]:
    """The first roll-up creates the row, unless the job's creation did; no other transaction."""
    names = {"#offsets": "offsets"}
    values = {":offsets": number(progress.offsets)}
    sets: list[str] = []
    if move is None or not move.alone:
        sets = ["#offsets = :offsets", "#at = :at", "progress = :progress"]
        names["#at"], values[":at"] = "at", number(progress.at)
        values[":progress"] = text(encode_progress(progress))
        ttl = ttl_of(progress.at, job.spec.rules.ttl_days)
        if ttl is not None:
            sets.append("#ttl = :ttl")
            names["#ttl"], values[":ttl"] = "ttl", number(ttl)
    # Never backwards.
    condition, removal = "attribute_not_exists(#offsets) OR #offsets <= :offsets", ""
    if move is not None:
        condition = f"({condition}) AND (attribute_not_exists(facts) OR facts <= :facts) AND "
        if move.before is None:
            condition += "attribute_not_exists(wakeAt)"
        else:
            condition += "wakeAt = :read"
            values[":read"] = number(move.before)
        sets.append("facts = :facts")
        values[":facts"] = number(job.facts)
        if move.after is None:
            removal = " REMOVE due, wakeAt"
        else:
            sets += ["due = :due", "wakeAt = :wakeAt"]
            values[":due"], values[":wakeAt"] = text(due_shard(job.job_id)), number(move.after)
    return {
        "UpdateExpression": f"SET {', '.join(sets)}{removal}",
        "ConditionExpression": condition,
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": values,
    }


def encode_progress(progress: Progress) -> str:
    samples = [[sample.at, sample.worked] for sample in (progress.sample, progress.next_sample)]
    return compact_json(
        {
            **encode_counts(progress.counts),
            "retrying": progress.retrying,
            "movedAt": progress.moved_at,
            "samples": samples,
        }
    )


@decoder
def decode_progress(row: Row) -> Progress:
    progress: dict[str, Any] = parse_json(row["progress"]["S"])
    sample, next_sample = (Sample(at=at, worked=worked) for at, worked in progress["samples"])
    return Progress(
        counts=decode_counts(progress),
        retrying=progress["retrying"],
        offsets=int(row["offsets"]["N"]),
        at=int(row["at"]["N"]),
        moved_at=progress["movedAt"],
        sample=sample,
        next_sample=next_sample,
        wake_at=optional_number(row, "wakeAt"),
    )
