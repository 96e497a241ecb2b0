"""One job, the real functions and its clients; each of their AWS calls may fail."""

import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from forgeledger.bootstrap.intake import build_intake
from forgeledger.bootstrap.relay import build_relay
from forgeledger.bootstrap.storage import ledger_store
from forgeledger.jobs.model.ids import group_of, lane_of, lanes_of, make_job_id
from forgeledger.jobs.model.job_lifecycle import create, total
from forgeledger.jobs.model.jobs import Job, JobStatus
from forgeledger.jobs.services import Services, services_on
from forgeledger.jobs.storage.job_id_claims import DynamoDBJobIdClaims
from forgeledger.jobs.usecases.register_items import NewItem
from forgeledger.runtime import Runtime
from forgeledger.web.limits import IDEMPOTENCY_SECONDS
from tests.crashes import stream_mapping
from tests.crashes.failing_calls import FailingCall, FailingClient, ProcessKilled, UnexpectedError
from tests.crashes.streamed_tables import NAME, StreamedTable
from tests.simulation import handlers
from tests.support.builders import NOW, make_spec
from tests.support.one_by_one import one_by_one

# Deliveries before a message becomes a dead letter: many more than one crash requires.
_DELIVERIES = 5
_ENVIRONMENT = {**handlers.ENVIRONMENT, "FORGELEDGER_TABLE": NAME}
_ALL = 10_000


