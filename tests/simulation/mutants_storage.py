"""Mutants of the storage: transactions, conditions, reads and retries."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from typing import Any
from unittest.mock import patch

from botocore.exceptions import ClientError

from forgeledger.aws.dynamodb import table
from forgeledger.aws.dynamodb.attributes import Row, number
from forgeledger.aws.dynamodb.key_ranges import between
from forgeledger.aws.dynamodb.table import Action, Conflict, Table
from forgeledger.jobs.model.jobs import Job
from forgeledger.jobs.model.lane_decision import Commit
from forgeledger.jobs.model.lanes import Counts
from forgeledger.jobs.model.progress import LookMove, Progress
from forgeledger.jobs.ports import JobChange
from forgeledger.jobs.storage import job_store, job_writes, lane_store, lane_writes
from forgeledger.jobs.storage.keys import header_key, progress_key
from forgeledger.jobs.storage.progress_rows import progress_update
from forgeledger.jobs.storage.store import DynamoStore
from forgeledger.jobs.usecases.apply_commands import LaneWriter
from forgeledger.journal.storage import log_reader, renewal
from tests.simulation.mutant import Mutants

STORAGE = Mutants()


def _without_condition(action: Action, *values: str) -> Action:
    left = {
        name: value
        for name, value in action.items()
        if name not in ("ConditionExpression", "ReturnValuesOnConditionCheckFailure")
    }
    if "ExpressionAttributeValues" in left:
        left["ExpressionAttributeValues"] = {
            name: value
            for name, value in left["ExpressionAttributeValues"].items()
            if name not in values
        }
        if not left["ExpressionAttributeValues"]:
            del left["ExpressionAttributeValues"]
    return left


@STORAGE.named("counters are written outside the transaction")
def counters_outside() -> Iterator[None]:
    def commit_lane(
        self: DynamoStore,
        commit: Commit,
        commit_id: str,
        *,
        reopening: JobChange | None = None,
        running: Job | None = None,
    ) -> bool:
        head, row, *items = lane_writes.lane_actions(self._table.name, commit, commit_id)
        self._table.transact([row, *items], f"{commit_id}-items")
        return self._table.transact([head], commit_id) is None

    with patch.object(DynamoStore, "commit_lane", commit_lane):
        yield


@STORAGE.named("no journal row is written")
def no_journal() -> Iterator[None]:
    original = lane_writes.lane_actions

    def lane_actions(table: str, commit: Commit, commit_id: str) -> list[Action]:
        head, _, *items = original(table, commit, commit_id)
        return [head, *items]

    with patch.object(lane_store, "lane_actions", lane_actions):
        yield


@STORAGE.named("a lane is committed whatever its head")
def no_head_condition() -> Iterator[None]:
    original = lane_writes._head_update

    def head_update(table: str, commit: Commit, commit_id: str) -> Action:
        return _without_condition(original(table, commit, commit_id), ":expected")

    with patch.object(lane_writes, "_head_update", head_update):
        yield


@STORAGE.named("an item is written whatever it was read as")
def no_item_condition() -> Iterator[None]:
    original = lane_writes._unchanged

    def stands(version: int | None) -> Action:
        return {} if version is not None else original(None)

    with patch.object(lane_writes, "_unchanged", stands):
        yield


@STORAGE.named("a job is completed whatever its lanes did since")
def completion_without_heads() -> Iterator[None]:
    original = job_writes.change_actions

    def change_actions(table: str, change: JobChange, commit_id: str) -> list[Action]:
        actions = original(table, change, commit_id)
        return actions[: 1 + len(change.facts)]

    with patch.object(job_store, "change_actions", change_actions):
        yield


@STORAGE.named("a verdict is reached though an item failed again since")
def completion_without_failings() -> Iterator[None]:
    attributes = job_writes.counts_attributes
    condition = job_writes.HEAD_UNCHANGED.removesuffix(" AND failings = :failings")

    def counts_attributes(counts: Counts, prefix: str) -> dict[str, dict[str, Any]]:
        values = attributes(counts, prefix)
        del values[f"{prefix}failings"]
        return values

    with (
        patch.object(job_writes, "HEAD_UNCHANGED", condition),
        patch.object(job_writes, "counts_attributes", counts_attributes),
    ):
        yield


@STORAGE.named("a header is changed even if another process changed it before")
def no_header_condition() -> Iterator[None]:
    original_update, original_put = job_writes._header_update, job_writes._put_new

    def header_update(table: str, change: JobChange) -> Action:
        return _without_condition(original_update(table, change), ":before")

    def put_new(table: str, row: Row) -> Action:
        return {"Put": _without_condition(original_put(table, row)["Put"])}

    with (
        patch.object(job_writes, "_header_update", header_update),
        patch.object(job_writes, "_put_new", put_new),
    ):
        yield


def _committing_with(*passed: str) -> AbstractContextManager[Any]:
    """Lane commits that pass on only these of the options about the lane's job."""
    original = DynamoStore.commit_lane

    def commit_lane(self: DynamoStore, commit: Commit, commit_id: str, **options: Any) -> bool:
        return original(self, commit, commit_id, **{name: options.get(name) for name in passed})

    return patch.object(DynamoStore, "commit_lane", commit_lane)


