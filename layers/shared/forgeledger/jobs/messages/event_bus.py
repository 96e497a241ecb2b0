"""Publish facts to EventBridge; retry refused entries, and raise if some are still refused."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from forgeledger.batched import batched
from forgeledger.errors import EventsRefused
from forgeledger.jobs.messages.job_events import SOURCE, detail_text
from forgeledger.jobs.model.facts import Fact
from forgeledger.jobs.model.jobs import Job
from forgeledger.runtime import Runtime

_ENTRIES_PER_REQUEST = 10
_TRIES = 5


class EventBridgePublisher:
    def __init__(self, client: Any, bus: str, runtime: Runtime) -> None:
        self._client = client
        self._bus = bus
        self._runtime = runtime

    def publish(self, job: Job, facts: Sequence[Fact]) -> None:
        entries = [self._entry(job, fact) for fact in facts]
        for part in batched(entries, _ENTRIES_PER_REQUEST):
            self._put(part)

    def _put(self, entries: Sequence[dict[str, Any]]) -> None:
        for tries in range(_TRIES):
            answers = self._client.put_events(Entries=entries)["Entries"]
            refused = [
                (entry, answer["ErrorCode"])
                for entry, answer in zip(entries, answers, strict=True)
                if "ErrorCode" in answer
            ]
            if not refused:
                return
            entries = [entry for entry, _ in refused]
            if tries < _TRIES - 1:
                self._runtime.pause(tries)
        raise EventsRefused(self._bus, tuple(code for _, code in refused))

    def _entry(self, job: Job, fact: Fact) -> dict[str, Any]:
        return {
            "EventBusName": self._bus,
            "Source": SOURCE,
            "DetailType": fact.kind.value,
            "Time": datetime.fromtimestamp(fact.at / 1000, UTC),
            "Resources": [],
            "Detail": detail_text(job, fact),
        }
