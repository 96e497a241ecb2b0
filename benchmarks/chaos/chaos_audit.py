"""Collect what is known of the job when nothing fails and no worker runs any more."""

import contextlib
import time
from collections.abc import Sequence
from typing import Any, Final

from benchmarks.chaos.chaos_guarantees import Evidence
from benchmarks.stored_job import stored_job
from forgeledger.demo.setup import DemoResources
from forgeledger.local.function_process import InvocationFailed
from forgeledger.local.local_cloud import LocalCloud
from forgeledger.sdk import Job, Ledger, SdkError

_QUEUES_TO_BE_EMPTY: Final = ("CommandQueue", "RejectQueue", "CommandDeadLetterQueue")
_QUIET_SECONDS: Final = 5
# More than the schedule's minute, for an event that only the schedule publishes.
_FIRST_EVENT_SECONDS: Final = 150
_RETRY_SECONDS: Final = 1


class Audit:
    """The audit of one finished job; the caller bounds the time of every wait."""

    def __init__(self, cloud: LocalCloud, ledger: Ledger, job_id: str) -> None:
        self._cloud = cloud
        self._ledger = ledger
        self._job_id = job_id

    def evidence(
        self, names: Sequence[str], resources: DemoResources, unexpected_exits: int
    ) -> Evidence:
        received_events = self._receive_until_quiet(resources)
        return Evidence(
            names=names,
            job=self._job(),
            # Before the recount, which repairs what it finds.
            stored=stored_job(
                self._cloud.client("dynamodb"), self._cloud.description.table_name, self._job_id
            ),
            received_events=received_events,
            corrected_lanes=self._recount(),
            messages={name: self.messages(name) for name in _QUEUES_TO_BE_EMPTY},
            unexpected_exits=unexpected_exits,
        )

    def messages(self, queue: str) -> int:
        names = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
        answer = self._cloud.client("sqs").get_queue_attributes(
            QueueUrl=self._cloud.physical_id(queue), AttributeNames=list(names)
        )
        return sum(int(answer["Attributes"][name]) for name in names)

    def _receive_until_quiet(self, resources: DemoResources) -> list[dict[str, Any]]:
        """The events that came until the command queue was empty and no more came."""
        received: list[dict[str, Any]] = []
        now = quiet_since = time.monotonic()
        first_event_deadline = now + _FIRST_EVENT_SECONDS
        while now < quiet_since + _QUIET_SECONDS:
            events = resources.receive_events(wait_seconds=1)
            received += events
            now = time.monotonic()
            waiting = not received and now < first_event_deadline
            if events or waiting or self.messages("CommandQueue"):
                quiet_since = now
        return received

    def _job(self) -> Job:
        while True:
            with contextlib.suppress(SdkError):
                return self._ledger.status(self._job_id)

    def _recount(self) -> list[int]:
        """Lanes that the product finds wrong; it returns the next lane when its time is short."""
        wrong: list[int] = []
        lane: int | None = 0
        while lane is not None:
            request = {"jobId": self._job_id, "recount": True, "fromLane": lane}
            try:
                (answer,) = self._cloud.invoke("RelayFunction", {"reconcile": request})["jobs"]
            except InvocationFailed:
                # A busy engine does not always answer within the function's timeout.
                time.sleep(_RETRY_SECONDS)
                continue
            wrong += [*answer["driftedLanes"], *answer["busyLanes"]]
            lane = answer.get("nextLane")
        return wrong
