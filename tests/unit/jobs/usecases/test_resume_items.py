"""A lane is resumed in many turns, each of which goes on where the one before stopped."""

from typing import Any

import pytest

from forgeledger.jobs.ports import ItemPage
from forgeledger.jobs.usecases import resume_items
from tests.support.ledgers import Ledger
from tests.support.memory_store import MemoryStore

ITEMS = 40


class ReadLog(MemoryStore):
    """It notes how many items are listed."""

    items_listed = 0

    def list_items(self, *arguments: Any, **options: Any) -> ItemPage:
        page = super().list_items(*arguments, **options)
        self.items_listed += len(page.items)
        return page


@pytest.fixture
def ledger(monkeypatch: pytest.MonkeyPatch) -> Ledger:
    monkeypatch.setattr(resume_items, "ITEMS_RESUMED_AT_ONCE", 4)
    monkeypatch.setattr(resume_items, "SCANNED_ITEMS", 4)
    return Ledger(ReadLog())


def canceled_job(ledger: Ledger) -> str:
    job_id = ledger.job(lanes=1)
    ledger.fill(job_id, ITEMS)
    ledger.lifecycle.cancel(job_id)
    return job_id


def resume_all(ledger: Ledger, job_id: str) -> int:
    """How many turns it takes."""
    ledger.lifecycle.reopen(job_id, resume=True)
    turns = 1
    while ledger.view(job_id).job.resume_gate:
        ledger.advancer.advance(job_id)
        turns += 1
    return turns


def test_no_turn_reads_again_what_an_earlier_one_resumed(ledger: Ledger) -> None:
    job_id = canceled_job(ledger)

    turns = resume_all(ledger, job_id)

    assert turns == ITEMS // 4
    assert ledger.store.items_listed == ITEMS


def test_a_turn_goes_on_also_after_a_few_commands_of_workers(ledger: Ledger) -> None:
    job_id = canceled_job(ledger)
    ledger.lifecycle.reopen(job_id, resume=True)
    ledger.do(job_id, "complete", *["i0000"] * 30)
    before = ledger.store.items_listed

    ledger.advancer.advance(job_id)

    assert ledger.store.items_listed - before == 4


def test_what_a_second_cancel_took_back_is_resumed_from_the_first_item_on(ledger: Ledger) -> None:
    job_id = canceled_job(ledger)
    ledger.lifecycle.reopen(job_id, resume=True)
    ledger.lifecycle.cancel(job_id)

    resume_all(ledger, job_id)

    assert ledger.view(job_id).heads[0].counts.pending == ITEMS


def test_a_lane_that_never_closed_is_not_read_for_what_commands_canceled(ledger: Ledger) -> None:
    job_id = ledger.job(lanes=1)
    ledger.fill(job_id, 2)
    ledger.do(job_id, "complete", "i0000")
    ledger.do(job_id, "cancel", "i0001")
    ledger.lifecycle.seal(job_id)
    ledger.advancer.advance(job_id)

    assert resume_all(ledger, job_id) == 1
    assert ledger.store.items_listed == 0


def test_where_the_events_of_workers_hide_how_far_it_came_nothing_is_left_out(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resume_items, "_EVENTS_LOOKED_BACK", (2,))
    job_id = canceled_job(ledger)
    ledger.lifecycle.reopen(job_id, resume=True)
    ledger.do(job_id, "complete", *["i0000"] * 3)

    resume_all(ledger, job_id)

    assert ledger.view(job_id).heads[0].counts.pending == ITEMS - 1
