"""Mutants of when rows expire: too late, at once, or never."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from typing import Any
from unittest.mock import patch

from aws_lambda_powertools.utilities.idempotency.persistence.base import BasePersistenceLayer

from forgeledger.aws.dynamodb.attributes import Row
from forgeledger.aws.dynamodb.table import Action
from forgeledger.jobs.model.items import Item
from forgeledger.jobs.model.jobs import Job
from forgeledger.jobs.model.lanes import Head
from forgeledger.jobs.storage import job_writes, lane_writes
from forgeledger.jobs.storage.job_id_claims import DynamoDBJobIdClaims
from tests.simulation.mutant import Mutant, Mutants

EXPIRY = Mutants()


def _never_expiring(module: Any, name: str) -> Callable[[], AbstractContextManager[None]]:
    """This function encodes its rows without their TTL."""

    @contextmanager
    def install() -> Iterator[None]:
        original = getattr(module, name)

        def encode(*arguments: Any) -> Row:
            row = original(*arguments)
            return {attribute: value for attribute, value in row.items() if attribute != "ttl"}

        with patch.object(module, name, encode):
            yield

    return install


EXPIRY += [
    Mutant("items never expire", _never_expiring(lane_writes, "encode_item")),
    Mutant("rows of the journal never expire", _never_expiring(lane_writes, "encode_journal_row")),
    Mutant("facts never expire", _never_expiring(job_writes, "encode_fact")),
]


@EXPIRY.named("the heads of a finished job never expire")
def heads_last() -> Iterator[None]:
    original = job_writes._head_action

    def head_action(table: str, head: Head, _: int | None, checks_offset: bool) -> Action:
        return original(table, head, None, checks_offset)

    with patch.object(job_writes, "_head_action", head_action):
        yield


@EXPIRY.named("the header of a finished job never expires")
def headers_last() -> Iterator[None]:
    original = job_writes.encode_life

    def encode_life(job: Job) -> Row:
        return {name: value for name, value in original(job).items() if name != "ttl"}

    with patch.object(job_writes, "encode_life", encode_life):
        yield


@EXPIRY.named("ttlDays of 0 means that the rows expire at once")
def no_days_at_once() -> Iterator[None]:
    original = lane_writes.encode_item

    def encode_item(pk: str, item: Item, ttl: int | None) -> Row:
        return original(pk, item, ttl or item.updated_at // 1_000)

    with patch.object(lane_writes, "encode_item", encode_item):
        yield


_Request = dict[str, Any]


def _claiming_with(change: Callable[[_Request], _Request]) -> AbstractContextManager[Any]:
    """Claims of job ids send this request instead of their own."""
    original = DynamoDBJobIdClaims.claim

    class Changed:
        def __init__(self, client: Any) -> None:
            self._client = client

        def put_item(self, **request: Any) -> Any:
            return self._client.put_item(**change(request))

    def claim(self: DynamoDBJobIdClaims, *arguments: Any) -> str:
        return original(replace(self, client=Changed(self.client)), *arguments)

    return patch.object(DynamoDBJobIdClaims, "claim", claim)


@EXPIRY.named("the job id of a key never expires")
def claims_last() -> Iterator[None]:
    def change(request: _Request) -> _Request:
        item = {name: value for name, value in request["Item"].items() if name != "expiration"}
        return request | {"Item": item}

    with _claiming_with(change):
        yield


@EXPIRY.named("a key stands for its job until its row is deleted")
def expired_claims_count() -> Iterator[None]:
    def change(request: _Request) -> _Request:
        left = request | {"ConditionExpression": "attribute_not_exists(id)"}
        del left["ExpressionAttributeValues"]
        return left

    with _claiming_with(change):
        yield


@EXPIRY.named("a stored answer expires after a day instead of ten minutes")
def answers_for_a_day() -> Iterator[None]:
    original = BasePersistenceLayer._get_expiry_timestamp

    def a_day_later(self: BasePersistenceLayer) -> int:
        return original(self) + 86_400 - self.expires_after_seconds

    with patch.object(BasePersistenceLayer, "_get_expiry_timestamp", a_day_later):
        yield
