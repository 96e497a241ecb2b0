"""A ledger on the local engine that records its AWS calls and their capacity units."""

import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import boto3

from forgeledger.aws import clients
from forgeledger.bootstrap.storage import ledger_store
from forgeledger.jobs.model.ids import make_job_id
from forgeledger.jobs.model.job_lifecycle import create
from forgeledger.jobs.model.jobs import JobSpec
from forgeledger.jobs.usecases.apply_commands import LaneWriter
from forgeledger.local.engine import Engine, client_environment
from forgeledger.runtime import Runtime
from tests.support.ledger_table import create_ledger_table

NOW = 1_795_255_200_000


@dataclass(frozen=True)
class Call:
    """One AWS call: its request, its response as JSON, and the units that it consumed."""

    operation: str
    parameters: dict[str, Any]
    response: str
    units: float

    @property
    def writes(self) -> bool:
        return self.operation in {"TransactWriteItems", "PutItem", "UpdateItem"}


@dataclass
class EngineLedger:
    table: str
    jobs: int = 0
    _calls: list[Call] = field(default_factory=list)
    _parameters: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # Every client that this session makes from now on is recorded.
        session = clients.function_session()
        session.register("provide-client-params.dynamodb.*", self._request)
        session.register("response-received.dynamodb.*", self._respond)
        self.store = ledger_store(clients.dynamodb(), self.table, Runtime())
        self.lane_writer = LaneWriter(self.store, Runtime())

    def _request(self, params: dict[str, Any], **_: Any) -> dict[str, Any]:
        self._parameters = dict(params)
        return {**params, "ReturnConsumedCapacity": "TOTAL"}

    def _respond(self, parsed_response: dict[str, Any], event_name: str, **_: Any) -> None:
        consumed = parsed_response.get("ConsumedCapacity", [])
        tables = consumed if isinstance(consumed, list) else [consumed]
        self._calls.append(
            Call(
                operation=event_name.rpartition(".")[2],
                parameters=self._parameters,
                response=json.dumps(
                    {k: v for k, v in parsed_response.items() if k != "ResponseMetadata"}
                ),
                units=sum(table.get("CapacityUnits", 0.0) for table in tables),
            )
        )

    def calls_of(self, work: Callable[[], object]) -> list[Call]:
        self._calls.clear()
        work()
        return list(self._calls)

    def new_job(self, lanes: int, **spec: Any) -> str:
        self.jobs += 1
        job_id = make_job_id(NOW, self.jobs, lanes)
        job, heads, fact = create(
            JobSpec(job_id=job_id, name="benchmark", lanes=lanes, created_at=NOW, **spec)
        )
        self.store.create_job(job, heads, fact)
        return job_id


def write_units(calls: Sequence[Call]) -> float:
    return sum(call.units for call in calls if call.writes)


@contextmanager
def ledger_on_engine() -> Iterator[EngineLedger]:
    with Engine() as engine:
        os.environ |= {
            **client_environment(engine.url),
            "FORGELEDGER_TABLE": "ledger",
            "FORGELEDGER_COMMAND_QUEUE_URL": f"{engine.url}/000000000000/commands.fifo",
            "FORGELEDGER_REJECT_QUEUE_URL": f"{engine.url}/000000000000/rejects.fifo",
            "FORGELEDGER_EVENT_BUS": "forgeledger",
            "POWERTOOLS_SERVICE_NAME": "forgeledger",
            "POWERTOOLS_METRICS_NAMESPACE": "ForgeLedger",
        }
        create_ledger_table(boto3.client("dynamodb"), "ledger")
        yield EngineLedger("ledger")
