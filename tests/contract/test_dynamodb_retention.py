"""How rows in DynamoDB get a later TTL."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from forgeledger.aws.dynamodb.key_ranges import key
from forgeledger.bootstrap.storage import ledger_store
from forgeledger.jobs.model.lanes import LaneRules
from forgeledger.jobs.model.progress import Progress
from forgeledger.jobs.storage.store import DynamoStore
from forgeledger.journal.model.log_row import Renewed
from forgeledger.runtime import Runtime
from tests.support.builders import NOW
from tests.support.lane_steps import create_job, register
from tests.support.table_rows import Rows

DAY_SECONDS = 24 * 3_600
NOW_SECONDS = NOW // 1_000


@pytest.fixture
def store(table: tuple[Any, str]) -> DynamoStore:
    return ledger_store(*table, Runtime())


def test_renewing_gives_rows_a_later_time_and_never_an_earlier_one(
    store: DynamoStore, rows: Rows, job_id: str
) -> None:
    create_job(store, job_id)
    register(store, job_id, ["a"])
    later = NOW_SECONDS + 45 * DAY_SECONDS

    assert store.renew(job_id, 0, None, 10, later) == Renewed(after=None)
    assert store.renew(job_id, 0, None, 10, later - 9) == Renewed(after=None)
    store.mark_renewed(job_id, NOW + 15 * DAY_SECONDS * 1_000, lost=False)

    assert rows.ttls() == [None, None, later, later]
    fact = rows.get(key(f"JOB#{job_id}", "FACT#000000000000"))
    assert fact["ttl"]["N"] == str(later)


def test_progress_lasts_as_long_as_the_facts_of_a_running_job(
    store: DynamoStore, rows: Rows, job_id: str
) -> None:
    job = create_job(store, job_id).job
    assert store.roll_up(job, Progress(offsets=1, at=NOW))
    stored = key(f"JOB#{job_id}", "PROGRESS")
    assert rows.get(stored)["ttl"]["N"] == str(NOW_SECONDS + 30 * DAY_SECONDS)

    store.mark_renewed(job_id, NOW + 15 * DAY_SECONDS * 1_000, lost=False)

    assert rows.get(stored)["ttl"]["N"] == str(NOW_SECONDS + 45 * DAY_SECONDS)
    assert "ttl" not in rows.get(key(f"JOB#{job_id}", "JOB"))


def test_progress_of_a_job_that_never_expires_has_no_ttl(
    store: DynamoStore, rows: Rows, job_id: str
) -> None:
    job = create_job(store, job_id, rules=LaneRules(ttl_days=0)).job

    assert store.roll_up(job, Progress(offsets=1, at=NOW))

    assert "ttl" not in rows.get(key(f"JOB#{job_id}", "PROGRESS"))


def test_a_row_that_was_written_meanwhile_does_not_keep_the_others_from_being_renewed(
    table: tuple[Any, str], rows: Rows, job_id: str
) -> None:
    store = ledger_store(LateWriter(table[0], NOW_SECONDS + 90 * DAY_SECONDS), table[1], Runtime())
    create_job(store, job_id)
    register(store, job_id, ["a"])
    later = NOW_SECONDS + 45 * DAY_SECONDS

    store.renew(job_id, 0, None, 10, later)

    assert rows.ttls()[2:] == [NOW_SECONDS + 90 * DAY_SECONDS, later]


@pytest.mark.parametrize("refusals", [1, 2])
def test_rows_of_a_refused_transaction_are_renewed_one_by_one(
    table: tuple[Any, str], rows: Rows, job_id: str, refusals: int
) -> None:
    """One bad row cancels the whole transaction; alone it is reported, and the rest is renewed."""
    client = RefusingClient(table[0], "ITEM#a", lasting=refusals == 2)
    store = ledger_store(client, table[1], Runtime())
    create_job(store, job_id)
    register(store, job_id, ["a", "b"])
    first, later = NOW_SECONDS + 30 * DAY_SECONDS, NOW_SECONDS + 45 * DAY_SECONDS

    renewed = store.renew(job_id, 0, None, 10, later)

    assert (renewed.after, renewed.error is None) == (None, refusals == 1)
    assert rows.ttls()[2:] == [later if refusals == 1 else first, later]


def test_a_table_that_refuses_all_is_left_alone_after_a_few(
    table: tuple[Any, str], job_id: str
) -> None:
    client = RefusingClient(table[0], "", lasting=True)
    store = ledger_store(client, table[1], Runtime())
    create_job(store, job_id)
    register(store, job_id, [f"i{n}" for n in range(20)])

    renewed = store.renew(job_id, 0, None, 30, NOW_SECONDS + 45 * DAY_SECONDS)

    assert renewed.error is not None
    assert client.refused == 4


class LateWriter:
    """A client with another writer, which renews the first row just before the transaction."""

    def __init__(self, client: Any, ttl: int) -> None:
        self._client, self._ttl = client, ttl

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def transact_write_items(self, **request: Any) -> Any:
        update = request["TransactItems"][0].get("Update", {})
        if update.get("UpdateExpression") == "SET #ttl = :ttl":
            self._client.update_item(
                TableName=update["TableName"],
                Key=update["Key"],
                UpdateExpression="SET #ttl = :ttl",
                ExpressionAttributeNames={"#ttl": "ttl"},
                ExpressionAttributeValues={":ttl": {"N": str(self._ttl)}},
            )
        return self._client.transact_write_items(**request)


class RefusingClient:
    """A client that refuses every renewal in a transaction; with `lasting` also a row's own."""

    def __init__(self, client: Any, sort_key: str, *, lasting: bool) -> None:
        self._client, self._sort_key, self._lasting = client, sort_key, lasting
        self.refused = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def transact_write_items(self, **request: Any) -> Any:
        updates = [action.get("Update", {}) for action in request["TransactItems"]]
        if updates[0].get("UpdateExpression") == "SET #ttl = :ttl":
            self._refuse("TransactWriteItems")
        return self._client.transact_write_items(**request)

    def update_item(self, **request: Any) -> Any:
        if self._lasting and request["Key"]["SK"]["S"].startswith(self._sort_key):
            self._refuse("UpdateItem")
        return self._client.update_item(**request)

    def _refuse(self, operation: str) -> None:
        self.refused += 1
        raise ClientError({"Error": {"Code": "ValidationException", "Message": "no"}}, operation)
