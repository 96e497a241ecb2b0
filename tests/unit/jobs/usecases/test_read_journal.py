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


def register(number):
    return make_command(CommandKind.REGISTER, item_id=f"item-{number}")


def read(ledger, job_id, limit):
    store = ledger.store
    reader = JournalReader(jobs=store, lanes=store, facts=store, runtime=ledger.runtime)
    return reader.page(job_id, JournalPosition(), limit)


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
