"""Published events are compared with the facts, field by field."""

import json
from dataclasses import replace
from typing import Any

import pytest

from forgeledger.jobs.messages.job_events import detail_text
from forgeledger.jobs.model.facts import Fact, FactKind
from forgeledger.jobs.model.ids import make_job_id
from forgeledger.jobs.model.job_lifecycle import cancel, create, seal
from forgeledger.jobs.model.jobs import Job, JobSpec, JobStatus
from forgeledger.jobs.model.lanes import Counts
from tests.simulation.event_bus import EventBus
from tests.simulation.event_checks import check_events
from tests.simulation.job_checks import ObservedJob
from tests.simulation.lane_checks import Violation

SPEC = JobSpec(
    job_id=make_job_id(0, 0, 1),
    name="night run",
    lanes=1,
    metadata='{"of": "Monday"}',
    tags=("a", "b"),
    created_at=1_767_225_600_007,
)
COUNTS = Counts(pending=1, completed=2, failed=3)


@pytest.fixture
def truth() -> ObservedJob:
    """A job that was created and sealed, and is being canceled."""
    job, _, created = create(SPEC)
    sealed = seal(job, COUNTS, SPEC.created_at + 1_500)
    closing = cancel(sealed.job, COUNTS, SPEC.created_at + 2_000)
    return ObservedJob(closing.job, [created, *sealed.facts, *closing.facts])


def publish(job: Job, *facts: Fact, **wrong: Any) -> EventBus:
    bus = EventBus()
    for fact in facts:
        detail = {**json.loads(detail_text(job, fact)), **wrong}
        bus.deliver(
            {
                "EventBusName": "bus",
                "Source": "forgeledger",
                "DetailType": str(fact.kind),
                "Detail": json.dumps(detail),
            }
        )
    return bus


def test_what_was_published_rightly_passes_and_the_closing_is_not_published(
    truth: ObservedJob,
) -> None:
    check_events(publish(truth.job, *truth.facts[:2]), [truth])


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "day run"},
        {"epoch": 2},
        {"status": "COMPLETED"},
        {"total": 7},
        {"completed": 6},
        {"failed": 0},
        {"canceled": 1},
        {"durationMs": 1},
        {"at": "2026-01-01T00:00:00Z"},
        {"metadata": {}},
        {"tags": ["a"]},
        {"reason": "deadline"},
        {"more": True},
    ],
    ids=str,
)
def test_each_field_has_to_be_that_of_the_fact(truth: ObservedJob, wrong: dict[str, Any]) -> None:
    bus = publish(truth.job, *truth.facts[:2], **wrong)

    with pytest.raises(Violation, match=", expected "):
        check_events(bus, [truth])


def test_the_reason_of_a_verdict_is_reported(truth: ObservedJob) -> None:
    verdict = replace(truth.facts[2], number=3, kind=FactKind.CANCELED, status=JobStatus.CANCELED)
    truth.facts.append(verdict)
    silent = replace(verdict, reason=None)
    bus = publish(truth.job, *truth.facts[:2], silent)

    with pytest.raises(Violation, match="'reason': 'canceled'"):
        check_events(bus, [truth])


def test_the_first_delivery_of_an_event_counts_for_the_order(truth: ObservedJob) -> None:
    created, sealed = truth.facts[:2]

    check_events(publish(truth.job, created, sealed, created), [truth])
    with pytest.raises(Violation, match="created was published too late"):
        check_events(publish(truth.job, sealed, created), [truth])


@pytest.mark.parametrize("other", [("bus", "aws.s3"), ("default", "forgeledger")], ids=str)
def test_nothing_is_published_elsewhere_or_in_the_name_of_another(
    truth: ObservedJob, other: tuple[str, str]
) -> None:
    bus = publish(truth.job, *truth.facts[:2])
    bus.sources.add(other)

    with pytest.raises(Violation, match="wrong bus or source"):
        check_events(bus, [truth])
