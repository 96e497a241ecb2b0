"""Due rows of a lane, in each store: written with the commit, listed by time, deleted by key."""

import uuid
from collections.abc import Sequence

import pytest

from forgeledger.jobs.model.commands import Command, FollowGate
from forgeledger.jobs.model.due_rows import DueKey, DueRow
from forgeledger.jobs.model.job_lifecycle import create
from forgeledger.jobs.model.lane_decision import decide
from forgeledger.jobs.model.lanes import LaneMode
from forgeledger.jobs.model.limits import ITEM_ID_BYTES
from forgeledger.jobs.ports import LedgerStore
from tests.support.builders import NOW, make_command, make_rules, make_spec

RULES = make_rules(dispatched=True, lease_seconds=60, max_attempts=9)
# Of four bytes a character, and the last of three: as long as an item's key has room for.
LONGEST_ID = "\U0001f600" * (ITEM_ID_BYTES // 4) + "\u20ac"


def commit(store: LedgerStore, job_id: str, *commands: Command | FollowGate) -> None:
    names = {command.item_id for command in commands if isinstance(command, Command)}
    view = store.load_lane(job_id, 0, tuple(names))
    assert view is not None
    for change in decide(view.head, view.items, commands, NOW).commits:
        assert store.commit_lane(change, str(uuid.uuid4()))


@pytest.fixture
def dispatched(store: LedgerStore, job_id: str) -> str:
    """A job that dispatches, with due rows of three items, the latest time first."""
    store.create_job(*create(make_spec(job_id=job_id, rules=RULES)))
    times = {"b": 2_000, LONGEST_ID: 3, "a": 1_000_000}
    registrations = [
        make_command("register", item_id=name, not_before=NOW + wait)
        for name, wait in times.items()
    ]
    commit(store, job_id, *registrations)
    return job_id


def ids(rows: Sequence[DueRow]) -> list[str]:
    return [row.item_id for row in rows]


def test_rows_are_listed_by_time(store: LedgerStore, dispatched: str) -> None:
    rows = store.list_due(dispatched, 0, 10)

    assert len(LONGEST_ID.encode()) == ITEM_ID_BYTES
    assert ids(rows) == [LONGEST_ID, "b", "a"]
    assert rows[0] == DueRow(due_at=NOW + 3, offset=1, item_id=LONGEST_ID, attempt=1)
    assert ids(store.list_due(dispatched, 0, 2)) == [LONGEST_ID, "b"]
    assert store.list_due(dispatched, 1, 10) == ()


def test_events_of_one_time_have_a_row_each(store: LedgerStore, dispatched: str) -> None:
    kinds = ("claim", "release", "claim", "release")
    commands = [
        make_command(kind, item_id="c", command_id=str(number)) for number, kind in enumerate(kinds)
    ]

    commit(store, dispatched, make_command("register", item_id="c"), *commands)

    of_c = [row for row in store.list_due(dispatched, 0, 10) if row.item_id == "c"]
    assert [(row.due_at, row.attempt) for row in of_c] == [(NOW, 2), (NOW, 3)]


def test_deleted_rows_are_gone_and_may_be_deleted_again(
    store: LedgerStore, dispatched: str
) -> None:
    rows = store.list_due(dispatched, 0, 10)
    keys = [
        DueKey(job_id=dispatched, lane=0, due_at=row.due_at, offset=row.offset) for row in rows[:2]
    ]

    store.delete_due(keys)
    store.delete_due(keys)
    store.delete_due([])

    assert ids(store.list_due(dispatched, 0, 10)) == ["a"]


def test_more_rows_are_deleted_than_one_request_takes(store: LedgerStore, dispatched: str) -> None:
    names = [f"{number:03d}" for number in range(40)]
    commit(
        store,
        dispatched,
        *(make_command("register", item_id=name, not_before=NOW + 1) for name in names),
    )
    rows = [row for row in store.list_due(dispatched, 0, 100) if row.item_id in names]

    store.delete_due(
        [DueKey(job_id=dispatched, lane=0, due_at=row.due_at, offset=row.offset) for row in rows]
    )

    assert len(rows) == 40
    assert ids(store.list_due(dispatched, 0, 100)) == [LONGEST_ID, "b", "a"]


def test_retention_extends_due_rows_as_well(store: LedgerStore, dispatched: str) -> None:
    first = store.renew(dispatched, 0, None, 2, NOW // 1_000 + 10**8)

    # The next page begins after the second of three due rows, before any item.
    assert first.after is not None
    assert first.after.startswith("DUE#")
    assert store.renew(dispatched, 0, first.after, 100, NOW // 1_000 + 10**8).after is None


def test_a_dispatcher_reads_what_is_resolved_at_the_closing(
    store: LedgerStore, dispatched: str
) -> None:
    commit(store, dispatched, make_command("complete", item_id="b"))
    commit(store, dispatched, FollowGate(gate=1, mode=LaneMode.CLOSED))
    view = store.load_lane(dispatched, 0, ())
    assert view is not None

    closing = view.head.canceled_below - 1
    [row] = store.read_journal(dispatched, 0, closing, 1)

    assert row.entries[closing - row.offset].resolved == 3
