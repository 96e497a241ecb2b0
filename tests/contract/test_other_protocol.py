"""The store keeps working on the day on which botocore speaks another protocol with DynamoDB."""

from dataclasses import replace
from typing import Any

import pytest

from forgeledger.aws.dynamodb.raw_json import without_conversion
from forgeledger.bootstrap.storage import ledger_store
from forgeledger.jobs.ports import LedgerStore
from forgeledger.runtime import Runtime
from tests.support.builders import make_command
from tests.support.cbor_dynamo import PROTOCOL, CborService, cbor_client
from tests.support.lane_steps import (
    apply,
    create_job,
    decided,
    lane_view,
    loaded,
    new_commit_id,
    register,
    registrations,
)
from tests.support.stored_jobs import sealed_job, verdict_of


@pytest.fixture
def service(table: tuple[Any, str]) -> CborService:
    return CborService(table[0])


@pytest.fixture
def store(service: CborService, table: tuple[Any, str]) -> LedgerStore:
    client = without_conversion(cbor_client(service))
    assert client.meta.service_model.resolved_protocol == PROTOCOL
    return ledger_store(client, table[1], Runtime())


def test_a_job_runs_to_its_verdict(store: LedgerStore, service: CborService, job_id: str) -> None:
    view = sealed_job(store, job_id)

    assert store.commit_job(verdict_of(view))

    assert loaded(store, job_id).job.finished
    assert len(store.read_facts(job_id, 0, 10)) == 3
    assert {"TransactWriteItems", "BatchGetItem", "Query"} <= service.operations


def test_a_packed_journal_row_is_written_and_read(store: LedgerStore, job_id: str) -> None:
    create_job(store, job_id)
    names = [f"item-{number}-{'x' * 100}" for number in range(30)]

    commit = register(store, job_id, names)

    (row,) = store.read_journal(job_id, 0, 0, 10)
    assert row.entries == commit.events


def test_a_commit_on_a_head_that_has_moved_is_refused(store: LedgerStore, job_id: str) -> None:
    create_job(store, job_id)
    late = decided(store, job_id, *registrations(["a"]))
    register(store, job_id, ["b"])

    made = store.commit_lane(late, new_commit_id())

    assert not made
    assert list(lane_view(store, job_id, "a", "b").items) == ["b"]


def test_a_commit_whose_answer_was_lost_is_recognised(store: LedgerStore, job_id: str) -> None:
    create_job(store, job_id)
    commit = decided(store, job_id, make_command("register", item_id="a", payload='"é"'))
    commit_id = new_commit_id()
    assert store.commit_lane(commit, commit_id)

    again = store.commit_lane(replace(commit), commit_id)

    assert again
    apply(store, job_id, make_command("complete", item_id="a"))
