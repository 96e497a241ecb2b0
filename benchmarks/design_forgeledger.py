"""ForgeLedger as its users meet it: `Ledger` registers, a `Reporter` in each worker process."""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from benchmarks.stored_job import StoredLane
from forgeledger.demo.setup import DemoResources
from forgeledger.jobs.model.events import EventKind
from forgeledger.jobs.model.items import ItemState
from forgeledger.local.local_cloud import LocalCloud
from forgeledger.sdk import Endpoints, Ledger, Reporter

_LOOK_SECONDS: Final = 15
_STILL_LOOKS: Final = 3
_QUIET_SECONDS: Final = 3


def endpoints_of(cloud: LocalCloud) -> Endpoints:
    where = cloud.description
    return Endpoints(
        api_url=where.api_url,
        command_queue_url=where.command_queue_url,
        aws_endpoint_url=where.endpoint_url,
        region=where.region,
        is_local=True,
    )


def reporting(
    endpoints: Endpoints, job_id: str, again_every: int
) -> Callable[[Sequence[str]], None]:
    """A worker process; with `again_every`, one unit of work in so many is delivered again."""
    # Made here, as the other designs make theirs, and not when the first command leaves.
    sqs = endpoints.sqs_client(endpoints.needed_command_queue_url(), read_seconds=10)
    reporter = Reporter(endpoints=endpoints, make_client=lambda: sqs)

    def work(names: Sequence[str]) -> None:
        for number, name in enumerate(names, 1):
            with reporter.item(job_id, name):
                pass
            if again_every and number % again_every == 0:
                with reporter.item(job_id, name):
                    pass
        reporter.close()

    return work


@dataclass(frozen=True)
class Wrongs:
    """Items that were not counted, and those that were counted more than once."""

    lost: int
    doubled: int
    # Of `job.completed`, where the design has it.
    events: int | None = None


class Listener:
    """Waits for the job's one event in a queue behind a rule, as a user would."""

    def __init__(self, stage: DemoResources, missing: Callable[[], str]) -> None:
        self._stage = stage
        self._missing = missing
        self._events: list[dict[str, Any]] = []

    def wait(self) -> None:
        """Until it is there; a job that has stood still for long ends it with what is missing."""
        told, still = "", 0
        while not self._events:
            deadline = time.monotonic() + _LOOK_SECONDS
            while not self._events and time.monotonic() < deadline:
                self._events += self._stage.receive_events(wait_seconds=1)
            before, told = told, "" if self._events else self._missing()
            still = still + 1 if told == before else 0
            if still == _STILL_LOOKS:
                raise TimeoutError(f"job.completed does not come, nothing moves any more: {told}")

    def number(self) -> int:
        """How many have come, also a little later than the first.

        EventBridge may deliver one again, and so may a relay that crashed behind PutEvents: that
        is the same event, by its id.
        """
        deadline = time.monotonic() + _QUIET_SECONDS
        while time.monotonic() < deadline:
            self._events += self._stage.receive_events(wait_seconds=1)
        return len({event["detail"]["eventId"] for event in self._events})


def wrongs(lanes: Iterable[StoredLane], names: Sequence[str], counted: int, events: int) -> Wrongs:
    """By the job's counts, by each item's row, and by each item's completions in the journal."""
    rows = 0
    stored: set[str] = set()
    completions: Counter[str | None] = Counter()
    for lane in lanes:
        rows += len(lane.items)
        stored.update(item.item_id for item in lane.items if item.state is ItemState.COMPLETED)
        completions.update(
            event.item_id for _, event in lane.events if event.kind is EventKind.COMPLETED
        )
    missing = sum(name not in completions or name not in stored for name in names)
    twice = sum(number > 1 for number in completions.values())
    lost = max(missing, len(names) - counted)
    doubled = max(twice, max(counted, rows) - len(names), events - 1)
    return Wrongs(lost, doubled, events)


def missing(cloud: LocalCloud, ledger: Ledger, job_id: str) -> str:
    """Where a job that is not done stands, and where its commands are."""
    job = ledger.status(job_id)
    where = cloud.description
    sqs = cloud.client("sqs")

    def messages(queue_url: str) -> tuple[int, int, str]:
        told = sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["All"])["Attributes"]
        redrive = json.loads(told.get("RedrivePolicy", "{}"))
        return (
            int(told["ApproximateNumberOfMessages"]),
            int(told["ApproximateNumberOfMessagesNotVisible"]),
            str(redrive.get("deadLetterTargetArn", "")).rpartition(":")[2],
        )

    waiting, in_flight, dead_letters = messages(where.command_queue_url)
    dead = messages(sqs.get_queue_url(QueueName=dead_letters)["QueueUrl"])[0]
    rejected = messages(where.reject_queue_url)[0]
    return (
        f"{job.job_id} is {job.status}, {job.completed:,} of {job.total:,} items completed, "
        f"{job.in_progress:,} in progress; messages in the command queue {waiting:,} and "
        f"{in_flight:,} in flight, in its dead-letter queue {dead:,}, in the reject queue "
        f"{rejected:,}"
    )
