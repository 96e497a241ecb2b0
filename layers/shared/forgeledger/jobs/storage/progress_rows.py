"""A job's progress as a row of its own: one write unit, however much the header holds."""

from typing import Any, Final

from forgeledger.aws.dynamodb.attributes import (
    Row,
    compact_json,
    decoder,
    number,
    parse_json,
    text,
    ttl_of,
)
from forgeledger.jobs.model.jobs import Job
from forgeledger.jobs.model.progress import Progress, Sample
from forgeledger.jobs.storage.counts_rows import decode_counts, encode_counts

_NAMES: Final = {"#offsets": "offsets", "#at": "at"}


def progress_update(job: Job, progress: Progress) -> dict[str, Any]:
    """It is created by the first roll-up; no transaction of the job touches it."""
    assignments = "SET #offsets = :offsets, #at = :at, progress = :progress"
    names, values = (
        dict(_NAMES),
        {
            ":offsets": number(progress.offsets),
            ":at": number(progress.at),
            ":progress": text(encode_progress(progress)),
        },
    )
    ttl = ttl_of(progress.at, job.spec.rules.ttl_days)
    if ttl is not None:
        assignments += ", #ttl = :ttl"
        names["#ttl"], values[":ttl"] = "ttl", number(ttl)
    return {
        "UpdateExpression": assignments,
        # Never backwards.
        "ConditionExpression": "attribute_not_exists(#offsets) OR #offsets <= :offsets",
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
    )
