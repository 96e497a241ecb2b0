"""Rounds over all open jobs: each resumes where the one before stopped."""

from dataclasses import replace

from forgeledger.errors import StorageBusy
from forgeledger.jobs.model.jobs import JobStatus
from forgeledger.jobs.model.lanes import LaneRules
from forgeledger.jobs.ports import JobView
from tests.support.builders import NOW
from tests.support.ledgers import Ledger, retention_extender
from tests.support.time_left import always, looks

HOUR_MS = 3_600 * 1_000
DAY_MS = 24 * HOUR_MS
ONE_DAY = LaneRules(ttl_days=1)


def test_rounds_that_are_cut_short_come_to_the_end_of_a_large_job(ledger: Ledger) -> None:
    job_id = ledger.job(lanes=3, rules=ONE_DAY)
    ledger.do(job_id, "register", *(f"i{n}" for n in range(1_500)))
    ledger.now += DAY_MS // 2
    rounds = 0

    while ledger.view(job_id).job.renewed_since == NOW:
        _, complete = ledger.scheduled_round.run(always, looks(2))
        rounds += 1
    ledger.now += DAY_MS // 2
    ledger.store.delete_expired(ledger.now)

    assert rounds > 3
    assert complete
    items = [ledger.store.list_items(job_id, lane, None, 9_999).items for lane in range(3)]
    assert sum(map(len, items)) == 1_500


def test_a_job_whose_retention_cannot_be_extended_does_not_stop_the_others(ledger: Ledger) -> None:
    failing, healthy = sorted([ledger.job(), ledger.job()])
    ledger.now += 15 * DAY_MS
    extender = retention_extender(UnreadableJob(ledger, failing), ledger.runtime)

    done, complete = replace(ledger.scheduled_round, retention_extender=extender).run(
        always, always
    )

    errors = {job.job_id: job.error for job in done if job.error is not None}
    assert errors == {
        failing: "retention not extended: StorageBusy: row: still busy after 8 attempts"
    }
    assert complete
    assert ledger.view(healthy).job.renewed_since > NOW


def test_keeping_a_large_job_does_not_cost_another_its_deadline(ledger: Ledger) -> None:
    ledger.fill(ledger.job(lanes=1), 900)
    late = ledger.job(deadline_seconds=60)
    ledger.now += 16 * DAY_MS

    _, complete = ledger.scheduled_round.run(always, looks(1))

    assert not complete
    assert ledger.view(late).job.status is JobStatus.FAILED


def test_a_round_goes_on_with_the_job_where_the_one_before_was_cut_short(ledger: Ledger) -> None:
    jobs = sorted(ledger.job() for _ in range(3))

    first, first_complete = ledger.scheduled_round.run(looks(6), always)
    second, second_complete = ledger.scheduled_round.run(always, always)
    third, _ = ledger.scheduled_round.run(always, always)

    assert [job.job_id for job in first] == jobs[:2]
    assert [job.job_id for job in second] == jobs[2:]
    assert [job.job_id for job in third] == jobs
    assert (first_complete, second_complete) == (False, True)


def test_a_ledger_at_rest_notes_no_places(ledger: Ledger) -> None:
    ledger.job()

    class ReadOnly:
        def __getattr__(self, name: str) -> object:
            assert not name.startswith("save")
            return getattr(ledger.store, name)

    _, complete = replace(ledger.scheduled_round, checkpoints=ReadOnly()).run(always, always)

    assert complete


def test_a_round_loads_each_job_once_and_again_only_to_extend_its_retention(
    ledger: Ledger,
) -> None:
    for _ in range(3):
        ledger.job()
    ledger.scheduled_round.run(always, always)
    loads = count_loads(ledger)

    ledger.scheduled_round.run(always, always)
    in_a_round = len(loads)
    ledger.now += 16 * DAY_MS
    ledger.scheduled_round.run(always, always)

    assert in_a_round == 3
    assert len(loads) - in_a_round == in_a_round + 3


def test_a_job_that_cannot_be_reconciled_keeps_its_rows_all_the_same(ledger: Ledger) -> None:
    job_id = ledger.job()
    ledger.bus.refusals = 10
    ledger.now += 15 * DAY_MS

    done, _ = ledger.scheduled_round.run(always, always)

    assert done[0].error is not None
    assert ledger.view(job_id).job.renewed_since > NOW


def count_loads(ledger: Ledger) -> list[str]:
    loads: list[str] = []
    load_job = ledger.store.load_job

    def load(job_id: str) -> JobView | None:
        loads.append(job_id)
        return load_job(job_id)

    ledger.store.load_job = load
    return loads


class UnreadableJob:
    """The store, with one job that cannot be read."""

    def __init__(self, ledger: Ledger, job_id: str) -> None:
        self._ledger, self._job_id = ledger, job_id

    def __getattr__(self, name: str) -> object:
        return getattr(self._ledger.store, name)

    def load_job(self, job_id: str) -> object:
        if job_id == self._job_id:
            raise StorageBusy("row", 8)
        return self._ledger.store.load_job(job_id)
