"""An API on a store in memory, and a caller that sends it API Gateway events."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from urllib.parse import parse_qsl, urlencode

from aws_lambda_powertools.utilities.idempotency.exceptions import (
    IdempotencyItemAlreadyExistsError,
    IdempotencyItemNotFoundError,
)
from aws_lambda_powertools.utilities.idempotency.persistence.base import BasePersistenceLayer
from aws_lambda_powertools.utilities.idempotency.persistence.datarecord import DataRecord

from forgeledger.bootstrap.api import build_resolver
from forgeledger.errors import IdempotencyKeyReused
from forgeledger.execution.services import execution_on
from forgeledger.jobs.ports import JournalRow
from forgeledger.jobs.services import services_on
from forgeledger.repeat import Repeat
from forgeledger.runtime import Runtime
from forgeledger.web.api import Api
from forgeledger.web.request_guard import RequestGuard
from tests.support.memory_store import MemoryStore
from tests.support.one_by_one import one_by_one

START_MS = 1_795_255_200_000


class MemoryPersistence(BasePersistenceLayer):
    """Powertools' idempotency records, in a dictionary."""

    def __init__(self) -> None:
        super().__init__()
        self.records: dict[str, DataRecord] = {}

    def _get_record(self, idempotency_key: str) -> DataRecord:
        if idempotency_key not in self.records:
            raise IdempotencyItemNotFoundError
        return self.records[idempotency_key]

    def _put_record(self, data_record: DataRecord) -> None:
        old = self.records.get(data_record.idempotency_key)
        if old is not None:
            self._validate_payload(data_payload=data_record, stored_data_record=old)
            raise IdempotencyItemAlreadyExistsError(old_data_record=old)
        self.records[data_record.idempotency_key] = data_record

    def _update_record(self, data_record: DataRecord) -> None:
        self.records[data_record.idempotency_key] = data_record

    def _delete_record(self, data_record: DataRecord) -> None:
        del self.records[data_record.idempotency_key]


@dataclass
class MemoryClaims:
    claimed: dict[str, tuple[Repeat, str]] = field(default_factory=dict)

    def claim(self, repeat: Repeat, job_id: str) -> str:
        first, claimed = self.claimed.setdefault(repeat.key, (repeat, job_id))
        if first != repeat:
            raise IdempotencyKeyReused(repeat.key)
        return claimed


@dataclass
class Clock:
    now: int = START_MS

    def __call__(self) -> int:
        return self.now

    def pass_seconds(self, seconds: float) -> None:
        self.now += int(seconds * 1000)


class Context:
    """The context of a Lambda invocation."""

    function_name = "api"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:us-east-1:000000000000:function:api"
    aws_request_id = "8c2a1b0e-0000-4000-8000-000000000000"

    def get_remaining_time_in_millis(self) -> int:
        return 20_000


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    text: str
    route: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)

    @property
    def wrong(self) -> dict[str, str]:
        """The broken rule by field."""
        assert self.headers["Content-Type"] == "application/problem+json"
        return {error["field"]: error["rule"] for error in self.json["errors"]}


def http_event(
    method: str,
    path: str,
    *,
    query: Mapping[str, Any] | None = None,
    body: Any = None,
    headers: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """An HTTP API's event: the path is decoded, header names are lower case."""
    raw_query = urlencode(query or {}, doseq=True)
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": raw_query,
        "headers": {"host": "api.test", **(headers or {})},
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "abc123",
            "domainName": "abc123.execute-api.us-east-1.amazonaws.com",
            "http": {"method": method, "path": path, "protocol": "HTTP/1.1"},
            "requestId": "JKJaXmPLvHcESHA=",
            "routeKey": "$default",
            "stage": "$default",
            "timeEpoch": START_MS,
        },
        "isBase64Encoded": False,
    }
    joined: dict[str, str] = {}
    for name, value in parse_qsl(raw_query, keep_blank_values=True):
        joined[name] = f"{joined[name]},{value}" if name in joined else value
    if joined:
        event["queryStringParameters"] = joined
    if body is not None:
        event["body"] = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
        event["headers"].setdefault("content-type", "application/json")
    return event


@dataclass
class Caller:
    api: Api
    headers: dict[str, str] = field(default_factory=dict)

    def get(self, path: str, **query: Any) -> Reply:
        return self.send(http_event("GET", path, query=query, headers=self.headers))

    def post(self, path: str, body: Any = None, **headers: str) -> Reply:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        headers = {**self.headers, **named}
        return self.send(http_event("POST", path, body=body, headers=headers))

    def send(self, event: dict[str, Any]) -> Reply:
        answered = self.api.answer(event, Context())
        response = answered.response
        return Reply(response["statusCode"], response["headers"], response["body"], answered.route)

    event = staticmethod(http_event)

    def new_job(self, **fields: Any) -> str:
        reply = self.post("/jobs", {"name": "nightly", **fields})
        assert reply.status == 201, reply.text
        return str(reply.json["jobId"])


@dataclass
class World:
    """The dependencies of an API, in memory."""

    store: Any
    clock: Clock
    persistence: MemoryPersistence
    claims: MemoryClaims
    runtime: Runtime
    execution: bool = True
    queue_arns: tuple[str, ...] = ()

    def api(self, read_keys: Callable[[], str] | None = None) -> Api:
        services = services_on(
            self.store,
            self.claims,
            self.runtime,
            execution=self.execution,
            queue_arns=self.queue_arns,
        )
        execution = execution_on(self.store, self.runtime)
        guard = RequestGuard(None if read_keys is None else lambda _: read_keys())
        return Api(build_resolver(services, execution, self.persistence), guard)

    def keep_journal_rows(self, is_retained: Callable[[JournalRow], bool]) -> None:
        """Drop all other rows, as if their TTL had passed."""
        read = self.store.read_journal
        self.store.read_journal = lambda job_id, lane, offset, limit: tuple(
            row for row in read(job_id, lane, offset, 1_000) if is_retained(row)
        )[:limit]

    def caller(self, read_keys: Callable[[], str] | None = None, **headers: str) -> Caller:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return Caller(self.api(read_keys), named)


def make_world() -> World:
    clock, numbers = Clock(), count(1)
    runtime = Runtime(
        clock=clock,
        new_id=lambda: f"id-{next(numbers)}",
        sleep=lambda seconds: None,
        draw=lambda: 0.5,
        parallel=one_by_one,
    )
    return World(MemoryStore(), clock, MemoryPersistence(), MemoryClaims(), runtime)
