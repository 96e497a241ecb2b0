"""An audit that reads the table directly sees what the store reads, however large a lane is."""

from typing import Any

import pytest

from benchmarks.stored_job import stored_job, stored_lanes
from forgeledger.bootstrap.storage import ledger_store
from forgeledger.jobs.model.ids import make_job_id
from forgeledger.jobs.model.limits import PAYLOAD_BYTES
from forgeledger.jobs.storage.store import DynamoStore
from forgeledger.runtime import Runtime
from tests.support.builders import make_command
from tests.support.lane_steps import apply, create_job, register
from tests.support.stored_jobs import sealed_job

# More than a page of a megabyte holds.
MANY = 40


@pytest.fixture
def store(table: tuple[Any, str]) -> DynamoStore:
    return ledger_store(*table, Runtime())


def test_each_lane_is_read_whole(store: DynamoStore, table: tuple[Any, str], moment: int) -> None:
    job_id = make_job_id(moment, 7, 2)
    create_job(store, job_id, lanes=2)
    payload = '"' + "x" * (PAYLOAD_BYTES - 2) + '"'
    for number in range(MANY):
        apply(store, job_id, make_command("register", item_id=f"i{number:02}", payload=payload))
    register(store, job_id, ["a", "b"], lane=1)
    apply(store, job_id, make_command("complete", item_id="b"), lane=1)

    lanes = list(stored_lanes(*table, job_id))

    for number, lane in enumerate(lanes):
        view = store.load_lane(job_id, number, ())
        assert view is not None
        assert lane.head == view.head
        assert tuple(lane.items) == store.list_items(job_id, number, None, 100).items
        assert tuple(lane.rows) == store.read_journal(job_id, number, 0, 100)
    assert [len(lane.items) for lane in lanes] == [MANY, 2]
    assert [offset for offset, _ in lanes[1].events] == [0, 1, 2]


def test_no_other_job_is_read(store: DynamoStore, table: tuple[Any, str], moment: int) -> None:
    ids = [make_job_id(moment, 7, 1), make_job_id(moment, 8, 1)]
    for job_id in ids:
        create_job(store, job_id)
        register(store, job_id, [f"of-{job_id}"])

    for job_id in ids:
        (lane,) = stored_lanes(*table, job_id)

        assert [item.item_id for item in lane.items] == [f"of-{job_id}"]


def test_the_job_is_read_with_its_facts_and_lanes(
    store: DynamoStore, table: tuple[Any, str], moment: int
) -> None:
    job_id = make_job_id(moment, 7, 1)
    sealed = sealed_job(store, job_id)

    stored = stored_job(*table, job_id)

    assert stored.header == sealed.job
    assert tuple(stored.facts) == store.read_facts(job_id, 0, 100)
    assert [item.item_id for lane in stored.lanes for item in lane.items] == ["a"]
    assert [event.kind for event in stored.events] == ["registered", "completed", "gated"]
