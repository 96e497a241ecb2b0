"""A small job is created with its items, sealed: decided at once, or not at all."""

import pytest

from forgeledger.jobs.model import creation
from forgeledger.jobs.model.facts import FactKind
from forgeledger.jobs.model.ids import make_job_id
from forgeledger.jobs.model.job_lifecycle import genesis, next_step, total
from forgeledger.jobs.model.lanes import Counts, LaneMode
from forgeledger.jobs.model.limits import COMMIT_BYTES, PAYLOAD_BYTES
from forgeledger.jobs.model.replay import replay
from tests.support.builders import NOW
from tests.support.creations import sealed_creation


def job_id_of(lanes: int) -> str:
    return make_job_id(NOW, 7, lanes)


def names(number: int) -> list[str]:
    return [f"invoice-{n:04d}" for n in range(number)]


@pytest.mark.parametrize("lanes", [1, 2, 5])
def test_a_creation_ends_sealed_with_all_its_items_and_nothing_left_to_do(lanes: int) -> None:
    made = sealed_creation(job_id_of(lanes), ["a", "b", "c"])

    assert made is not None
    assert [fact.kind for fact in made.facts] == [FactKind.CREATED, FactKind.SEALED]
    assert [fact.number for fact in made.facts] == [0, 1]
    assert [fact.counts for fact in made.facts] == [Counts(), total(made.heads)]
    assert total(made.heads) == Counts(pending=3)
    assert (made.job.facts, made.job.mode, made.job.sealed_at) == (2, LaneMode.SEALED, NOW)
    assert {(head.gate, head.mode) for head in made.heads} == {(1, LaneMode.SEALED)}
    step = next_step(made.job, made.heads, NOW)
    assert (step.facts, step.lagging) == ((), ())


def test_replaying_each_commit_gives_its_head_and_items() -> None:
    made = sealed_creation(job_id_of(3), names(20))

    assert made is not None
    for start, head, commit in zip(genesis(made.job.spec), made.heads, made.commits, strict=True):
        items = {item.item_id: item for item in commit.items}
        assert replay(start, commit.events) == (head, items)
        assert (commit.before, commit.head) == (start, head)


def test_an_item_that_is_named_twice_is_one_item() -> None:
    made = sealed_creation(job_id_of(1), ["a", "b", "a"])

    assert made is not None
    assert total(made.heads).total == made.facts[1].counts.total == 2


@pytest.mark.parametrize(("lanes", "most"), [(1, 95), (4, 89), (48, 1)])
def test_as_many_items_as_the_actions_of_a_transaction_allow(lanes: int, most: int) -> None:
    assert sealed_creation(job_id_of(lanes), names(most)) is not None
    assert sealed_creation(job_id_of(lanes), names(most + 1)) is None


def test_more_lanes_than_a_transaction_holds_do_not_fit() -> None:
    assert sealed_creation(job_id_of(49), ["a"]) is None


def test_payloads_that_one_journal_row_cannot_hold_do_not_fit() -> None:
    payload = "x" * PAYLOAD_BYTES

    assert sealed_creation(job_id_of(1), names(8), payload=payload) is not None
    assert sealed_creation(job_id_of(1), names(10), payload=payload) is None


def test_payloads_that_fit_each_row_but_not_one_transaction_do_not_fit() -> None:
    """Each of sixteen lanes has a journal row of its own: only the sum is too large."""
    payload = "x" * PAYLOAD_BYTES
    items_that_fit = COMMIT_BYTES // (2 * PAYLOAD_BYTES)

    assert sealed_creation(job_id_of(16), names(items_that_fit - 2), payload=payload) is not None
    assert sealed_creation(job_id_of(16), names(items_that_fit + 1), payload=payload) is None


def test_the_bound_of_bytes_is_the_sum_of_all_lanes(monkeypatch: pytest.MonkeyPatch) -> None:
    assert sealed_creation(job_id_of(2), ["a"]) is not None

    monkeypatch.setattr(creation, "COMMIT_BYTES", 3_000)

    assert sealed_creation(job_id_of(1), ["a"]) is not None
    assert sealed_creation(job_id_of(2), ["a"]) is None
