"""ForgeLedger as its users run it: `Ledger` registers, each worker process has a `Reporter`."""

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
from forgeledger.sdk.seams import Seams, with_seams

_CHECK_SECONDS: Final = 15
_UNCHANGED_CHECKS: Final = 3
_REPEATED_EVENT_SECONDS: Final = 3


def endpoints_of(cloud: LocalCloud) -> Endpoints:
    description = cloud.description
    return Endpoints(
        api_url=description.api_url,
        command_queue_url=description.command_queue_url,
        aws_endpoint_url=description.endpoint_url,
        region=description.region,
        is_local=True,
    )


def reporting_worker(
    endpoints: Endpoints, job_id: str, redeliver_every: int
) -> Callable[[Sequence[str]], None]:
    """A worker process; every `redeliver_every`-th item is delivered to it twice, none with 0."""
    # Made before the clock starts, as the other designs make theirs, not with the first command.
    sqs = endpoints.sqs_client(endpoints.needed_command_queue_url(), read_seconds=10)
    reporter = with_seams(Reporter, Seams(make_client=lambda: sqs))(endpoints=endpoints)

    def work(names: Sequence[str]) -> None:
        for number, name in enumerate(names, 1):
            with reporter.item(job_id, name):
                pass
            if redeliver_every and number % redeliver_every == 0:
                with reporter.item(job_id, name):
                    pass
        reporter.close()

    return work


@dataclass(frozen=True)
class CountErrors:
    """Items that were not counted, and items that were counted more than once."""

    lost: int
    doubled: int
    # Distinct `job.completed` events, where the design publishes them.
    events: int | None = None


class CompletionListener:
    """Waits for `job.completed` in a queue behind a rule, as a user would."""

    def __init__(self, resources: DemoResources, describe_progress: Callable[[], str]) -> None:
        self._resources = resources
        self._describe_progress = describe_progress
        self._events: list[dict[str, Any]] = []

    def wait(self) -> None:
        """Until the event is there; TimeoutError once the job has not moved for a while."""
        progress, unchanged = "", 0
        while not self._events:
            self._receive(_CHECK_SECONDS, until_first=True)
            before, progress = progress, "" if self._events else self._describe_progress()
            unchanged = unchanged + 1 if progress == before else 0
            if unchanged == _UNCHANGED_CHECKS:
                raise TimeoutError(f"no job.completed, and nothing moves any more: {progress}")

    def count(self) -> int:
        """Distinct events, also of those that come a little after the first.

        EventBridge may deliver an event twice, and a relay that crashed after PutEvents publishes
        it again: its `eventId` is the same each time.
        """
        self._receive(_REPEATED_EVENT_SECONDS)
        return len({event["detail"]["eventId"] for event in self._events})

    def _receive(self, seconds: float, *, until_first: bool = False) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and not (until_first and self._events):
            self._events += self._resources.receive_events(wait_seconds=1)


def count_errors(
    lanes: Iterable[StoredLane], names: Sequence[str], counted: int, events: int
) -> CountErrors:
    """By the job's counts, each item's row, and each item's completions in the journal."""
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
    return CountErrors(lost, doubled, events)


def describe_progress(cloud: LocalCloud, ledger: Ledger, job_id: str) -> str:
    """The state of an unfinished job, and of the queues that its commands may be in."""
    job = ledger.status(job_id)
    description = cloud.description
    sqs = cloud.client("sqs")

    def messages(queue_url: str) -> tuple[int, int, str]:
        attributes = sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["All"])
        values = attributes["Attributes"]
        redrive = json.loads(values.get("RedrivePolicy", "{}"))
        return (
            int(values["ApproximateNumberOfMessages"]),
            int(values["ApproximateNumberOfMessagesNotVisible"]),
            str(redrive.get("deadLetterTargetArn", "")).rpartition(":")[2],
        )

    waiting, in_flight, dead_letter_queue = messages(description.command_queue_url)
    dead = messages(sqs.get_queue_url(QueueName=dead_letter_queue)["QueueUrl"])[0]
    rejected = messages(description.reject_queue_url)[0]
    return (
        f"{job.job_id} is {job.status}, {job.completed:,} of {job.total:,} items completed, "
        f"{job.in_progress:,} in progress; messages in the command queue {waiting:,} and "
        f"{in_flight:,} in flight, in its dead-letter queue {dead:,}, in the reject queue "
        f"{rejected:,}"
    )
