"""Every store: rows get a later TTL, and a pass over them stores where it stopped."""

from collections.abc import Callable

import pytest

from forgeledger.jobs.ports import LedgerStore
from tests.support.builders import NOW
from tests.support.lane_steps import create_job, loaded, register

DAY_SECONDS = 24 * 3_600
NOW_SECONDS = NOW // 1_000


def test_renewing_is_noted_and_never_earlier(store: LedgerStore, job_id: str) -> None:
    create_job(store, job_id)

    store.mark_renewed(job_id, NOW + 10, lost=False)
    store.mark_renewed(job_id, NOW + 5, lost=True)

    job = loaded(store, job_id).job
    assert (job.renewed_since, job.rows_lost) == (NOW + 10, False)


def test_that_rows_were_lost_is_never_forgotten(store: LedgerStore, job_id: str) -> None:
    create_job(store, job_id)

    store.mark_renewed(job_id, NOW + 10, lost=True)
    store.mark_renewed(job_id, NOW + 20, lost=False)

    job = loaded(store, job_id).job
    assert (job.renewed_since, job.rows_lost) == (NOW + 20, True)


def test_renewing_goes_through_all_rows_page_by_page(store: LedgerStore, job_id: str) -> None:
    create_job(store, job_id)
    register(store, job_id, ["a", "b", "c"])
    register(store, job_id, ["d"])
    pages, after = 1, store.renew(job_id, 0, None, 2, NOW).after

    while after is not None:
        pages, after = pages + 1, store.renew(job_id, 0, after, 2, NOW).after

    assert 3 <= pages <= 4


def test_rows_that_were_renewed_outlive_those_that_were_not(
    store: LedgerStore, expire_rows: Callable[[int], None], job_id: str
) -> None:
    create_job(store, job_id)
    register(store, job_id, ["a", "b"])
    register(store, job_id, ["c"])

    after = store.renew(job_id, 0, None, 2, NOW_SECONDS + 40 * DAY_SECONDS).after
    expire_rows(NOW_SECONDS + 35 * DAY_SECONDS)

    assert after is not None
    assert [item.item_id for item in store.list_items(job_id, 0, None, 9).items] == ["a", "b"]
    assert store.read_journal(job_id, 0, 0, 9) == ()


@pytest.mark.parametrize("number", [1, 50, 51, 120])
def test_many_rows_are_renewed_at_once_and_never_to_an_earlier_time(
    store: LedgerStore, expire_rows: Callable[[int], None], job_id: str, number: int
) -> None:
    create_job(store, job_id)
    names = [f"i{n:03d}" for n in range(number)]
    for start in range(0, number, 60):
        register(store, job_id, names[start : start + 60])

    store.renew(job_id, 0, None, 1_000, NOW_SECONDS + 40 * DAY_SECONDS)
    store.renew(job_id, 0, None, 1_000, NOW_SECONDS + 31 * DAY_SECONDS)
    expire_rows(NOW_SECONDS + 39 * DAY_SECONDS)

    assert len(store.list_items(job_id, 0, None, 1_000).items) == number
    assert sum(len(row.entries) for row in store.read_journal(job_id, 0, 0, 9)) == number


def test_a_checkpoint_is_loaded_as_it_was_saved(store: LedgerStore, job_id: str) -> None:
    work, checkpoint = f"work-{job_id}", {"after": job_id, "lanes": [None, "ITEM#ü"]}
    empty = store.load_checkpoint(work)

    store.save_checkpoint(work, checkpoint)
    stored = store.load_checkpoint(work)
    store.save_checkpoint(work, {})

    assert (empty, stored, store.load_checkpoint(work)) == ({}, checkpoint, {})
