"""What DynamoDB answers beside what was asked: tried again, taken as a conflict, or raised."""

from collections.abc import Sequence
from typing import Any

import pytest
from botocore.exceptions import ConnectTimeoutError
from botocore.parsers import ResponseParserError

from forgeledger.adapters.dynamodb.head_rows import encode_head
from forgeledger.adapters.dynamodb.item_rows import encode_item
from forgeledger.adapters.dynamodb.job_rows import encode_header
from forgeledger.adapters.dynamodb.keys import Row
from forgeledger.adapters.dynamodb.retrying import Retrying
from forgeledger.adapters.dynamodb.store import DynamoStore
from forgeledger.domain.advancing import seal
from forgeledger.domain.batches import Commit, decide
from forgeledger.domain.jobs import JobStatus
from forgeledger.domain.lanes import Counts
from forgeledger.errors import StorageBusy, StorageError
from forgeledger.ports import JobChange, Progress
from tests.builders import JOB_ID, NOW, make_command, make_head, make_item, make_job
from tests.fake_dynamodb import ScriptedDynamo, canceled, no_answer, refusal

ATTEMPTS = 4
DONE: dict[str, Any] = {}
BUSY = [
    refusal("ProvisionedThroughputExceededException"),
    refusal("ThrottlingException"),
    refusal("RequestLimitExceeded"),
    refusal("InternalServerError", status=500),
    refusal("ServiceUnavailable", status=503),
    no_answer(),
    ConnectTimeoutError(endpoint_url="http://dynamodb"),
    ResponseParserError("half an answer"),
]
BUSY_TRANSACTION = [
    *BUSY,
    refusal("TransactionInProgressException"),
    canceled("None", "TransactionConflict"),
    canceled("ThrottlingError", "None"),
    canceled("ProvisionedThroughputExceeded", "TransactionConflict"),
]


def _named(error: Exception) -> str:
    response = getattr(error, "response", None) or {}
    reasons = [each["Code"] for each in response.get("CancellationReasons", ())]
    return "-".join([response.get("Error", {}).get("Code", type(error).__name__), *reasons])


