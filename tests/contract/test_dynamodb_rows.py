"""What the storage port does not show of DynamoDB's rows: keys, TTLs, indexes and cost."""

from typing import Any

import pytest

from forgeledger.aws.dynamodb.key_ranges import key
from forgeledger.bootstrap.storage import ledger_store
from forgeledger.errors import StorageCorrupt
from forgeledger.jobs.model.commands import CommandKind
from forgeledger.jobs.model.job_lifecycle import next_step, reopen, seal
from forgeledger.jobs.model.lane_decision import decide
from forgeledger.jobs.model.lanes import Counts, LaneRules
from forgeledger.jobs.model.limits import ITEMS_PER_COMMIT
from forgeledger.jobs.ports import JobChange
from forgeledger.jobs.storage.keys import head_key, header_key
from forgeledger.jobs.storage.store import DynamoStore
from forgeledger.runtime import Runtime
from tests.support.builders import NOW, make_command
from tests.support.lane_steps import (
    apply,
    create_job,
    decided,
    follow,
    lane_view,
    loaded,
    new_commit_id,
    register,
    registrations,
)
from tests.support.table_rows import Rows

DAY_SECONDS = 24 * 3_600
NOW_SECONDS = NOW // 1_000


class MeteredClient:
    """A client that adds up the write units of its transactions."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.write_units = 0.0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def transact_write_items(self, **request: Any) -> Any:
        answer = self._client.transact_write_items(**request, ReturnConsumedCapacity="TOTAL")
        self.write_units += sum(table["CapacityUnits"] for table in answer["ConsumedCapacity"])
        return answer


@pytest.fixture
def store(table: tuple[Any, str]) -> DynamoStore:
    return ledger_store(*table, Runtime())


def _finish(store: DynamoStore, job_id: str, *, days: int = 30) -> None:
    """Seal and complete a job of one item."""
    view = create_job(store, job_id, rules=LaneRules(ttl_days=days))
    register(store, job_id, ["a"])
    apply(store, job_id, make_command("complete", item_id="a"))
    step = seal(view.job, Counts(completed=1), NOW)
    assert store.commit_job(JobChange(before=view.job, job=step.job, facts=step.facts))
    follow(store, step.job)
    view = loaded(store, job_id)
    step = next_step(view.job, view.heads, NOW + 60_000)
    change = JobChange(before=view.job, job=step.job, facts=step.facts, heads=view.heads)
    assert store.commit_job(change)


def test_a_running_job_keeps_its_header_and_heads(
    store: DynamoStore, rows: Rows, job_id: str
) -> None:
    create_job(store, job_id)

    register(store, job_id, ["a"])

    written = NOW_SECONDS + 30 * DAY_SECONDS
    assert rows.ttls() == [None, None, written, written]


def test_the_verdict_gives_header_and_heads_a_ttl(
    store: DynamoStore, rows: Rows, job_id: str
) -> None:
    _finish(store, job_id)

    written, finished = NOW_SECONDS + 30 * DAY_SECONDS, NOW_SECONDS + 60 + 30 * DAY_SECONDS
    assert rows.ttls() == [finished, finished, written, written]


def test_reopening_removes_the_ttl_again(store: DynamoStore, rows: Rows, job_id: str) -> None:
    _finish(store, job_id)
    view = loaded(store, job_id)
    step = reopen(view.job, NOW + 120_000)

    assert store.commit_job(JobChange(before=view.job, job=step.job, facts=step.facts))
    follow(store, step.job)

    assert rows.ttls()[:2] == [None, None]


def test_a_job_that_is_retained_forever_has_no_ttl(
    store: DynamoStore, rows: Rows, job_id: str
) -> None:
    _finish(store, job_id, days=0)

    store.renew(job_id, 0, None, 10, NOW_SECONDS)
    store.mark_renewed(job_id, NOW + 1, lost=False)

    assert rows.ttls() == [None] * 4


def test_renewing_goes_through_many_facts(
    store: DynamoStore, rows: Rows, job_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("forgeledger.jobs.storage.retention._FACTS_A_PAGE", 1)
    _finish(store, job_id)

    store.mark_renewed(job_id, NOW + DAY_SECONDS * 1_000, lost=False)

    facts = [rows.get(key(f"JOB#{job_id}", f"FACT#{n:012d}")) for n in range(3)]
    assert {fact["ttl"]["N"] for fact in facts} == {str(NOW_SECONDS + 31 * DAY_SECONDS)}


def test_only_headers_are_in_the_indexes(
    table: tuple[Any, str], store: DynamoStore, rows: Rows, job_id: str
) -> None:
    _finish(store, job_id)

    indexed = {"jobStatus", "open", "jobId"}
    assert not any(indexed & set(row) for row in rows.of_lane())
    assert indexed <= set(rows.get(header_key(job_id)))


def test_a_job_whose_rows_are_expiring_is_gone(store: DynamoStore, rows: Rows, job_id: str) -> None:
    _finish(store, job_id)

    rows.drop(head_key(job_id, 0))

    assert store.load_job(job_id) is None
    assert store.load_lane(job_id, 0, ["a"]) is None


def test_a_running_job_without_its_heads_is_corrupt(
    store: DynamoStore, rows: Rows, job_id: str
) -> None:
    create_job(store, job_id)
    rows.drop(head_key(job_id, 0))

    with pytest.raises(StorageCorrupt, match="1 of 1 heads"):
        store.load_job(job_id)


def test_a_lane_without_its_header_is_gone_for_a_read_with_the_header(
    store: DynamoStore, rows: Rows, job_id: str
) -> None:
    create_job(store, job_id)
    rows.drop(header_key(job_id))

    assert store.load_lane(job_id, 0, [], with_job=True) is None
    assert store.load_job(job_id) is None


def test_an_expired_head_does_not_come_back_with_a_commit(
    store: DynamoStore, rows: Rows, job_id: str
) -> None:
    create_job(store, job_id)
    commit = decided(store, job_id, *registrations(["a"]))
    rows.drop(head_key(job_id, 0))

    assert not store.commit_lane(commit, new_commit_id())


def test_a_head_stays_below_one_write_unit(store: DynamoStore, rows: Rows, job_id: str) -> None:
    rules = LaneRules(max_attempts=5, lease_seconds=300, backoff_base_seconds=1.5)
    create_job(store, job_id, rules=rules)
    register(store, job_id, [f"invoice-{n:04d}" for n in range(9)])

    head = rows.get(head_key(job_id, 0))

    assert sum(len(name) + len(str(value)) for name, value in head.items()) < 1_024


@pytest.mark.parametrize(
    ("kinds", "items", "units_per_event"),
    [
        (["claim"], 10, 2.6),
        (["complete"], 10, 2.6),
        (["claim"], 90, 2.25),
        (["complete"], 90, 2.25),
        # One row for both transitions.
        (["claim", "complete"], 45, 1.3),
    ],
)
def test_a_transition_costs_little_more_than_its_row(
    table: tuple[Any, str],
    job_id: str,
    kinds: list[CommandKind],
    items: int,
    units_per_event: float,
) -> None:
    client = MeteredClient(table[0])
    store = ledger_store(client, table[1], Runtime())
    names = [f"invoice-{number:04d}" for number in range(items)]
    create_job(store, job_id, rules=LaneRules(max_attempts=3, lease_seconds=300))
    register(store, job_id, names)
    if kinds == ["complete"]:
        apply(store, job_id, *_commands(["claim"], names), now=NOW + 10)
    client.write_units = 0

    commit = apply(store, job_id, *_commands(kinds, names), now=NOW + 20)

    assert client.write_units / len(commit.events) <= units_per_event


def test_a_registration_of_a_thousand_costs_little_more_than_its_rows(
    table: tuple[Any, str], job_id: str
) -> None:
    client = MeteredClient(table[0])
    store = ledger_store(client, table[1], Runtime())
    create_job(store, job_id)
    client.write_units = 0
    names = [f"invoice-{number:04d}" for number in range(1_000)]

    for start in range(0, 1_000, ITEMS_PER_COMMIT):
        register(store, job_id, names[start : start + ITEMS_PER_COMMIT])

    assert client.write_units / 1_000 <= 2.2


def _commands(kinds: list[str], names: list[str]) -> list[Any]:
    details = {"claim": {}, "complete": {"attempt": 1, "result": '{"pages":3}'}}
    return [
        make_command(kind, item_id=name, worker_id="worker-1", **details[kind])
        for name in names
        for kind in kinds
    ]


def test_the_largest_commits_that_the_domain_makes_are_taken(
    store: DynamoStore, job_id: str
) -> None:
    """Payload and result of 32 KiB each, so that many events fill rows and transactions."""
    create_job(store, job_id)
    names = [f"item-{number}" for number in range(24)]
    text = f'"{"x" * (32 * 1024 - 2)}"'
    commands = [
        command
        for name in names
        for command in (
            make_command("register", item_id=name, payload=text),
            make_command("complete", item_id=name, result=text),
        )
    ]
    view = lane_view(store, job_id, *names)

    for commit in decide(view.head, view.items, commands, NOW).commits:
        assert store.commit_lane(commit, new_commit_id())

    assert loaded(store, job_id).heads[0].counts.completed == len(names)
