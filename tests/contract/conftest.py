"""The stores that the contract suite runs against, and job ids that no other test uses."""

import itertools
import os
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config

from forgeledger.aws.dynamodb.raw_json import without_conversion
from forgeledger.aws.loopback import ACCESS_KEY
from forgeledger.bootstrap.storage import ledger_store
from forgeledger.jobs.model.ids import make_job_id
from forgeledger.jobs.ports import LedgerStore
from forgeledger.local.engine import REGION
from forgeledger.runtime import Runtime
from tests.support.builders import NOW
from tests.support.ledger_table import create_ledger_table
from tests.support.memory_store import MemoryStore
from tests.support.table_rows import Rows

_moments = itertools.count(NOW, 1_000_000)


def _client(endpoint_url: str) -> Any:
    """Like the functions' own: it sends and reads rows without conversion."""
    client = boto3.client(
        "dynamodb",
        endpoint_url=endpoint_url,
        region_name=REGION,
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=ACCESS_KEY,
        config=Config(
            retries={"mode": "standard", "total_max_attempts": 2}, parameter_validation=False
        ),
    )
    return without_conversion(client)


def _table_of(client: Any) -> Iterator[tuple[Any, str]]:
    name = f"ledger-{uuid.uuid4().hex}"
    create_ledger_table(client, name)
    yield client, name
    client.delete_table(TableName=name)


@pytest.fixture(scope="session")
def ministack_table(engine_url: str) -> Iterator[tuple[Any, str]]:
    """A client and the name of one table for all tests of this process."""
    yield from _table_of(_client(engine_url))


@pytest.fixture(scope="session")
def dynamodb_local_table() -> Iterator[tuple[Any, str]]:
    endpoint_url = os.environ.get("FORGELEDGER_DYNAMODB_ENDPOINT")
    if endpoint_url is None:
        pytest.fail("set FORGELEDGER_DYNAMODB_ENDPOINT to the address of DynamoDB Local")
    yield from _table_of(_client(endpoint_url))


_DYNAMODB = [
    pytest.param("ministack_table", id="ministack", marks=pytest.mark.integration),
    pytest.param("dynamodb_local_table", id="dynamodb_local", marks=pytest.mark.dynamodb_local),
]


@pytest.fixture(params=_DYNAMODB)
def table(request: pytest.FixtureRequest) -> tuple[Any, str]:
    """A client and the name of a table, for what only DynamoDB has."""
    return request.getfixturevalue(request.param)


@pytest.fixture(params=["memory", *_DYNAMODB])
def store(request: pytest.FixtureRequest) -> LedgerStore:
    if request.param == "memory":
        return MemoryStore()
    client, name = request.getfixturevalue(request.param)
    return ledger_store(client, name, Runtime())


@pytest.fixture
def expire_rows(store: LedgerStore, request: pytest.FixtureRequest) -> Callable[[int], None]:
    """Deletes the rows whose TTL has passed, as DynamoDB would have by then."""
    if isinstance(store, MemoryStore):
        return lambda now_seconds: store.delete_expired(now_seconds * 1_000)
    client, name = request.getfixturevalue(request.node.callspec.params["store"])

    def remove(now_seconds: int) -> None:
        pages = client.get_paginator("scan").paginate(
            TableName=name,
            FilterExpression="#ttl <= :now",
            ExpressionAttributeNames={"#ttl": "ttl"},
            ExpressionAttributeValues={":now": {"N": str(now_seconds)}},
        )
        for row in [row for page in pages for row in page["Items"]]:
            client.delete_item(TableName=name, Key={"PK": row["PK"], "SK": row["SK"]})

    return remove


@pytest.fixture
def moment() -> int:
    """A time of this test alone: its job ids sort after those of all earlier tests."""
    return next(_moments)


@pytest.fixture
def job_id(moment: int) -> str:
    """A job with one lane."""
    return make_job_id(moment, 7, 1)


@pytest.fixture
def rows(table: tuple[Any, str], job_id: str) -> Rows:
    """The rows of that job in the table."""
    return Rows(*table, job_id)
