"""The end of the chaos: what is known of the job when nothing fails and nobody works any more."""

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

_LEFT_OR_ASIDE: Final = ("CommandQueue", "RejectQueue", "CommandDeadLetterQueue")
_QUIET_SECONDS: Final = 5
# More than the schedule's minute, for an event that only it tells.
_LISTENING_SECONDS: Final = 150
_AGAIN_SECONDS: Final = 1


class Audit:
    """One job, which is done; every wait is for as long as its caller lets it wait."""

    def __init__(self, cloud: LocalCloud, ledger: Ledger, job_id: str) -> None:
        self._cloud = cloud
        self._ledger = ledger
        self._job_id = job_id

    def evidence(self, names: Sequence[str], stage: DemoResources, workers_fallen: int) -> Evidence:
        heard = self._settle(stage)
        return Evidence(
            names=names,
            job=self._job(),
            # Before the recount, which heals what it finds.
            stored=stored_job(
                self._cloud.client("dynamodb"), self._cloud.description.table_name, self._job_id
            ),
            heard=heard,
            healed_lanes=self._recount(),
            messages={name: self.messages(name) for name in _LEFT_OR_ASIDE},
            workers_fallen=workers_fallen,
        )

    def messages(self, queue: str) -> int:
        names = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
        answer = self._cloud.client("sqs").get_queue_attributes(
            QueueUrl=self._cloud.physical_id(queue), AttributeNames=list(names)
        )
        return sum(int(answer["Attributes"][name]) for name in names)

    def _settle(self, stage: DemoResources) -> list[dict[str, Any]]:
        """Until all late messages have been dealt with; the events that came."""
        heard: list[dict[str, Any]] = []
        now = quiet_since = time.monotonic()
        listening_until = now + _LISTENING_SECONDS
        while now < quiet_since + _QUIET_SECONDS:
            events = stage.receive_events(wait_seconds=1)
            heard += events
            now = time.monotonic()
            waiting = not heard and now < listening_until
            if events or waiting or self.messages("CommandQueue"):
                quiet_since = now
        return heard

    def _job(self) -> Job:
        while True:
            with contextlib.suppress(SdkError):
                return self._ledger.status(self._job_id)

    def _recount(self) -> list[int]:
        """Lanes that the product finds wrong; it says where to go on when its time is short."""
        wrong: list[int] = []
        lane: int | None = 0
        while lane is not None:
            asked = {"jobId": self._job_id, "recount": True, "fromLane": lane}
            try:
                (told,) = self._cloud.invoke("RelayFunction", {"reconcile": asked})["jobs"]
            except InvocationFailed:
                # An engine with much else to do does not always answer in the function's time.
                time.sleep(_AGAIN_SECONDS)
                continue
            wrong += [*told["driftedLanes"], *told["busyLanes"]]
            lane = told.get("nextLane")
        return wrong
