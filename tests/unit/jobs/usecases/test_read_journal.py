"""Pages of a job's journal cost few reads, whatever the size of its commits."""

import pytest

from forgeledger.jobs.model.commands import CommandKind
from forgeledger.jobs.usecases.read_journal import JournalPosition, JournalReader
from tests.support.builders import make_command
from tests.support.ledgers import Ledger
from tests.support.memory_store import MemoryStore


class CountingStore(MemoryStore):
    def __init__(self):
        super().__init__()
        self.reads = []

    def read_journal(self, job_id, lane, offset, limit):
        rows = super().read_journal(job_id, lane, offset, limit)
        self.reads.append(len(rows))
        return rows


@pytest.fixture
def ledger():
    return Ledger(CountingStore())


def register(number, **fields):
    return make_command(CommandKind.REGISTER, item_id=f"item-{number}", **fields)


def read(ledger, job_id, limit, position=None):
    store = ledger.store
    reader = JournalReader(jobs=store, lanes=store, facts=store, runtime=ledger.runtime)
    return reader.page(job_id, position or JournalPosition(), limit)


def test_a_journal_of_many_small_commits_is_read_in_few_steps(ledger):
    job_id = ledger.job(lanes=1, name="slow")
    for number in range(400):
        ledger.send(job_id, register(number))

    page = read(ledger, job_id, 500)

    assert len(page.entries) == 401
    assert not page.more
    assert len(ledger.store.reads) <= 4


def test_of_large_commits_no_more_is_read_than_the_page_can_hold(ledger):
    job_id = ledger.job(lanes=1, name="fast")
    for start in range(0, 2_400, 80):
        ledger.lane_writer.apply(job_id, 0, [register(start + number) for number in range(80)])

    page = read(ledger, job_id, 1_000)

    assert len(page.entries) == 1_000
    assert page.more
    assert sum(ledger.store.reads) <= 14


def test_a_page_of_one_event_reads_one_row_whatever_the_lanes(ledger):
    job_id = ledger.job(lanes=64, name="wide")
    for lane in range(64):
        for start in range(0, 800, 80):
            items = [register(f"{lane}-{start + number}") for number in range(80)]
            ledger.lane_writer.apply(job_id, lane, items)

    first = read(ledger, job_id, 1)
    second = read(ledger, job_id, 1, first.following)

    assert len(first.entries) == len(second.entries) == 1
    assert sum(ledger.store.reads) == 1


def test_of_lanes_with_large_rows_no_more_is_read_than_an_answer_holds(ledger):
    job_id = ledger.job(lanes=64, name="heavy")
    payload = '"' + 30_000 * "x" + '"'
    for lane in range(64):
        items = [register(f"{lane}-{number}", payload=payload) for number in range(9)]
        ledger.lane_writer.apply(job_id, lane, items)

    page = read(ledger, job_id, 2_000)

    assert page.more
    assert sum(ledger.store.reads) <= 24
