"""Whatever the domain puts into one commit, DynamoDB takes it: 100 actions, 4 MB, 400 KB a row."""

import random
from collections.abc import Iterable, Sequence
from dataclasses import replace

import pytest

from forgeledger.aws.dynamodb.attributes import Row
from forgeledger.jobs.model.commands import Command, CommandKind
from forgeledger.jobs.model.ids import make_job_id
from forgeledger.jobs.model.items import Failure
from forgeledger.jobs.model.job_lifecycle import cancel, create, reopen
from forgeledger.jobs.model.jobs import JobStatus
from forgeledger.jobs.model.lane_decision import Commit, decide
from forgeledger.jobs.model.lanes import Counts, LaneRules
from forgeledger.jobs.model.limits import (
    COMMANDS_PER_MESSAGE,
    COMMANDS_REMEMBERED_PER_ITEM,
    ERROR_MESSAGE_BYTES,
    ERROR_TYPE_CHARACTERS,
    ERROR_TYPES_PER_LANE,
    ITEM_ID_CHARACTERS,
    ITEMS_PER_COMMIT,
    PAYLOAD_BYTES,
    RESULT_BYTES,
    WORKER_ID_CHARACTERS,
)
from forgeledger.jobs.ports import JobChange
from forgeledger.jobs.storage.head_rows import encode_head
from forgeledger.jobs.storage.job_writes import change_actions
from forgeledger.jobs.storage.lane_writes import lane_actions
from tests.support.builders import NOW, make_command, make_head, make_spec
from tests.support.memory_store import MemoryStore
from tests.support.row_sizes import row_bytes

ACTIONS = 100
ROW_BYTES = 400 * 1024
TRANSACTION_BYTES = 4 * 1024 * 1024

ALPHABETS = {
    "letters": "abcdefghijklmnopqrstuvwxyz",
    "quotes": '"\\',
    "controls": "".join(map(chr, range(1, 32))),
    "ideographs": "".join(map(chr, range(0x4E00, 0x4F00))),
    "emoji": "".join(map(chr, range(0x1F600, 0x1F640))),
}


class Author:
    """Writes random texts of one alphabet, each as long as it may be."""

    def __init__(self, alphabet: str) -> None:
        self._alphabet = alphabet
        self._random = random.Random(7)

    def characters(self, limit: int) -> str:
        return "".join(self._random.choices(self._alphabet, k=limit))

    def bytes(self, limit: int) -> str:
        return self.characters(limit // max(len(each.encode()) for each in self._alphabet))

    def failure(self) -> Failure:
        return Failure(
            type=self.characters(ERROR_TYPE_CHARACTERS),
            message=self.bytes(ERROR_MESSAGE_BYTES),
            retryable=False,
        )


@pytest.fixture(params=ALPHABETS)
def author(request: pytest.FixtureRequest) -> Author:
    return Author(ALPHABETS[request.param])


def _rows(actions: Iterable[dict]) -> list[Row]:
    """What stands in the table after these actions, or at most as much."""
    rows = []
    for action in actions:
        ((kind, details),) = action.items()
        if kind == "Put":
            rows.append(details["Item"])
        else:
            rows.append({**details["Key"], **_readable(details["ExpressionAttributeValues"])})
    return rows


def _readable(values: Row) -> Row:
    return {name.removeprefix(":"): value for name, value in values.items()}


def _fits(commit: Commit) -> None:
    actions = lane_actions("ledger", commit, "c" * 36)
    rows = _rows(action for action in actions if "ConditionCheck" not in action)

    assert len(actions) + 2 <= ACTIONS, "with the header and the fact of a reopening"
    assert max(map(row_bytes, rows)) <= ROW_BYTES
    assert sum(map(row_bytes, rows)) <= TRANSACTION_BYTES


def _batches(commands: Sequence[Command]) -> list[list[Command]]:
    return [
        list(commands[start : start + COMMANDS_PER_MESSAGE])
        for start in range(0, len(commands), COMMANDS_PER_MESSAGE)
    ]


def _work(author: Author, name: str, *, worker_id: str) -> list[Command]:
    """The largest life an item can have without a retry."""
    kinds: list[tuple[CommandKind, dict]] = [
        (CommandKind.REGISTER, {"payload": author.bytes(PAYLOAD_BYTES)}),
        (CommandKind.CLAIM, {}),
        (CommandKind.FAIL, {"failure": author.failure()}),
        (CommandKind.RETRY, {}),
        (CommandKind.COMPLETE, {"result": author.bytes(RESULT_BYTES)}),
    ]
    return [make_command(kind, item_id=name, worker_id=worker_id, **more) for kind, more in kinds]


def test_the_largest_items_fit(author: Author) -> None:
    store, job_id = MemoryStore(), make_job_id(NOW, 7, 1)
    store.create_job(*create(make_spec(job_id=job_id)))
    worker_id = author.characters(WORKER_ID_CHARACTERS)
    names = [author.characters(ITEM_ID_CHARACTERS - 4) + f"{n:04d}" for n in range(60)]
    commands = [each for name in names for each in _work(author, name, worker_id=worker_id)]

    commits = 0
    for batch in _batches(commands):
        view = store.load_lane(job_id, 0, names)
        assert view is not None
        for commit in decide(view.head, view.items, batch, NOW).commits:
            _fits(commit)
            assert store.commit_lane(commit, f"commit-{commits}")
            commits += 1

    assert commits > 5


@pytest.mark.parametrize("kind", ["register", "complete", "release"])
def test_the_smallest_items_fit(author: Author, kind: str) -> None:
    """So many that it is their number that counts, and where nobody knows them their refusals."""
    names = [author.characters(ITEM_ID_CHARACTERS - 4) + f"{n:04d}" for n in range(500)]
    commands = [make_command(kind, item_id=name) for name in names]

    commits = decide(make_head(rules=LaneRules()), {}, commands, NOW).commits

    assert len(commits) > len(names) // (ITEMS_PER_COMMIT + 1)
    for commit in commits:
        _fits(commit)


def test_many_commands_of_one_item_fit(author: Author) -> None:
    worker_id = author.characters(WORKER_ID_CHARACTERS)
    commands = [
        make_command("complete", command_id=f"{n}", worker_id=worker_id, result=author.bytes(3_000))
        for n in range(COMMANDS_PER_MESSAGE)
    ]

    commits = decide(make_head(), {}, [make_command("register"), *commands], NOW).commits

    for commit in commits:
        _fits(commit)
    assert len(commits[-1].items[0].seen) == COMMANDS_REMEMBERED_PER_ITEM


def test_the_verdict_of_the_largest_job_fits(author: Author) -> None:
    spec = make_spec(job_id=make_job_id(NOW, 7, 64))
    job, heads, _ = create(spec)
    closing = cancel(job, Counts(), NOW)
    ended = replace(closing.job, status=JobStatus.CANCELED, finished_at=NOW)
    change = JobChange(before=job, job=ended, facts=closing.facts, heads=heads)

    actions = change_actions("ledger", change, "c" * 36)

    assert len(actions) <= ACTIONS
    assert reopen(ended, NOW).facts


def test_a_head_with_every_error_type_it_counts_fits(author: Author) -> None:
    failures = tuple((author.characters(48), 10**9) for _ in range(ERROR_TYPES_PER_LANE + 1))

    assert row_bytes(encode_head(make_head(failures=failures))) <= 8 * 1024
