"""Repairing from the table what a lost stream record or a fault left undone."""

from dataclasses import replace

import pytest

from forgeledger.errors import JobNotFound, StorageBusy
from forgeledger.jobs.model.ids import make_job_id
from forgeledger.jobs.ports import JobView
from forgeledger.runtime import HasTime
from tests.support.builders import NOW
from tests.support.ledgers import Ledger
from tests.support.time_left import always, looks

UNKNOWN = make_job_id(NOW, 99, 2)
DAY_MS = 24 * 3_600 * 1_000


def test_a_lost_stream_is_made_good_from_the_table(ledger: Ledger) -> None:
    job_id = ledger.job()
    ledger.do(job_id, "register", "a")
    ledger.lifecycle.seal(job_id)
    ledger.do(job_id, "complete", "a")

    done, after = ledger.reconciler.reconcile_open(always)

    assert [(job.job_id, job.status, job.events_published) for job in done] == [
        (job_id, "COMPLETED", 3)
    ]
    assert after is None
    assert ledger.bus.heard == ["1:job.created", "1:job.sealed", "1:job.completed"]


def test_a_finished_job_with_unpublished_facts_is_open_until_they_are_published(
    ledger: Ledger,
) -> None:
    job_id = ledger.job()
    ledger.lifecycle.seal(job_id)

    first, _ = ledger.reconciler.reconcile_open(always)
    second, _ = ledger.reconciler.reconcile_open(always)

    assert [job.events_published for job in first] == [3]
    assert second == []
    assert ledger.view(job_id).published == 3


def test_it_goes_on_where_time_ran_out(ledger: Ledger) -> None:
    jobs = sorted(ledger.job() for _ in range(3))

    first, after = ledger.reconciler.reconcile_open(looks(2))
    second, end = ledger.reconciler.reconcile_open(always, after)

    assert [job.job_id for job in (*first, *second)] == jobs
    assert end is None


def test_no_time_at_all_is_distinguished_from_nothing_to_do(ledger: Ledger) -> None:
    job_id = ledger.job()

    done, after = ledger.reconciler.reconcile_open(lambda: False)
    rest, end = ledger.reconciler.reconcile_open(always, after)

    assert (done, after) == ([], "")
    assert ([job.job_id for job in rest], end) == ([job_id], None)


def test_a_job_that_runs_out_of_time_is_gone_on_with_and_not_called_broken(ledger: Ledger) -> None:
    first, second = ledger.job(), ledger.job(deadline_seconds=60)
    ledger.now += 60_000

    done, after = ledger.reconciler.reconcile_open(looks(4))
    rest, end = ledger.reconciler.reconcile_open(always, after)

    assert ([job.job_id for job in done], after) == ([first], first)
    assert [(job.job_id, job.status) for job in rest] == [(second, "FAILED")]
    assert end is None


def test_a_header_that_drifted_is_set_right(ledger: Ledger) -> None:
    job_id = ledger.job()
    ledger.do(job_id, "register", "a")
    ledger.advancer.advance(job_id)
    right = ledger.view(job_id).progress
    wrong = replace(right, counts=replace(right.counts, pending=99))
    ledger.store.roll_up(ledger.view(job_id).job, wrong)

    ledger.reconciler.reconcile(job_id)

    assert ledger.view(job_id).progress.counts == right.counts


def test_a_job_whose_rows_are_about_to_expire_is_called_late(ledger: Ledger) -> None:
    job_id = ledger.job()
    ledger.now += 29 * DAY_MS

    assert ledger.reconciler.reconcile(job_id).retention_late


@pytest.mark.parametrize("method", ["reconcile", "recount"])
def test_an_unknown_job_is_named(ledger: Ledger, method: str) -> None:
    has_time = (always,) if method == "recount" else ()

    with pytest.raises(JobNotFound):
        getattr(ledger.reconciler, method)(UNKNOWN, *has_time)


def test_a_job_in_trouble_does_not_stop_the_others(ledger: Ledger) -> None:
    failing, healthy = sorted([ledger.job(), ledger.job()])

    class FailingAdvancer:
        def advance(self, job_id: str, has_time: HasTime) -> JobView | None:
            if job_id == failing:
                raise StorageBusy("lane", 3)
            return ledger.advancer.advance(job_id, has_time)

    reconciler = replace(ledger.reconciler, advancer=FailingAdvancer())

    done, after = reconciler.reconcile_open(always)

    assert [(job.job_id, job.status) for job in done] == [(failing, None), (healthy, "RUNNING")]
    assert done[0].error == "StorageBusy: lane: still busy after 3 attempts"
    assert after is None