@STORAGE.named("a retry does not reopen the header with its lane")
def retry_without_header() -> Iterator[None]:
    with _committing_with():
        yield


@STORAGE.named("a retry does not look at what became of its job since")
def retry_whatever_became_of_the_job() -> Iterator[None]:
    with _committing_with("reopening"):
        yield


@STORAGE.named("a later commit of a batch does not look at the job")
def later_commits_whatever_became_of_the_job() -> Iterator[None]:
    # Between two commits another process may decide the job's end and crash before it closes the
    # lanes: the head is unchanged, and the mutant retries an item of a job that is ending.
    original_commit, original = LaneWriter._commit, DynamoStore.commit_lane
    made = 0

    def commit(self: LaneWriter, *arguments: Any) -> Any:
        nonlocal made
        before, made = made, 0
        try:
            return original_commit(self, *arguments)
        finally:
            made = before

    def commit_lane(self: DynamoStore, commit: Commit, commit_id: str, **options: Any) -> bool:
        nonlocal made
        made += 1
        return original(self, commit, commit_id, **({} if made > 1 else options))

    with (
        patch.object(LaneWriter, "_commit", commit),
        patch.object(DynamoStore, "commit_lane", commit_lane),
    ):
        yield


@STORAGE.named("a conflict counts as committed")
def conflicts_are_success() -> Iterator[None]:
    with patch.object(DynamoStore, "_was_made", lambda *_: True):
        yield


@STORAGE.named("a commit whose answer was lost is made again")
def lost_answers_again() -> Iterator[None]:
    with patch.object(DynamoStore, "_was_made", lambda *_: False):
        yield


@STORAGE.named("keys that were not processed are forgotten")
def unprocessed_forgotten() -> Iterator[None]:
    def read(self: Table, keys: Sequence[Row]) -> list[Row]:
        requested = {self.name: {"Keys": keys, "ConsistentRead": True}}
        answer = self.retrying.call(
            "BatchGetItem", lambda: self.client.batch_get_item(RequestItems=requested)
        )
        rows: list[Row] = answer["Responses"].get(self.name, [])
        return rows

    with patch.object(Table, "read", read):
        yield


@STORAGE.named("rows are read as they were a moment ago")
def eventual_reads() -> Iterator[None]:
    def read(self: Table, keys: Sequence[Row]) -> list[Row]:
        requested = {self.name: {"Keys": keys}}
        answer = self.retrying.call(
            "BatchGetItem", lambda: self.client.batch_get_item(RequestItems=requested)
        )
        left = answer["UnprocessedKeys"]
        more = read(self, left[self.name]["Keys"]) if left else []
        return [*answer["Responses"][self.name], *more]

    with patch.object(Table, "read", read):
        yield


@STORAGE.named("ranges are read as they were a moment ago")
def eventual_ranges() -> Iterator[None]:
    def a_moment_ago(pk: str, first: str, last: str) -> dict[str, Any]:
        return between(pk, first, last) | {"ConsistentRead": False}

    with ExitStack() as patches:
        for module in (lane_store, job_store, log_reader, renewal):
            patches.enter_context(patch.object(module, "between", a_moment_ago))
        yield


@STORAGE.named("a transaction that was throttled counts as made")
def throttled_is_success() -> Iterator[None]:
    original = table._conflict_or_raise

    def conflict_or_raise(error: ClientError, *, unanswered: bool) -> Conflict | None:
        # The type of an error's response knows only what all services answer.
        codes = {reason["Code"] for reason in error.response["CancellationReasons"]}  # type: ignore[typeddict-item]
        throttled = codes <= {"None", "ThrottlingError", "ProvisionedThroughputExceeded"}
        return None if throttled else original(error, unanswered=unanswered)

    with patch.object(table, "_conflict_or_raise", conflict_or_raise):
        yield


@STORAGE.named("the roll-up goes backwards")
def roll_up_backwards() -> Iterator[None]:
    def roll_up(
        self: DynamoStore, job: Job, progress: Progress, move: LookMove | None = None
    ) -> bool:
        update = progress_update(job, progress, move)
        if move is None:
            del update["ConditionExpression"]
        return self._table.update(progress_key(job.job_id), **update)

    with patch.object(DynamoStore, "roll_up", roll_up):
        yield


@STORAGE.named("the marker of published facts goes backwards")
def published_backwards() -> Iterator[None]:
    def mark_published(self: DynamoStore, job_id: str, published: int, *, done: bool) -> None:
        self._table.update(
            header_key(job_id),
            UpdateExpression="SET published = :published" + (" REMOVE #open" if done else ""),
            ExpressionAttributeValues={":published": number(published)},
            **({"ExpressionAttributeNames": {"#open": "open"}} if done else {}),
        )

    with patch.object(DynamoStore, "mark_published", mark_published):
        yield
