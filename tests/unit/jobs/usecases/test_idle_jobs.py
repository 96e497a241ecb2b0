"""Rounds cancel jobs that nobody seals and nothing is committed to."""

from dataclasses import replace
from typing import Any

import pytest

from forgeledger.jobs.model.jobs import JobStatus
from forgeledger.jobs.ports import JobChange
from forgeledger.jobs.usecases.advance_job import JobAdvancer
from tests.support.ledgers import Ledger

DAY_MS = 24 * 3_600 * 1_000


@pytest.fixture
def relay(ledger: Ledger) -> JobAdvancer:
    return replace(ledger.advancer, maximum_idle_ms=5 * DAY_MS)


def days_pass(ledger: Ledger, relay: JobAdvancer, job_id: str, days: int) -> None:
    for _ in range(days):
        ledger.now += DAY_MS
        relay.advance(job_id)


def test_an_abandoned_job_is_announced_and_canceled(ledger: Ledger, relay: JobAdvancer) -> None:
    job_id = ledger.job()
    ledger.do(job_id, "register", "a")
    relay.advance(job_id)

    days_pass(ledger, relay, job_id, 4)
    announced = list(ledger.bus.heard)
    days_pass(ledger, relay, job_id, 1)

    job = ledger.view(job_id).job
    assert announced == ["1:job.created", "1:job.idle:1"]
    assert (job.status, job.ending_reason) == (JobStatus.CANCELED, "idle")
    assert ledger.bus.heard[2:] == ["1:job.canceled"]


def test_a_job_that_was_never_used_is_idle_since_its_creation(
    ledger: Ledger, relay: JobAdvancer
) -> None:
    job_id = ledger.job()

    days_pass(ledger, relay, job_id, 5)

    assert ledger.view(job_id).job.status is JobStatus.CANCELED


def test_a_heartbeat_is_enough_to_go_on(ledger: Ledger, relay: JobAdvancer) -> None:
    job_id = ledger.job()
    ledger.do(job_id, "register", "a")
    ledger.do(job_id, "claim", "a")

    for _ in range(5):
        days_pass(ledger, relay, job_id, 4)
        ledger.do(job_id, "heartbeat", "a")

    assert ledger.view(job_id).job.status is JobStatus.RUNNING


def test_a_commit_that_no_roll_up_has_seen_yet_keeps_the_job(
    ledger: Ledger, relay: JobAdvancer
) -> None:
    job_id = ledger.job()
    days_pass(ledger, relay, job_id, 4)
    ledger.now += DAY_MS
    ledger.do(job_id, "register", "a")

    relay.advance(job_id)

    assert ledger.view(job_id).job.status is JobStatus.RUNNING
    days_pass(ledger, relay, job_id, 3)
    assert ledger.view(job_id).job.status is JobStatus.RUNNING


def test_a_reopened_job_has_its_whole_time_again(ledger: Ledger, relay: JobAdvancer) -> None:
    job_id = ledger.job()
    days_pass(ledger, relay, job_id, 5)
    ledger.lifecycle.reopen(job_id)

    days_pass(ledger, relay, job_id, 4)

    assert ledger.view(job_id).job.status is JobStatus.RUNNING
    days_pass(ledger, relay, job_id, 1)
    assert ledger.view(job_id).job.status is JobStatus.CANCELED


def test_a_longer_limit_after_the_announcement_keeps_the_job(
    ledger: Ledger, relay: JobAdvancer
) -> None:
    job_id = ledger.job()
    days_pass(ledger, relay, job_id, 4)
    patient = replace(relay, maximum_idle_ms=30 * DAY_MS)

    days_pass(ledger, patient, job_id, 25)
    announced = list(ledger.bus.heard)
    days_pass(ledger, patient, job_id, 1)

    assert announced == ["1:job.created", "1:job.idle:1", "1:job.idle:2"]
    assert ledger.view(job_id).job.status is JobStatus.CANCELED


def test_a_shorter_limit_after_the_announcement_cancels_the_job_no_sooner(
    ledger: Ledger, relay: JobAdvancer
) -> None:
    job_id = ledger.job()
    days_pass(ledger, relay, job_id, 4)
    hasty = replace(relay, maximum_idle_ms=2 * DAY_MS)

    hasty.advance(job_id)
    status = ledger.view(job_id).job.status
    days_pass(ledger, hasty, job_id, 1)

    assert status is JobStatus.RUNNING
    assert ledger.view(job_id).job.status is JobStatus.CANCELED


def test_unless_the_deployment_says_so_no_job_is_canceled(ledger: Ledger) -> None:
    job_id = ledger.job()

    days_pass(ledger, ledger.advancer, job_id, 29)

    assert ledger.view(job_id).job.status is JobStatus.RUNNING


@pytest.mark.parametrize("days_before", [4, 5])
def test_a_heartbeat_at_the_very_moment_is_enough_to_go_on(
    ledger: Ledger, relay: JobAdvancer, monkeypatch: pytest.MonkeyPatch, days_before: int
) -> None:
    job_id = ledger.job()
    ledger.do(job_id, "register", "a")
    ledger.do(job_id, "claim", "a")
    relay.advance(job_id)
    days_pass(ledger, relay, job_id, days_before - 1)
    before = ledger.view(job_id).job
    commit_job = type(relay.jobs).commit_job

    def beaten(store: Any, change: JobChange) -> bool:
        monkeypatch.undo()
        # It changes no count.
        ledger.do(job_id, "heartbeat", "a")
        return commit_job(store, change)

    monkeypatch.setattr(type(relay.jobs), "commit_job", beaten)
    days_pass(ledger, relay, job_id, 1)

    assert ledger.view(job_id).job == before
