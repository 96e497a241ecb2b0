"""Every commit fits into DynamoDB's limits: 100 actions, 4 MB, 400 KB a row."""

import json
import random
from collections.abc import Iterable
from dataclasses import replace

import pytest

from forgeledger.aws.dynamodb.attributes import Row, number, text
from forgeledger.batched import batched
from forgeledger.jobs.model.commands import Command, CommandKind
from forgeledger.jobs.model.ids import make_job_id
from forgeledger.jobs.model.items import Failure
from forgeledger.jobs.model.job_lifecycle import cancel, create, reopen
from forgeledger.jobs.model.jobs import JobStatus
from forgeledger.jobs.model.lane_decision import Commit, decide
from forgeledger.jobs.model.lanes import Counts, LaneMode, LaneRules, count_failure
from forgeledger.jobs.model.limits import (
    ATTEMPTS_PER_ITEM,
    BACKOFF_SECONDS,
    COMMANDS_PER_MESSAGE,
    COMMANDS_REMEMBERED_PER_ITEM,
    ERROR_MESSAGE_BYTES,
    ERROR_TYPE_CHARACTERS,
    ERROR_TYPES_PER_LANE,
    GROUP_CHARACTERS,
    ITEM_ID_CHARACTERS,
    ITEM_KIND_CHARACTERS,
    ITEMS_PER_COMMIT,
    JOB_NAME_CHARACTERS,
    LEASE_SECONDS,
    METADATA_BYTES,
    PAYLOAD_BYTES,
    PERMANENT_ERRORS,
    RESULT_BYTES,
    TAG_CHARACTERS,
    TAGS_PER_JOB,
    TTL_DAYS,
    WORKER_ID_CHARACTERS,
)
from forgeledger.jobs.model.progress import Progress, Sample
from forgeledger.jobs.model.sums import Sums
from forgeledger.jobs.ports import JobChange
from forgeledger.jobs.storage.head_rows import encode_head
from forgeledger.jobs.storage.job_writes import change_actions, sealed_creation_actions
from forgeledger.jobs.storage.keys import progress_key
from forgeledger.jobs.storage.lane_writes import lane_actions
from forgeledger.jobs.storage.progress_rows import progress_update
from tests.support.builders import NOW, make_command, make_head, make_spec
from tests.support.creations import sealed_creation
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


