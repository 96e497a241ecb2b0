"""DynamoDB's errors: retried, taken as a conflict, or raised."""

from typing import Any

import pytest

from forgeledger.aws.dynamodb.attributes import Row
from forgeledger.errors import StorageBusy, StorageError
from forgeledger.jobs.model.job_lifecycle import seal
from forgeledger.jobs.model.lane_decision import Commit, decide
from forgeledger.jobs.model.lanes import Counts
from forgeledger.jobs.model.progress import Progress
from forgeledger.jobs.ports import JobChange
from forgeledger.jobs.storage.head_rows import encode_head
from tests.support.builders import JOB_ID, NOW, make_command, make_head, make_job
from tests.support.fake_dynamodb import ScriptedDynamo, canceled, no_answer, refusal
from tests.support.scripted_store import ATTEMPTS, BUSY, Waits, named_error, store_on

DONE: dict[str, Any] = {}


BUSY_TRANSACTION = [
    *BUSY,
    refusal("TransactionInProgressException"),
    canceled("None", "TransactionConflict"),
    canceled("ThrottlingError", "None"),
    canceled("ProvisionedThroughputExceeded", "TransactionConflict"),
]


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

    assert store_on(client, waits).commit_lane(_commit(), "mine")

    ((name, request),) = client.calls
    assert name == "transact_write_items"
    assert request["ClientRequestToken"] == "mine"
    assert len(request["TransactItems"]) == 3
    assert waits.seconds == []


@pytest.mark.parametrize("busy", BUSY_TRANSACTION, ids=named_error)
def test_a_transaction_is_repeated_as_it_was_while_dynamodb_is_busy(
    busy: Exception, waits: Waits
) -> None:
    client = ScriptedDynamo(busy, busy, DONE)

    assert store_on(client, waits).commit_lane(_commit(), "mine")

    assert client.calls[0] == client.calls[1] == client.calls[2]
    # Half of 20 and of 40 milliseconds: the draw is 0.5.
    assert waits.seconds == [0.01, 0.02]


@pytest.mark.parametrize("busy", BUSY_TRANSACTION, ids=named_error)
def test_a_transaction_is_given_up_after_a_bounded_number_of_tries(
    busy: Exception, waits: Waits
) -> None:
    client = ScriptedDynamo(*[busy] * ATTEMPTS)

    with pytest.raises(StorageBusy) as caught:
        store_on(client, waits).commit_lane(_commit(), "mine")

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
    ids=named_error,
)
def test_what_will_not_pass_by_itself_is_raised_at_once(error: Exception, waits: Waits) -> None:
    client = ScriptedDynamo(error)

    with pytest.raises(StorageError) as caught:
        store_on(client, waits).commit_lane(_commit(), "mine")

    assert not isinstance(caught.value, StorageBusy)
    assert caught.value.__cause__ is error
    assert waits.seconds == []


def test_a_condition_that_fails_is_a_conflict_whatever_else_is_wrong(waits: Waits) -> None:
    reasons = ["ConditionalCheckFailed", "TransactionConflict", "ThrottlingError"]
    client = ScriptedDynamo(canceled(*reasons, row=_head_row(offset=9, commit_id="other")))

    assert not store_on(client, waits).commit_lane(_commit(), "mine")

    assert waits.seconds == []


def test_a_conflict_over_an_item_alone_is_a_conflict(waits: Waits) -> None:
    client = ScriptedDynamo(canceled("None", "None", "ConditionalCheckFailed"))

    assert not store_on(client, waits).commit_lane(_commit(), "mine")


def test_a_conflict_with_our_own_commit_says_that_it_was_made(waits: Waits) -> None:
    own = canceled("ConditionalCheckFailed", row=_head_row(offset=6, commit_id="mine"))
    client = ScriptedDynamo(no_answer(), own)

    assert store_on(client, waits).commit_lane(_commit(), "mine")


@pytest.mark.parametrize("busy", ["TransactionConflict", "ThrottlingError"])
def test_after_a_lost_answer_a_busy_head_is_asked_again_whose_commit_it_has(
    busy: str, waits: Waits
) -> None:
    hidden = canceled(busy, "ConditionalCheckFailed", "None")
    own = canceled("ConditionalCheckFailed", row=_head_row(offset=6, commit_id="mine"))
    client = ScriptedDynamo(no_answer(), hidden, own)

    assert store_on(client, waits).commit_lane(_commit(), "mine")

    tokens = {request["ClientRequestToken"] for _, request in client.calls}
    assert tokens == {"mine"}


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
    journal_row = {} if holder is None else {"Item": {"commitId": {"S": holder}}}
    client = ScriptedDynamo(*([lost] if lost else []), conflict, journal_row)

    assert store_on(client, waits).commit_lane(_commit(), "mine") is made

    name, request = client.calls[-1]
    assert name == "get_item"
    assert request["Key"]["SK"] == {"S": "LOG#000000000005"}
    assert request["ConsistentRead"] is True


def test_without_a_lost_answer_the_journal_is_not_read(waits: Waits) -> None:
    row = _head_row(offset=9, commit_id="third")
    client = ScriptedDynamo(canceled("ConditionalCheckFailed", row=row))

    assert not store_on(client, waits).commit_lane(_commit(), "mine")

    assert _names(client) == ["transact_write_items"]


def test_a_lost_answer_of_a_commit_that_the_lane_never_saw_is_a_conflict(waits: Waits) -> None:
    older = canceled("ConditionalCheckFailed", row=_head_row(offset=4, commit_id="other"))
    client = ScriptedDynamo(no_answer(), older)

    assert not store_on(client, waits).commit_lane(_commit(), "mine")


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

    assert store_on(client, waits).commit_job(_change()) is made


def test_progress_waits_for_a_transaction_on_the_same_row(waits: Waits) -> None:
    client = ScriptedDynamo(refusal("TransactionConflictException"), DONE)

    assert store_on(client, waits).roll_up(make_job(), Progress(offsets=3))


def test_progress_that_is_late_is_not_an_error(waits: Waits) -> None:
    client = ScriptedDynamo(refusal("ConditionalCheckFailedException"))

    assert not store_on(client, waits).roll_up(make_job(), Progress(offsets=3))


def test_a_write_that_dynamodb_refuses_is_raised(waits: Waits) -> None:
    client = ScriptedDynamo(refusal("ValidationException"))

    with pytest.raises(StorageError, match="UpdateItem"):
        store_on(client, waits).mark_published(JOB_ID, 3, done=False)
