"""A ledger on a local engine, whose every AWS call can be recorded and added up."""

import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import boto3

from forgeledger.aws import clients
from forgeledger.jobs.model.ids import make_job_id
from forgeledger.jobs.model.job_lifecycle import create
from forgeledger.jobs.model.jobs import JobSpec
from forgeledger.jobs.storage.store import DynamoStore
from forgeledger.jobs.usecases.apply_commands import LaneWriter
from forgeledger.local.engine import Engine, client_environment
from forgeledger.runtime import Runtime
from tests.support.ledger_table import create_ledger_table

NOW = 1_795_255_200_000


@dataclass(frozen=True)
class Call:
    """One AWS call: what was asked, the answer as it came, and the units that it consumed."""

    operation: str
    parameters: dict[str, Any]
    answer: str
    units: float

    @property
    def writes(self) -> bool:
        return self.operation in {"TransactWriteItems", "PutItem", "UpdateItem"}


@dataclass
class EngineLedger:
    table: str
    environment: dict[str, str]
    jobs: int = 0
    _calls: list[Call] = field(default_factory=list)
    _asked: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # Every client that is made from now on by this session is heard.
        session = clients.function_session()
        session.register("provide-client-params.dynamodb.*", self._ask)
        session.register("response-received.dynamodb.*", self._answer)
        self.store = DynamoStore(clients.dynamodb(), self.table)
        self.lane_writer = LaneWriter(self.store, Runtime())

    def _ask(self, params: dict[str, Any], **_: Any) -> dict[str, Any]:
        self._asked = dict(params)
        return {**params, "ReturnConsumedCapacity": "TOTAL"}

    def _answer(self, parsed_response: dict[str, Any], event_name: str, **_: Any) -> None:
        consumed = parsed_response.get("ConsumedCapacity", [])
        tables = consumed if isinstance(consumed, list) else [consumed]
        self._calls.append(
            Call(
                operation=event_name.rpartition(".")[2],
                parameters=self._asked,
                answer=json.dumps(
                    {k: v for k, v in parsed_response.items() if k != "ResponseMetadata"}
                ),
                units=sum(table.get("CapacityUnits", 0.0) for table in tables),
            )
        )

    def calls_of(self, work: Callable[[], object]) -> list[Call]:
        """The calls that the work makes."""
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
        environment = {
            **client_environment(engine.url),
            "FORGELEDGER_TABLE": "ledger",
            "FORGELEDGER_REJECT_QUEUE_URL": f"{engine.url}/000000000000/rejects.fifo",
            "POWERTOOLS_SERVICE_NAME": "forgeledger",
            "POWERTOOLS_METRICS_NAMESPACE": "ForgeLedger",
        }
        os.environ.update(environment)
        create_ledger_table(boto3.client("dynamodb"), "ledger")
        yield EngineLedger("ledger", environment)