class RecordingBus:
    def __init__(self) -> None:
        self.event_ids: list[str] = []

    def put_events(self, *, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803 - boto3's spelling.
        self.event_ids += [json.loads(entry["Detail"])["eventId"] for entry in Entries]
        return {"Entries": [{"EventId": "1"} for _ in Entries]}


class RecordingRejects:
    def __init__(self) -> None:
        self.sent: dict[str, str] = {}

    def send_message(self, **request: Any) -> None:
        self.sent[request["MessageDeduplicationId"]] = request["MessageBody"]

    def change_message_visibility_batch(self, **request: Any) -> dict[str, Any]:
        """A delivery comes at once."""
        return {}


class UnlimitedContext:
    @staticmethod
    def get_remaining_time_in_millis() -> int:
        return 900_000


@dataclass
class CrashStage:
    table: StreamedTable
    failing_call: FailingCall = field(default_factory=FailingCall)
    number: int = 1
    relay_batch: int = stream_mapping.MOST
    bus: RecordingBus = field(default_factory=RecordingBus)
    rejects: RecordingRejects = field(default_factory=RecordingRejects)
    job_id: str = ""

    def __post_init__(self) -> None:
        ids = itertools.count()
        self.runtime = Runtime(
            clock=lambda: NOW,
            new_id=lambda: f"{self.number}-{next(ids)}",
            sleep=lambda _seconds: None,
            parallel=one_by_one,
        )
        self.store = ledger_store(self.table.client, NAME, Runtime())

    def open(self, *, lanes: int, **spec: Any) -> None:
        self.job_id = make_job_id(NOW, self.number, lanes)
        rows = create(make_spec(job_id=self.job_id, **spec))
        self._until_answered(
            lambda: ledger_store(self._dynamodb(), NAME, Runtime()).create_job(*rows), lambda: False
        )
        self.run_relay()

    def message(self, name: str, *commands: dict[str, Any], group: str | None = None) -> Any:
        """A record of the queue, by default in the group of the first item's lane."""
        lane = lane_of(str(commands[0].get("itemId")), lanes_of(self.job_id) or 1)
        return {
            "messageId": name,
            "receiptHandle": name,
            "body": json.dumps(
                {"commands": [{**command, "jobId": self.job_id} for command in commands]}
            ),
            "attributes": {
                "MessageGroupId": group or group_of(self.job_id, lane),
                "SentTimestamp": str(NOW),
                "ApproximateReceiveCount": "1",
            },
        }

    def consume(self, *records: dict[str, Any]) -> None:
        """Deliver a batch until all of it is acknowledged; then run the relay."""
        waiting = list(records)
        for _ in range(_DELIVERIES):
            handlers.function("intake").intake = build_intake(  # type: ignore[attr-defined]
                _ENVIRONMENT,
                dynamodb=self._dynamodb(),
                sqs=lambda: FailingClient(self.rejects, self.failing_call),
                eventbridge=lambda: FailingClient(self.bus, self.failing_call),
                runtime=self.runtime,
            )
            try:
                answer = handlers.handler("intake")({"Records": waiting}, UnlimitedContext())
            except ProcessKilled:
                continue
            failed = {failure["itemIdentifier"] for failure in answer["batchItemFailures"]}
            waiting = [record for record in waiting if record["messageId"] in failed]
            if not waiting:
                return self.run_relay()
        raise AssertionError("never acknowledged")

    def request(self, change: Callable[[Services], Any], made: Callable[[Job], bool]) -> None:
        """Request a change until it is committed; the relay does all that follows from it."""

        def process() -> None:
            dynamodb = self._dynamodb()
            claims = DynamoDBJobIdClaims(
                dynamodb, "idempotency", self.runtime.clock, IDEMPOTENCY_SECONDS
            )
            change(services_on(ledger_store(dynamodb, NAME, Runtime()), claims, self.runtime))

        def is_made() -> bool:
            view = self.store.load_job(self.job_id)
            return view is not None and made(view.job)

        self._until_answered(process, is_made)
        self.run_relay()

    def register(self, names: list[str], *, seal: bool = False) -> None:
        items = [NewItem(item_id=name) for name in names]
        self.request(
            lambda services: services.registrar.register(self.job_id, items, names[0], seal=seal),
            # Only the answer shows that all items are registered.
            made=lambda _: False,
        )

    def seal(self) -> None:
        self.request(lambda services: services.lifecycle.seal(self.job_id), lambda job: job.sealed)

    def cancel(self) -> None:
        canceled = JobStatus.CANCELED
        self.request(
            lambda services: services.lifecycle.cancel(self.job_id),
            lambda job: canceled in (job.ending, job.status),
        )

    def reopen(self) -> None:
        self.request(
            lambda services: services.lifecycle.reopen(self.job_id), lambda job: not job.finished
        )

    def run_relay(self) -> None:
        """Deliver the stream's records to the relay until there are no more."""
        while records := self.table.records():
            stream_mapping.deliver(records, self._relay, self.relay_batch)

    def _relay(self, event: dict[str, Any]) -> Any:
        handlers.function("relay").services = build_relay(  # type: ignore[attr-defined]
            _ENVIRONMENT,
            dynamodb=self._dynamodb(),
            eventbridge=FailingClient(self.bus, self.failing_call),
            runtime=self.runtime,
        )
        return handlers.handler("relay")(event, UnlimitedContext())

    @staticmethod
    def _until_answered(process: Callable[[], None], made: Callable[[], bool]) -> None:
        for _ in range(_DELIVERIES):
            try:
                return process()
            except (ProcessKilled, UnexpectedError):
                if made():
                    return None
        raise AssertionError("never answered")

    def _dynamodb(self) -> FailingClient:
        return FailingClient(self.table.client, self.failing_call)

    def events(self) -> list[str]:
        """The published events, each once, without the job's id."""
        return list(dict.fromkeys(event.partition(":")[2] for event in self.bus.event_ids))

    def outcome(self) -> dict[str, Any]:
        """The final state, which must not depend on crashes; equal for all jobs of a scenario."""
        view = self.store.load_job(self.job_id)
        assert view is not None
        lanes = range(len(view.heads))
        assert view.progress.counts == total(view.heads)
        return {
            "job": replace(view.job, spec=make_spec()),
            "heads": [replace(head, job_id="") for head in view.heads],
            "items": [self.store.list_items(self.job_id, lane, None, _ALL).items for lane in lanes],
            "journal": [self.store.read_journal(self.job_id, lane, 0, _ALL) for lane in lanes],
            "facts": self.store.read_facts(self.job_id, 0, _ALL),
            "published": view.published,
            "open": self.job_id in self.store.list_open(None, _ALL)[0],
            "rejects": sorted(self.rejects.sent),
            "events": self.events(),
        }
