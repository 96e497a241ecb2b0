"""A transaction without an answer is recognised exactly if it was made, and is made once."""

from typing import Any

import pytest

from forgeledger.aws.dynamodb.retries import Retrying
from forgeledger.bootstrap.storage import ledger_store
from forgeledger.jobs.model.job_lifecycle import create, seal
from forgeledger.jobs.model.lanes import Counts
from forgeledger.jobs.ports import JobChange
from forgeledger.jobs.storage.store import DynamoStore
from forgeledger.runtime import Runtime, new_id
from tests.support.builders import NOW, make_spec
from tests.support.creations import sealed_creation
from tests.support.fake_dynamodb import LosingDynamo
from tests.support.lane_steps import (
    create_job,
    decided,
    lane_view,
    loaded,
    new_commit_id,
    register,
    registrations,
)
from tests.support.one_by_one import one_by_one

_no_pauses = Retrying(sleep=lambda seconds: None)

made_or_not = pytest.mark.parametrize(
    ("made", "forgets_tokens"),
    [(True, False), (True, True), (False, False)],
    ids=["made", "made-and-its-token-forgotten", "not-made"],
)


def _store(client: Any, name: str) -> DynamoStore:
    return DynamoStore(client, name, retrying=_no_pauses, new_id=new_id, parallel=one_by_one)


@pytest.fixture
def store(table: tuple[Any, str]) -> DynamoStore:
    """Another client's store, which loses no answer."""
    return ledger_store(*table, Runtime())


@made_or_not
def test_a_commit_without_an_answer_is_made_once(
    table: tuple[Any, str], store: DynamoStore, job_id: str, made: bool, forgets_tokens: bool
) -> None:
    create_job(store, job_id)
    commit = decided(store, job_id, *registrations(["a"]))
    client = LosingDynamo(table[0], made=made, forgets_tokens=forgets_tokens)

    assert DynamoStore(
        client, table[1], retrying=_no_pauses, new_id=new_id, parallel=one_by_one
    ).commit_lane(commit, new_commit_id())

    assert lane_view(store, job_id, "a").head == commit.head
    assert len(store.read_journal(job_id, 0, 0, 10)) == 1


@made_or_not
def test_a_commit_without_an_answer_is_known_though_others_committed_since(
    table: tuple[Any, str], store: DynamoStore, job_id: str, made: bool, forgets_tokens: bool
) -> None:
    create_job(store, job_id)
    commit = decided(store, job_id, *registrations(["a"]))
    client = LosingDynamo(table[0], made=made, forgets_tokens=forgets_tokens)
    client.meanwhile = lambda: register(store, job_id, ["b"])

    committed = DynamoStore(
        client, table[1], retrying=_no_pauses, new_id=new_id, parallel=one_by_one
    ).commit_lane(commit, new_commit_id())

    assert committed is made
    names = [item.item_id for item in store.list_items(job_id, 0, None, 10).items]
    assert names == (["a", "b"] if made else ["b"])
    assert lane_view(store, job_id).head.counts.pending == len(names)


@made_or_not
def test_a_change_of_a_header_without_an_answer_is_made_once(
    table: tuple[Any, str], store: DynamoStore, job_id: str, made: bool, forgets_tokens: bool
) -> None:
    view = create_job(store, job_id)
    step = seal(view.job, Counts(), NOW)
    client = LosingDynamo(table[0], made=made, forgets_tokens=forgets_tokens)
    losing = _store(client, table[1])

    assert losing.commit_job(JobChange(before=view.job, job=step.job, facts=step.facts))

    assert loaded(store, job_id).job == step.job
    assert len(store.read_facts(job_id, 0, 10)) == 2


@made_or_not
def test_a_change_of_a_header_without_an_answer_does_not_take_anothers_for_its_own(
    table: tuple[Any, str], store: DynamoStore, job_id: str, made: bool, forgets_tokens: bool
) -> None:
    view = create_job(store, job_id)
    step = seal(view.job, Counts(), NOW)
    change = JobChange(before=view.job, job=step.job, facts=step.facts)
    client = LosingDynamo(table[0], made=made, forgets_tokens=forgets_tokens)
    others: list[bool] = []
    client.meanwhile = lambda: others.append(store.commit_job(change))

    committed = DynamoStore(
        client, table[1], retrying=_no_pauses, new_id=new_id, parallel=one_by_one
    ).commit_job(change)

    assert committed is made
    assert others == [not made]
    assert len(store.read_facts(job_id, 0, 10)) == 2


@made_or_not
def test_a_creation_without_an_answer_is_made_once(
    table: tuple[Any, str], store: DynamoStore, job_id: str, made: bool, forgets_tokens: bool
) -> None:
    job, heads, fact = create(make_spec(job_id=job_id))
    client = LosingDynamo(table[0], made=made, forgets_tokens=forgets_tokens)

    DynamoStore(
        client, table[1], retrying=_no_pauses, new_id=new_id, parallel=one_by_one
    ).create_job(job, heads, fact)

    view = loaded(store, job_id)
    assert (view.job, view.heads) == (job, heads)


@made_or_not
def test_a_sealed_creation_without_an_answer_is_made_once_and_known_as_ones_own(
    table: tuple[Any, str], store: DynamoStore, job_id: str, made: bool, forgets_tokens: bool
) -> None:
    creation = sealed_creation(job_id, ["a", "b"])
    assert creation is not None
    client = LosingDynamo(table[0], made=made, forgets_tokens=forgets_tokens)
    losing = DynamoStore(client, table[1], retrying=_no_pauses, new_id=new_id, parallel=one_by_one)

    assert losing.create_sealed_job(creation)

    view = loaded(store, job_id)
    assert (view.job, view.heads) == (creation.job, creation.heads)
    assert len(store.read_journal(job_id, 0, 0, 10)) == 1


@made_or_not
def test_a_sealed_creation_without_an_answer_does_not_take_anothers_for_its_own(
    table: tuple[Any, str], store: DynamoStore, job_id: str, made: bool, forgets_tokens: bool
) -> None:
    creation = sealed_creation(job_id, ["a", "b"])
    assert creation is not None
    client = LosingDynamo(table[0], made=made, forgets_tokens=forgets_tokens)
    others: list[bool] = []
    client.meanwhile = lambda: others.append(store.create_sealed_job(creation))

    created = DynamoStore(
        client, table[1], retrying=_no_pauses, new_id=new_id, parallel=one_by_one
    ).create_sealed_job(creation)

    assert created is made
    assert others == [not made]
    assert len(store.read_facts(job_id, 0, 10)) == 2
