"""A job that one transaction creates is the one that would be created and filled in several."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from forgeledger.jobs.model.facts import event_id
from forgeledger.jobs.model.jobs import Tolerance
from forgeledger.jobs.model.lanes import Counts, LaneRules
from forgeledger.jobs.services import services_on
from forgeledger.jobs.usecases import create_job
from forgeledger.jobs.usecases.create_job import Created, NewJob
from forgeledger.jobs.usecases.register_items import NewItem, Registered
from forgeledger.repeat import Repeat
from tests.support.api_callers import MemoryClaims
from tests.support.ledgers import Ledger
from tests.support.memory_store import MemoryStore

REPEAT = Repeat(key="k", fingerprint="body")
_ALL = 1_000


def items(*names: str) -> tuple[NewItem, ...]:
    return tuple(NewItem(item_id=name, payload=f'"{name}"') for name in names)


NEW = NewJob(name="nightly", lanes=3, items=items("a", "b", "c", "d"), seal=True)
REQUESTS = {
    "one item": replace(NEW, lanes=1, items=items("a")),
    "several lanes": NEW,
    "an item twice": replace(NEW, items=items("a", "b", "a")),
    "lanes by default": replace(NEW, lanes=None),
    "more than expected": replace(NEW, expected_items=2),
    "fewer than expected": replace(NEW, expected_items=9),
    "a deadline": replace(NEW, deadline_seconds=60, tolerance=Tolerance(failures=0)),
    "rules": replace(NEW, rules=LaneRules(max_attempts=3, registers_on_the_way=True, ttl_days=0)),
    "metadata and tags": replace(NEW, metadata='{"a":"\u00e9"}', tags=("x", "y")),
}


class CountingStore(MemoryStore):
    def __init__(self) -> None:
        super().__init__()
        self.calls: list[str] = []

    def __getattribute__(self, name: str) -> Any:
        if not name.startswith("_") and name != "calls":
            self.calls.append(name)
        return super().__getattribute__(name)


def creator_of(ledger: Ledger, claims: MemoryClaims | None = None) -> Callable[..., Created]:
    return services_on(ledger.store, claims or MemoryClaims(), ledger.runtime).creator.create


def everything_of(store: MemoryStore, job_id: str) -> dict[str, Any]:
    """All that is stored of a job, apart from what is rolled up, and how events were committed."""
    view = store.load_job(job_id)
    assert view is not None
    lanes = range(len(view.heads))
    rows = [store.read_journal(job_id, lane, 0, _ALL) for lane in lanes]
    facts = store.read_facts(job_id, 0, _ALL)
    return {
        "job": view.job,
        "heads": view.heads,
        "published": view.published,
        "facts": facts,
        "events on the bus": [event_id(job_id, fact) for fact in facts if fact.published],
        "journal": [[event for row in lane for event in row.entries] for lane in rows],
        "items": [store.list_items(job_id, lane, None, _ALL).items for lane in lanes],
    }


@pytest.mark.parametrize("new", REQUESTS.values(), ids=REQUESTS)
def test_nothing_but_the_number_of_transactions_differs(
    new: NewJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once, in_steps = Ledger(CountingStore()), Ledger(MemoryStore())

    created = creator_of(at_once)(new, REPEAT)
    made_by = at_once.store.calls
    monkeypatch.setattr(create_job, "create_sealed", lambda *_: None)
    expected = creator_of(in_steps)(new, REPEAT)

    job_id = created.view.job.job_id
    assert made_by == ["create_sealed_job"]
    assert everything_of(at_once.store, job_id) == everything_of(in_steps.store, job_id)
    assert created.registered == expected.registered
    assert (created.view.job, created.view.heads) == (expected.view.job, expected.view.heads)


@pytest.mark.parametrize("new", REQUESTS.values(), ids=REQUESTS)
def test_a_repeated_request_changes_nothing_and_shows_the_job_as_it_is_by_now(new: NewJob) -> None:
    ledger, claims = Ledger(MemoryStore()), MemoryClaims()
    create = creator_of(ledger, claims)
    job_id = create(new, REPEAT).view.job.job_id
    ledger.do(job_id, "complete", "a")
    ledger.advancer.advance(job_id)
    before = everything_of(ledger.store, job_id)
    ledger.now += 1_000

    again = create(new, REPEAT)

    assert everything_of(ledger.store, job_id) == before
    assert again.view.job == before["job"]
    assert again.view.heads == before["heads"]
    assert again.registered == Registered(already_existed=len(new.items))


def test_a_request_without_a_key_makes_a_job_each_time() -> None:
    ledger = Ledger(MemoryStore())
    create = creator_of(ledger)

    first, second = create(NEW), create(NEW)

    assert first.view.job.job_id != second.view.job.job_id
    assert first.registered == second.registered == Registered(registered=4)


def test_a_job_that_an_earlier_try_created_without_items_is_filled_and_sealed() -> None:
    """As by a version of the ledger that created every job in several transactions."""
    ledger, claims = Ledger(MemoryStore()), MemoryClaims()
    job_id = ledger.job(lanes=3, name="nightly")
    claims.claimed[REPEAT.key] = (REPEAT, job_id)

    created = creator_of(ledger, claims)(NEW, REPEAT)

    assert created.view.job.job_id == job_id
    assert created.view.job.sealed
    assert created.registered == Registered(registered=4)


@pytest.mark.parametrize(
    "new",
    [replace(NEW, seal=False), replace(NEW, items=()), replace(NEW, lanes=64)],
    ids=["unsealed", "without items", "of too many lanes"],
)
def test_any_other_job_is_created_and_filled_in_steps(new: NewJob) -> None:
    ledger = Ledger(CountingStore())

    created = creator_of(ledger)(new)

    assert "create_sealed_job" not in ledger.store.calls
    assert ledger.store.calls[0] == "create_job"
    assert created.view.job.sealed is new.seal
    assert sum((head.counts for head in created.view.heads), Counts()).total == len(new.items)


def test_a_job_too_large_for_one_transaction_has_all_of_its_items() -> None:
    ledger = Ledger(MemoryStore())
    many = items(*(f"i{n}" for n in range(96)))

    created = creator_of(ledger)(replace(NEW, lanes=1, items=many))

    assert created.registered == Registered(registered=96)
    assert created.view.heads[0].counts == Counts(pending=96)
    assert created.view.job.sealed
