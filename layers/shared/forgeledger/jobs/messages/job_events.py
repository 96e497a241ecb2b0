"""The detail of an EventBridge event: a fact of a job, with its counts at that time."""

from typing import Any

from forgeledger.aws.dynamodb.attributes import compact_json
from forgeledger.jobs.model.facts import Fact, event_id
from forgeledger.jobs.model.jobs import Job
from forgeledger.json_text import from_text, iso

SOURCE = "forgeledger"


def detail_of(job: Job, fact: Fact) -> dict[str, Any]:
    """The same each time it is published: the fact and the job's specification never change."""
    spec = job.spec
    detail: dict[str, Any] = {
        "eventId": event_id(spec.job_id, fact),
        "jobId": spec.job_id,
        "name": spec.name,
        "epoch": fact.epoch,
        "status": fact.status.value,
        "total": fact.counts.total,
        "completed": fact.counts.completed,
        "failed": fact.counts.failed,
        "canceled": fact.counts.canceled,
        "durationMs": fact.duration_ms,
        "at": iso(fact.at),
        "metadata": from_text(spec.metadata),
        "tags": list(spec.tags),
    }
    if fact.paused_until is not None:
        detail["pausedUntil"] = iso(fact.paused_until)
    if fact.reason is not None:
        detail["reason"] = fact.reason
    return detail


def detail_text(job: Job, fact: Fact) -> str:
    return compact_json(detail_of(job, fact))