class Texts:
    """Random texts of one alphabet, each as long as its limit allows."""

    def __init__(self, alphabet: str) -> None:
        self._alphabet = alphabet
        self._random = random.Random(7)

    def characters(self, limit: int) -> str:
        return "".join(self._random.choices(self._alphabet, k=limit))

    def bytes(self, limit: int) -> str:
        return self.characters(limit // max(len(letter.encode()) for letter in self._alphabet))

    def failure(self) -> Failure:
        return Failure(
            type=self.characters(ERROR_TYPE_CHARACTERS),
            message=self.bytes(ERROR_MESSAGE_BYTES),
            retryable=False,
        )


@pytest.fixture(params=ALPHABETS)
def texts(request: pytest.FixtureRequest) -> Texts:
    return Texts(ALPHABETS[request.param])


def test_a_roll_up_takes_one_write_unit_whatever_the_header_holds() -> None:
    largest = 10**15
    counts = Counts(**dict.fromkeys(Counts.__dataclass_fields__, largest))
    sample = Sample(at=largest, worked=largest)
    progress = Progress(
        counts=counts,
        retrying=largest,
        offsets=largest,
        at=largest,
        moved_at=largest,
        sample=sample,
        next_sample=sample,
    )
    spec = make_spec(
        job_id=make_job_id(NOW, 7, 64),
        metadata=json.dumps({"text": "x" * (METADATA_BYTES - 20)}),
        tags=tuple("t" * TAG_CHARACTERS for _ in range(TAGS_PER_JOB)),
    )
    job, _, _ = create(spec)

    update = progress_update(job, progress)

    row = {**progress_key(spec.job_id), **update["ExpressionAttributeValues"]}
    assert row_bytes(row) < 512


def _rows(actions: Iterable[dict]) -> list[Row]:
    """The rows that these actions write; of an update its key and all of its values."""
    rows = []
    for action in actions:
        ((kind, details),) = action.items()
        if kind == "Put":
            rows.append(details["Item"])
        else:
            rows.append({**details["Key"], **_attributes(details["ExpressionAttributeValues"])})
    return rows


def _attributes(values: Row) -> Row:
    return {name.removeprefix(":"): value for name, value in values.items()}


def _assert_fits(commit: Commit) -> None:
    actions = lane_actions("ledger", commit, "c" * 36)
    rows = _rows(action for action in actions if "ConditionCheck" not in action)

    assert len(actions) + 2 <= ACTIONS, "with the header and the fact of a reopening"
    assert max(map(row_bytes, rows)) <= ROW_BYTES
    assert sum(map(row_bytes, rows)) <= TRANSACTION_BYTES


def _largest_commands(texts: Texts, name: str, *, worker_id: str) -> list[Command]:
    """The commands that write the longest texts for one item."""
    kinds: list[tuple[CommandKind, dict]] = [
        (
            CommandKind.REGISTER,
            {
                "payload": texts.bytes(PAYLOAD_BYTES),
                "item_kind": texts.characters(ITEM_KIND_CHARACTERS),
                "group": "g" * GROUP_CHARACTERS,
            },
        ),
        (CommandKind.CLAIM, {}),
        (CommandKind.FAIL, {"failure": texts.failure()}),
        (CommandKind.RETRY, {}),
        (CommandKind.CANCEL, {}),
        (CommandKind.COMPLETE, {"result": texts.bytes(RESULT_BYTES)}),
    ]
    return [make_command(kind, item_id=name, worker_id=worker_id, **more) for kind, more in kinds]


def test_the_largest_items_fit(texts: Texts) -> None:
    store, job_id = MemoryStore(), make_job_id(NOW, 7, 1)
    store.create_job(*create(make_spec(job_id=job_id, rules=LaneRules(dispatched=True))))
    worker_id = texts.characters(WORKER_ID_CHARACTERS)
    names = [texts.characters(ITEM_ID_CHARACTERS - 4) + f"{n:04d}" for n in range(60)]
    commands = [
        command for name in names for command in _largest_commands(texts, name, worker_id=worker_id)
    ]

    commits = 0
    for batch in batched(commands, COMMANDS_PER_MESSAGE):
        view = store.load_lane(job_id, 0, names)
        assert view is not None
        for commit in decide(view.head, view.items, batch, NOW).commits:
            _assert_fits(commit)
            assert store.commit_lane(commit, f"commit-{commits}")
            commits += 1

    assert commits > 5


@pytest.mark.parametrize("kind", ["register", "complete", "release"])
@pytest.mark.parametrize("dispatched", [False, True])
def test_the_smallest_items_fit(texts: Texts, kind: str, dispatched: bool) -> None:
    """Without texts, the number of items, of their due rows or of rejections bounds a commit."""
    names = [texts.characters(ITEM_ID_CHARACTERS - 4) + f"{n:04d}" for n in range(500)]
    commands = [make_command(kind, item_id=name, not_before=NOW + 1) for name in names]

    commits = decide(make_head(rules=LaneRules(dispatched=dispatched)), {}, commands, NOW).commits

    assert len(commits) > len(names) // (ITEMS_PER_COMMIT + 1)
    for commit in commits:
        _assert_fits(commit)


def test_many_commands_of_one_item_fit(texts: Texts) -> None:
    worker_id = texts.characters(WORKER_ID_CHARACTERS)
    commands = [
        make_command("complete", command_id=f"{n}", worker_id=worker_id, result=texts.bytes(3_000))
        for n in range(COMMANDS_PER_MESSAGE)
    ]

    commits = decide(make_head(), {}, [make_command("register"), *commands], NOW).commits

    for commit in commits:
        _assert_fits(commit)
    assert len(commits[-1].items[0].seen) == COMMANDS_REMEMBERED_PER_ITEM


def test_the_verdict_of_the_largest_job_fits(texts: Texts) -> None:
    spec = make_spec(job_id=make_job_id(NOW, 7, 64))
    job, heads, _ = create(spec)
    closing = cancel(job, Counts(), NOW)
    ended = replace(closing.job, status=JobStatus.CANCELED, finished_at=NOW)
    change = JobChange(before=job, job=ended, facts=closing.facts, heads=heads)

    actions = change_actions("ledger", change, "c" * 36)

    assert len(actions) <= ACTIONS
    assert reopen(ended, NOW).facts


@pytest.mark.parametrize("lanes", [1, 4, 16, 48])
@pytest.mark.parametrize("payload_bytes", [0, 3_000, PAYLOAD_BYTES])
def test_the_largest_creation_in_one_transaction_fits(
    texts: Texts, lanes: int, payload_bytes: int
) -> None:
    names = [texts.characters(ITEM_ID_CHARACTERS - 4) + f"{n:04d}" for n in range(ACTIONS)]
    payload = texts.bytes(payload_bytes) or None
    spec = {
        "name": texts.characters(JOB_NAME_CHARACTERS),
        "metadata": texts.bytes(METADATA_BYTES),
        "tags": tuple(texts.characters(TAG_CHARACTERS) for _ in range(TAGS_PER_JOB)),
    }
    job_id = make_job_id(NOW, 7, lanes)
    created = (
        sealed_creation(job_id, names[:number], payload=payload, **spec)
        for number in range(ACTIONS, 0, -1)
    )

    largest = next(creation for creation in created if creation is not None)

    actions = sealed_creation_actions("ledger", largest, "c" * 36)
    rows = _rows(actions)
    assert len(actions) <= ACTIONS
    assert len(actions) == ACTIONS or payload
    assert max(map(row_bytes, rows)) <= ROW_BYTES
    assert sum(map(row_bytes, rows)) <= TRANSACTION_BYTES


def test_the_largest_head_takes_one_write_unit(texts: Texts) -> None:
    items, events, milliseconds = 10**9 - 1, 10**12 - 1, 10**18 - 1
    rules = LaneRules(
        max_attempts=ATTEMPTS_PER_ITEM,
        lease_seconds=LEASE_SECONDS,
        backoff_base_seconds=BACKOFF_SECONDS / 7,
        backoff_cap_seconds=BACKOFF_SECONDS / 7,
        ttl_days=TTL_DAYS,
        dispatched=True,
        registers_on_the_way=True,
        run_seconds=LEASE_SECONDS,
        permanent_errors=tuple(range(2**24 - PERMANENT_ERRORS, 2**24)),
    )
    counts = Counts(**{**dict.fromkeys(Counts.__dataclass_fields__, items), "failings": events})
    sums = Sums(
        claims=events,
        failures=events,
        expired=events,
        released=events,
        run_ms=milliseconds,
        queue_ms=milliseconds,
        again=events,
        retrying=items,
    )
    failures: tuple[tuple[str, int], ...] = ()
    while len(failures) <= ERROR_TYPES_PER_LANE:
        failures = count_failure(failures, texts.characters(ERROR_TYPE_CHARACTERS), items)
    head = make_head(
        job_id=make_job_id(NOW, 7, 64),
        lane=63,
        rules=rules,
        counts=counts,
        failures=failures,
        sums=sums,
        mode=LaneMode.SEALED,
        held=True,
        gate=items,
        offset=events,
        canceled_below=events,
        closed_at=events * 100,
        earlier_closing=(events, events * 100),
    )

    row = {**encode_head(head), "commitId": text("c" * 36), "ttl": number(10**10 - 1)}

    assert row_bytes(row) < 1_024
