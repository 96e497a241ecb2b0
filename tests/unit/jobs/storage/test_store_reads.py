"""Reads that take several requests: unprocessed keys, pages, and missing answers."""

from collections.abc import Sequence
from typing import Any

import pytest

from forgeledger.aws.dynamodb.attributes import Row
from forgeledger.errors import StorageBusy, StorageError
from forgeledger.jobs.model.jobs import JobStatus
from forgeledger.jobs.storage.head_rows import encode_head
from forgeledger.jobs.storage.item_rows import encode_item
from forgeledger.jobs.storage.job_rows import encode_header
from tests.support.builders import JOB_ID, make_head, make_item, make_job
from tests.support.fake_dynamodb import ScriptedDynamo
from tests.support.scripted_store import ATTEMPTS, BUSY, Waits, named_error, store_on


def _loaded(rows: Sequence[Row], unprocessed: Sequence[Row] = ()) -> dict[str, Any]:
    request = {"Keys": list(unprocessed), "ConsistentRead": True}
    return {
        "Responses": {"ledger": list(rows)},
        "UnprocessedKeys": {"ledger": request} if unprocessed else {},
    }


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

    view = store_on(client, waits).load_lane(JOB_ID, 0, ["a", "b"])

    assert view is not None
    assert set(view.items) == {"a", "b"}
    assert client.calls[2][1]["RequestItems"]["ledger"]["Keys"] == [_key(items[1])]
    assert all(call["RequestItems"]["ledger"]["ConsistentRead"] for _, call in client.calls)
    assert waits.seconds == [0.01, 0.02]


def test_keys_that_are_never_processed_are_given_up(waits: Waits) -> None:
    head = encode_head(make_head())
    client = ScriptedDynamo(*[_loaded([], [_key(head)])] * ATTEMPTS)

    with pytest.raises(StorageBusy, match="unprocessed"):
        store_on(client, waits).load_lane(JOB_ID, 0, [])


@pytest.mark.parametrize("busy", BUSY, ids=named_error)
def test_a_read_is_repeated_while_dynamodb_is_busy(busy: Exception, waits: Waits) -> None:
    head = encode_head(make_head())
    client = ScriptedDynamo(busy, _loaded([head]), busy, {"Items": []})
    store = store_on(client, waits)

    assert store.load_lane(JOB_ID, 0, []) is not None
    assert store.list_items(JOB_ID, 0, None, 10).items == ()


def test_one_request_reads_the_head_with_up_to_ninety_nine_items(waits: Waits) -> None:
    client = ScriptedDynamo(*[_loaded([encode_head(make_head())]), _loaded([])] * 2)
    store = store_on(client, waits)

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

    page = store_on(client, waits).list_items(JOB_ID, 0, None, 3)

    assert [item.item_id for item in page.items] == ["item-0", "item-1", "item-2"]
    assert page.next_after == "item-2"
    assert [call["Limit"] for _, call in client.calls] == [4, 3, 3]
    assert client.calls[1][1]["ExclusiveStartKey"] == _key(rows[0])


@pytest.mark.parametrize("more", [0, 1])
def test_a_page_that_ends_with_the_last_requested_row_does_not_show_whether_there_are_more(
    more: int, waits: Waits
) -> None:
    rows = [encode_item("JOB#j#0", make_item(item_id=f"item-{n}"), None) for n in range(4)]
    client = ScriptedDynamo(
        {"Items": rows[:3], "LastEvaluatedKey": _key(rows[2])},
        {"Items": rows[3 : 3 + more]},
    )

    page = store_on(client, waits).list_items(JOB_ID, 0, None, 3)

    assert [item.item_id for item in page.items] == ["item-0", "item-1", "item-2"]
    assert page.next_after == ("item-2" if more else None)
    assert [call["Limit"] for _, call in client.calls] == [4, 1]


def test_pages_without_rows_come_to_an_end(waits: Waits) -> None:
    row = encode_item("JOB#j#0", make_item(), None)
    client = ScriptedDynamo(*[{"Items": [], "LastEvaluatedKey": _key(row)}] * 4)

    with pytest.raises(StorageError, match="never end"):
        store_on(client, waits).list_items(JOB_ID, 0, None, 2)


# A status has four shards.
_EMPTY_SHARDS = [{"Items": []}] * 3


def test_an_index_that_lags_behind_does_not_lie(waits: Waits) -> None:
    row = encode_header(make_job(status=JobStatus.RUNNING))
    shards = [{"Items": [{"jobId": {"S": JOB_ID}}]}, *_EMPTY_SHARDS]
    client = ScriptedDynamo(*shards, _loaded([row]))

    assert store_on(client, waits).list_jobs(JobStatus.FAILED, None, None, 10) == ((), None)


@pytest.mark.parametrize(("tag", "name"), [("never", None), (None, "never")])
def test_a_search_goes_through_a_bounded_number_of_jobs(
    waits: Waits, tag: str | None, name: str | None
) -> None:
    row = encode_header(make_job(tags=("x",)))
    index_page = {"Items": [{"jobId": {"S": JOB_ID}}], "LastEvaluatedKey": _key(row)}
    shards = [{"Items": [{"jobId": {"S": JOB_ID}}] * 2, "LastEvaluatedKey": {}}, *_EMPTY_SHARDS]
    pages = [*shards, _loaded([row])]
    client = ScriptedDynamo(*pages * 5, index_page)

    page = store_on(client, waits).list_jobs(JobStatus.RUNNING, tag, None, 1, name=name)

    assert page == ((), JOB_ID)
    assert client.script == [index_page]


def test_keys_whose_answer_was_cut_off_before_its_first_letter_are_asked_for_again(
    waits: Waits,
) -> None:
    head = encode_head(make_head())
    client = ScriptedDynamo({}, _loaded([head]))

    view = store_on(client, waits).load_lane(JOB_ID, 0, [])

    assert view is not None
    assert client.calls[0] == client.calls[1]


def test_a_query_whose_answer_was_cut_off_before_its_first_letter_is_made_again(
    waits: Waits,
) -> None:
    client = ScriptedDynamo({}, {"Items": []})

    page = store_on(client, waits).list_items(JOB_ID, 0, None, 10)

    assert page.items == ()
    assert client.calls[0] == client.calls[1]


def test_a_read_that_is_never_answered_with_anything_is_given_up(waits: Waits) -> None:
    client = ScriptedDynamo(*[{}] * ATTEMPTS)

    with pytest.raises(StorageBusy, match="Query"):
        store_on(client, waits).list_items(JOB_ID, 0, None, 10)


def test_a_scan_brings_what_holds_items_up_and_nothing_that_they_carry(waits: Waits) -> None:
    answer = {"Items": [], "ScannedCount": 1, "ConsumedCapacity": {"CapacityUnits": 0.5}}
    client = ScriptedDynamo(answer)

    store_on(client, waits).scan_items(make_head(), None, 0, consistent=False)

    ((_, request),) = client.calls
    shown = set(request["ProjectionExpression"].replace(",", "").split())
    assert "SK" in shown
    assert not shown & {"payload", "result", "seen"}
    assert request["FilterExpression"]
