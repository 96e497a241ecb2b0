"""Due rows are deleted by the batch, and what DynamoDB leaves over is asked for again."""

from typing import Any

import pytest

from forgeledger.errors import StorageBusy
from forgeledger.jobs.model.due_rows import DueKey
from tests.support.builders import JOB_ID
from tests.support.fake_dynamodb import ScriptedDynamo, no_answer, refusal
from tests.support.scripted_store import ATTEMPTS, Waits, store_on

ALL_DONE: dict[str, Any] = {"UnprocessedItems": {}}


def keys(number: int) -> list[DueKey]:
    return [DueKey(job_id=JOB_ID, lane=0, due_at=7, offset=offset) for offset in range(number)]


def requests_of(client: ScriptedDynamo) -> list[list[dict[str, Any]]]:
    return [
        requests for _, request in client.calls for requests in request["RequestItems"].values()
    ]


def left_over(client: ScriptedDynamo, table: str, number: int) -> dict[str, Any]:
    request = {"DeleteRequest": {"Key": {"PK": {"S": "p"}, "SK": {"S": f"{number}"}}}}
    return {"UnprocessedItems": {table: [request]}}


def test_a_request_holds_25_rows_under_their_keys(waits: Waits) -> None:
    client = ScriptedDynamo(ALL_DONE, ALL_DONE)

    store_on(client, waits).delete_due(keys(26))

    first, second = requests_of(client)
    assert (len(first), len(second)) == (25, 1)
    assert first[1]["DeleteRequest"]["Key"] == {
        "PK": {"S": f"JOB#{JOB_ID}#0"},
        "SK": {"S": "DUE#0000000000007#000000000001"},
    }


def test_what_is_left_over_is_deleted_after_a_pause(waits: Waits) -> None:
    client = ScriptedDynamo()
    store = store_on(client, waits)
    client.script = [left_over(client, "ledger", 4), no_answer(), refusal("ThrottlingException")]
    client.script.append(ALL_DONE)

    store.delete_due(keys(5))

    assert [len(requests) for requests in requests_of(client)] == [5, 1, 1, 1]
    assert len(waits.seconds) == 3


def test_a_table_that_is_always_busy_is_given_up(waits: Waits) -> None:
    client = ScriptedDynamo()
    client.script = [left_over(client, "ledger", 1)] * (ATTEMPTS + 1)

    with pytest.raises(StorageBusy, match="BatchWriteItem"):
        store_on(client, waits).delete_due(keys(5))

    assert len(client.calls) == ATTEMPTS


def test_nothing_to_delete_is_no_request(waits: Waits) -> None:
    client = ScriptedDynamo()

    store_on(client, waits).delete_due([])

    assert client.calls == []