class Waits:
    """A sleep that takes no time and remembers what was asked of it."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


@pytest.fixture
def waits() -> Waits:
    return Waits()


def _store(client: ScriptedDynamo, waits: Waits) -> DynamoStore:
    retrying = Retrying(
        attempts=ATTEMPTS, silent_attempts=ATTEMPTS, sleep=waits, chance=lambda: 0.5
    )
    return DynamoStore(client, "ledger", retrying=retrying, new_id=lambda: "mine")


def _commit() -> Commit:
    head = make_head(offset=5)
    return decide(head, {}, [make_command("register")], NOW).commits[0]


def _change() -> JobChange:
    job = make_job()
    step = seal(job, Counts(), NOW)
    return JobChange(before=job, job=step.job, facts=step.facts)


def _head_row(*, offset: int, commit_id: str) -> Row:
    return {**encode_head(make_head(offset=offset)), "commitId": {"S": commit_id}}


def _names(client: ScriptedDynamo) -> list[str]:
    return [name for name, _ in client.calls]


def test_a_commit_is_one_transaction_with_its_id_for_a_token(waits: Waits) -> None:
    client = ScriptedDynamo(DONE)

    assert _store(client, waits).commit_lane(_commit(), "mine")

    ((name, request),) = client.calls
    assert name == "transact_write_items"
    assert request["ClientRequestToken"] == "mine"
    assert len(request["TransactItems"]) == 3
    assert waits.seconds == []


@pytest.mark.parametrize("busy", BUSY_TRANSACTION, ids=_named)
def test_a_transaction_is_repeated_as_it_was_while_dynamodb_is_busy(
    busy: Exception, waits: Waits
) -> None:
    client = ScriptedDynamo(busy, busy, DONE)

    assert _store(client, waits).commit_lane(_commit(), "mine")

    assert client.calls[0] == client.calls[1] == client.calls[2]
    # Half of 20 and of 40 milliseconds, as chance has it.
    assert waits.seconds == [0.01, 0.02]


@pytest.mark.parametrize("busy", BUSY_TRANSACTION, ids=_named)
def test_a_transaction_is_given_up_after_a_bounded_number_of_tries(
    busy: Exception, waits: Waits
) -> None:
    client = ScriptedDynamo(*[busy] * ATTEMPTS)

    with pytest.raises(StorageBusy) as caught:
        _store(client, waits).commit_lane(_commit(), "mine")

    assert caught.value.attempts == ATTEMPTS
    assert caught.value.__cause__ is busy
    assert client.script == []


@pytest.mark.parametrize(
    "error",
    [
        refusal("ValidationException"),
        refusal("ResourceNotFoundException"),
        refusal("AccessDeniedException"),
        refusal("IdempotentParameterMismatchException"),
        canceled("None", "ValidationError"),
        canceled("ItemCollectionSizeLimitExceeded", "TransactionConflict"),
        canceled("AccessDenied"),
        canceled(),
    ],
    ids=_named,
)
def test_what_will_not_pass_by_itself_is_raised_at_once(error: Exception, waits: Waits) -> None:
    client = ScriptedDynamo(error)

    with pytest.raises(StorageError) as caught:
        _store(client, waits).commit_lane(_commit(), "mine")

    assert not isinstance(caught.value, StorageBusy)
    assert caught.value.__cause__ is error
    assert waits.seconds == []


def test_a_condition_that_fails_is_a_conflict_whatever_else_is_wrong(waits: Waits) -> None:
    reasons = ["ConditionalCheckFailed", "TransactionConflict", "ThrottlingError"]
    client = ScriptedDynamo(canceled(*reasons, row=_head_row(offset=9, commit_id="other")))

    assert not _store(client, waits).commit_lane(_commit(), "mine")

    assert waits.seconds == []


def test_a_conflict_over_an_item_alone_is_a_conflict(waits: Waits) -> None:
    client = ScriptedDynamo(canceled("None", "None", "ConditionalCheckFailed"))

    assert not _store(client, waits).commit_lane(_commit(), "mine")


def test_a_conflict_with_our_own_commit_says_that_it_was_made(waits: Waits) -> None:
    own = canceled("ConditionalCheckFailed", row=_head_row(offset=6, commit_id="mine"))
    client = ScriptedDynamo(no_answer(), own)

    assert _store(client, waits).commit_lane(_commit(), "mine")


@pytest.mark.parametrize(("holder", "made"), [("mine", True), ("other", False), (None, False)])
@pytest.mark.parametrize(
    "lost",
    [no_answer(), refusal("InternalServerError", status=500), None],
    ids=["no-answer", "server-error", "within-botocore"],
)
def test_after_a_lost_answer_the_journal_says_who_was_first(
    lost: Exception | None, holder: str | None, made: bool, waits: Waits
) -> None:
    row = _head_row(offset=9, commit_id="third")
    conflict = canceled("ConditionalCheckFailed", row=row, retries=0 if lost else 1)
    found = {} if holder is None else {"Item": {"commitId": {"S": holder}}}
    client = ScriptedDynamo(*([lost] if lost else []), conflict, found)

    assert _store(client, waits).commit_lane(_commit(), "mine") is made

    name, request = client.calls[-1]
    assert name == "get_item"
    assert request["Key"]["SK"] == {"S": "LOG#000000000005"}
    assert request["ConsistentRead"] is True


def test_without_a_lost_answer_nobody_looks_into_the_journal(waits: Waits) -> None:
    row = _head_row(offset=9, commit_id="third")
    client = ScriptedDynamo(canceled("ConditionalCheckFailed", row=row))

    assert not _store(client, waits).commit_lane(_commit(), "mine")

    assert _names(client) == ["transact_write_items"]


def test_a_lost_answer_of_a_commit_that_the_lane_never_saw_is_a_conflict(waits: Waits) -> None:
    behind = canceled("ConditionalCheckFailed", row=_head_row(offset=4, commit_id="other"))
    client = ScriptedDynamo(no_answer(), behind)

    assert not _store(client, waits).commit_lane(_commit(), "mine")


@pytest.mark.parametrize(("holder", "made"), [("mine", True), ("other", False)])
def test_the_fact_at_our_number_says_whether_a_change_is_ours(
    holder: str, made: bool, waits: Waits
) -> None:
    error = refusal(
        "TransactionCanceledException",
        reasons=[
            {"Code": "ConditionalCheckFailed"},
            {"Code": "ConditionalCheckFailed", "Item": {"commitId": {"S": holder}}},
        ],
    )
    client = ScriptedDynamo(no_answer(), error)

    assert _store(client, waits).commit_job(_change()) is made


def _loaded(rows: Sequence[Row], left: Sequence[Row] = ()) -> dict[str, Any]:
    unprocessed = {"ledger": {"Keys": list(left), "ConsistentRead": True}} if left else {}
    return {"Responses": {"ledger": list(rows)}, "UnprocessedKeys": unprocessed}


def _key(row: Row) -> Row:
    return {"PK": row["PK"], "SK": row["SK"]}


def test_keys_that_were_not_processed_are_asked_for_again(waits: Waits) -> None:
    head = encode_head(make_head())
    items = [encode_item(head["PK"]["S"], make_item(item_id=name), None) for name in "ab"]
    client = ScriptedDynamo(
        _loaded([head], [_key(item) for item in items]),
        _loaded(items[:1], [_key(items[1])]),
        _loaded(items[1:]),
    )

    view = _store(client, waits).load_lane(JOB_ID, 0, ["a", "b"])

    assert view is not None
    assert set(view.items) == {"a", "b"}
    assert client.calls[2][1]["RequestItems"]["ledger"]["Keys"] == [_key(items[1])]
    assert all(call["RequestItems"]["ledger"]["ConsistentRead"] for _, call in client.calls)
    assert waits.seconds == [0.01, 0.02]


def test_keys_that_are_never_processed_are_given_up(waits: Waits) -> None:
    head = encode_head(make_head())
    client = ScriptedDynamo(*[_loaded([], [_key(head)])] * ATTEMPTS)

    with pytest.raises(StorageBusy, match="unprocessed"):
        _store(client, waits).load_lane(JOB_ID, 0, [])


@pytest.mark.parametrize("busy", BUSY, ids=_named)
def test_a_read_is_repeated_while_dynamodb_is_busy(busy: Exception, waits: Waits) -> None:
    head = encode_head(make_head())
    client = ScriptedDynamo(busy, _loaded([head]), busy, {"Items": []})
    store = _store(client, waits)

    assert store.load_lane(JOB_ID, 0, []) is not None
    assert store.list_items(JOB_ID, 0, None, 10).items == ()


def test_one_request_reads_the_head_with_up_to_ninety_nine_items(waits: Waits) -> None:
    client = ScriptedDynamo(*[_loaded([encode_head(make_head())]), _loaded([])] * 2)
    store = _store(client, waits)

    store.load_lane(JOB_ID, 0, [f"item-{n}" for n in range(99)])
    assert len(client.calls) == 1
    client.script.pop(0)
    store.load_lane(JOB_ID, 0, [f"item-{n}" for n in range(100)])

    sizes = [len(call["RequestItems"]["ledger"]["Keys"]) for _, call in client.calls]
    assert sizes == [100, 100, 1]


def test_a_page_is_made_of_as_many_answers_as_it_takes(waits: Waits) -> None:
    rows = [encode_item("JOB#j#0", make_item(item_id=f"item-{n}"), None) for n in range(4)]
    client = ScriptedDynamo(
        {"Items": rows[:1], "LastEvaluatedKey": _key(rows[0])},
        {"Items": [], "LastEvaluatedKey": _key(rows[0])},
        {"Items": rows[1:], "LastEvaluatedKey": _key(rows[3])},
    )

    page = _store(client, waits).list_items(JOB_ID, 0, None, 3)

    assert [item.item_id for item in page.items] == ["item-0", "item-1", "item-2"]
    assert page.next_after == "item-2"
    assert [call["Limit"] for _, call in client.calls] == [4, 3, 3]
    assert client.calls[1][1]["ExclusiveStartKey"] == _key(rows[0])


def test_pages_without_rows_come_to_an_end(waits: Waits) -> None:
    row = encode_item("JOB#j#0", make_item(), None)
    client = ScriptedDynamo(*[{"Items": [], "LastEvaluatedKey": _key(row)}] * 3)

    with pytest.raises(StorageError, match="never end"):
        _store(client, waits).list_items(JOB_ID, 0, None, 2)


def test_progress_waits_for_a_transaction_on_the_same_header(waits: Waits) -> None:
    client = ScriptedDynamo(refusal("TransactionConflictException"), DONE)

    assert _store(client, waits).roll_up(JOB_ID, Progress(offsets=3))


def test_progress_that_is_late_is_not_an_error(waits: Waits) -> None:
    client = ScriptedDynamo(refusal("ConditionalCheckFailedException"))

    assert not _store(client, waits).roll_up(JOB_ID, Progress(offsets=3))


def test_a_write_that_dynamodb_refuses_is_raised(waits: Waits) -> None:
    client = ScriptedDynamo(refusal("ValidationException"))

    with pytest.raises(StorageError, match="UpdateItem"):
        _store(client, waits).mark_published(JOB_ID, 3, done=False)


def test_an_index_that_lags_behind_does_not_lie(waits: Waits) -> None:
    row = encode_header(make_job(status=JobStatus.RUNNING))
    client = ScriptedDynamo({"Items": [{"jobId": {"S": JOB_ID}}]}, _loaded([row]))

    assert _store(client, waits).list_jobs(JobStatus.FAILED, None, None, 10) == ((), None)


def test_a_search_by_tag_goes_through_a_bounded_number_of_jobs(waits: Waits) -> None:
    row = encode_header(make_job(tags=("x",)))
    index_page = {"Items": [{"jobId": {"S": JOB_ID}}], "LastEvaluatedKey": _key(row)}
    pages = [{"Items": [{"jobId": {"S": JOB_ID}}] * 2, "LastEvaluatedKey": {}}, _loaded([row])]
    client = ScriptedDynamo(*pages * 5, index_page)

    found = _store(client, waits).list_jobs(JobStatus.RUNNING, "never", None, 1)

    assert found == ((), JOB_ID)
    assert client.script == [index_page]


def test_waits_grow_up_to_a_bound(waits: Waits) -> None:
    retrying = Retrying(sleep=waits, chance=lambda: 1.0)

    with pytest.raises(StorageBusy):
        retrying.call("anything", _busy)

    assert waits.seconds == [0.02, 0.04, 0.08, 0.16, 0.32, 0.5, 0.5]


def test_no_answer_is_waited_for_twice_at_the_most(waits: Waits) -> None:
    client = ScriptedDynamo(no_answer(), refusal("ThrottlingException"), no_answer())

    with pytest.raises(StorageBusy) as caught:
        DynamoStore(client, "ledger", retrying=Retrying(sleep=waits)).load_job(JOB_ID)

    assert caught.value.attempts == 3


def _busy() -> None:
    raise refusal("ThrottlingException")
