"""Looks are planned where a job has a time, wakes sent where that is near, and no time is lost."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest

from forgeledger.clock.model.due import Due
from forgeledger.jobs.model.jobs import JobStatus
from forgeledger.jobs.model.wakes import Wake, WakeKind, wake_name
from forgeledger.jobs.ports import JobView
from forgeledger.jobs.usecases.advance_job import JobAdvancer
from forgeledger.jobs.usecases.create_job import JobCreator, NewJob
from forgeledger.jobs.usecases.follow_stream import Relay
from forgeledger.jobs.usecases.plan_look import LookPlanner
from forgeledger.jobs.usecases.register_items import ItemRegistrar, NewItem
from forgeledger.runtime import HasTime
from tests.support.ledgers import Ledger
from tests.support.time_left import always

HOUR_MS = 3_600_000


class Wakes:
    def __init__(self) -> None:
        self.sent: list[Due] = []

    def send(self, wakes: Sequence[Due]) -> None:
        self.sent += wakes


class NoClaims:
    def claim(self, _: object, job_id: str) -> str:
        return job_id


@pytest.fixture
def wakes() -> Wakes:
    return Wakes()


@dataclass
class After:
    """Says when a job must be looked at again; before that somebody else may act."""

    look_at: int | None
    act: Callable[[], object] = lambda: None

    def run(self, view: JobView, has_time: HasTime) -> int | None:
        act, self.act = self.act, lambda: None
        act()
        return self.look_at


def advancer(ledger: Ledger, wakes: Wakes, after: After | None = None) -> JobAdvancer:
    return replace(ledger.advancer, looks=LookPlanner(wakes=wakes), after=after)


def created(ledger: Ledger, wakes: Wakes, **fields: Any) -> JobView:
    registrar = ItemRegistrar(ledger.lane_writer, ledger.lifecycle, ledger.runtime)
    looks = LookPlanner(wakes=wakes)
    creator = JobCreator(
        ledger.store, registrar, ledger.lifecycle, NoClaims(), ledger.runtime, looks
    )
    made = creator.create(NewJob(name="nightly", **fields))
    return ledger.view(made.view.job.job_id)


@pytest.mark.parametrize("items", [(), (NewItem(item_id="a"),)])
def test_a_new_job_is_stored_with_the_time_at_which_to_look_at_it(
    ledger: Ledger, wakes: Wakes, items: tuple[NewItem, ...]
) -> None:
    view = created(ledger, wakes, deadline_seconds=3_600, items=items, seal=bool(items))

    assert view.progress.wake_at == view.job.deadline_at == ledger.now + HOUR_MS
    assert wakes.sent == []


def test_a_new_job_whose_time_is_near_gets_its_wake_at_once(ledger: Ledger, wakes: Wakes) -> None:
    view = created(ledger, wakes, deadline_seconds=60)

    assert wakes.sent == [Due(pk=wake_name(view.job.job_id), at=ledger.now + 60_000)]


def test_a_job_without_a_time_is_stored_and_advanced_without_any(
    ledger: Ledger, wakes: Wakes
) -> None:
    job_id = created(ledger, wakes, items=(NewItem(item_id="a"),)).job.job_id

    advanced = advancer(ledger, wakes).advance(job_id)

    assert advanced is not None
    assert advanced.view.progress.wake_at is None
    assert wakes.sent == []


def test_a_wake_at_its_time_ends_the_job_and_says_how_late_it_came(
    ledger: Ledger, wakes: Wakes
) -> None:
    job_id = created(ledger, wakes, deadline_seconds=3_600).job.job_id
    ledger.now += HOUR_MS + 700

    wake = Wake(sequence_number="1", kind=WakeKind.TIME, job_id=job_id)
    relayed = Relay(advancer(ledger, wakes)).relay([wake], always)

    assert (relayed.failed, relayed.late_ms) == ((), (700,))
    assert ledger.view(job_id).job.status is JobStatus.FAILED
    assert ledger.view(job_id).progress.wake_at is None


def test_a_wake_before_its_time_changes_nothing_and_has_another_one_sent(
    ledger: Ledger, wakes: Wakes
) -> None:
    job_id = created(ledger, wakes, deadline_seconds=3_600).job.job_id
    before = ledger.view(job_id)
    ledger.now += HOUR_MS - 300

    advanced = advancer(ledger, wakes).advance(job_id)

    assert advanced is not None
    assert advanced.late_ms is None
    assert ledger.view(job_id).progress == before.progress
    assert [wake.at - ledger.now for wake in wakes.sent] == [300]


def test_an_earlier_time_takes_the_place_of_a_later_one_and_a_later_one_does_not(
    ledger: Ledger, wakes: Wakes
) -> None:
    job_id = created(ledger, wakes, deadline_seconds=3_600).job.job_id
    earlier, later = ledger.now + HOUR_MS // 2, ledger.now + 2 * HOUR_MS

    advancer(ledger, wakes, After(earlier)).advance(job_id)
    advancer(ledger, wakes, After(later)).advance(job_id)

    assert ledger.view(job_id).progress.wake_at == earlier


def test_a_job_that_was_created_without_its_time_gets_it_when_it_is_looked_at(
    ledger: Ledger, wakes: Wakes
) -> None:
    job_id = ledger.job(deadline_seconds=3_600)

    advancer(ledger, wakes).advance(job_id)

    progress = ledger.view(job_id).progress
    assert (progress.wake_at, progress.at) == (ledger.now + HOUR_MS, ledger.now)


def test_who_loses_against_another_plan_looks_at_the_job_again(
    ledger: Ledger, wakes: Wakes
) -> None:
    job_id = ledger.job(deadline_seconds=3_600)
    between = ledger.now + HOUR_MS // 2
    other = advancer(ledger, wakes, After(between))

    # Somebody else plans a look after this one has read the job.
    after = After(None, act=lambda: other.advance(job_id))
    advanced = advancer(ledger, wakes, after).advance(job_id)

    assert advanced is not None
    assert advanced.view.progress.wake_at == ledger.view(job_id).progress.wake_at == between


def test_the_round_finds_what_is_due_and_says_how_late(ledger: Ledger, wakes: Wakes) -> None:
    created(ledger, wakes, deadline_seconds=3_600)
    reconciler = replace(ledger.reconciler, advancer=advancer(ledger, wakes))
    ledger.now += HOUR_MS + 250_000

    (job,), _ = reconciler.reconcile_open(always)

    assert (job.status, job.late_ms) == (JobStatus.FAILED, 250_000)
