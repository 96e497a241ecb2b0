"""Publish facts to EventBridge; retry refused entries, and raise if some are still refused."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from forgeledger.aws.errors import NO_ANSWER, may_pass
from forgeledger.batched import batched
from forgeledger.errors import EventsRefused
from forgeledger.jobs.messages.job_events import SOURCE, detail_text
from forgeledger.jobs.model.facts import Fact
from forgeledger.jobs.model.jobs import Job
from forgeledger.runtime import HasTime, Runtime

_ENTRIES_PER_REQUEST = 10
# With the pauses between them some three seconds at most; fewer where the time ends sooner.
_TRIES = 12
# Each missing answer costs seconds, in which other jobs wait for their verdicts.
_UNANSWERED_TRIES = 2


class EventBridgePublisher:
    def __init__(self, client: Callable[[], Any], bus: str, runtime: Runtime) -> None:
        # A function: most batches of the intake end no job, and never need the client.
        self._client = client
        self._bus = bus
        self._runtime = runtime

    def publish(self, job: Job, facts: Sequence[Fact], has_time: HasTime) -> None:
        entries = [self._entry(job, fact) for fact in facts]
        for part in batched(entries, _ENTRIES_PER_REQUEST):
            self._put(part, has_time)

    def _put(self, entries: Sequence[dict[str, Any]], has_time: HasTime) -> None:
        failure: Exception
        unanswered = 0
        for tries in range(_TRIES):
            if tries:
                self._runtime.pause(tries - 1)
            try:
                answers = self._client().put_events(Entries=entries)["Entries"]
            except (ClientError, *NO_ANSWER) as error:
                if not may_pass(error):
                    raise
                failure = error
                unanswered += not isinstance(error, ClientError)
            else:
                refused = [
                    (entry, answer["ErrorCode"])
                    for entry, answer in zip(entries, answers, strict=True)
                    if "ErrorCode" in answer
                ]
                if not refused:
                    return
                entries = [entry for entry, _ in refused]
                failure = EventsRefused(self._bus, tuple(code for _, code in refused))
            if unanswered == _UNANSWERED_TRIES or not has_time():
                break
        raise failure

    def _entry(self, job: Job, fact: Fact) -> dict[str, Any]:
        return {
            "EventBusName": self._bus,
            "Source": SOURCE,
            "DetailType": fact.kind.value,
            "Time": datetime.fromtimestamp(fact.at / 1000, UTC),
            "Resources": [],
            "Detail": detail_text(job, fact),
        }
