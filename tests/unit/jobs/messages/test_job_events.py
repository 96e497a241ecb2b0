import json

from forgeledger.jobs.messages.job_events import detail_of, detail_text
from forgeledger.jobs.model.facts import Fact, FactKind
from forgeledger.jobs.model.jobs import JobStatus
from forgeledger.jobs.model.lanes import Counts
from tests.support.builders import JOB_ID, NOW, make_job


def make_fact(**overrides: object) -> Fact:
    defaults = {
        "number": 3,
        "kind": FactKind.COMPLETED,
        "epoch": 2,
        "at": NOW + 1_234,
        "status": JobStatus.COMPLETED_WITH_FAILURES,
        "counts": Counts(completed=7, failed=2, canceled=1),
        "duration_ms": 1_234,
    }
    return Fact(**{**defaults, **overrides})


def test_the_detail_is_the_contract() -> None:
    job = make_job(metadata='{"customer":"c-1","big":123456789012345678901234567890}', tags=("a",))

    detail = detail_of(job, make_fact())

    assert detail == {
        "eventId": f"{JOB_ID}:2:job.completed",
        "jobId": JOB_ID,
        "name": "invoices",
        "epoch": 2,
        "status": "COMPLETED_WITH_FAILURES",
        "total": 10,
        "completed": 7,
        "failed": 2,
        "canceled": 1,
        "durationMs": 1_234,
        "at": "2026-01-01T00:00:01.234Z",
        "metadata": {"customer": "c-1", "big": 123456789012345678901234567890},
        "tags": ["a"],
    }


def test_a_failed_job_says_why() -> None:
    fact = make_fact(kind=FactKind.FAILED, status=JobStatus.FAILED, reason="deadline")

    assert detail_of(make_job(), fact)["reason"] == "deadline"


def test_a_repetition_is_the_same_to_the_letter() -> None:
    job = make_job(name="\N{SNOWMAN}")

    assert detail_text(job, make_fact()) == detail_text(job, make_fact())
    assert json.loads(detail_text(job, make_fact()))["name"] == "\N{SNOWMAN}"
