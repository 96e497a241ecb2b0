"""ForgeLedger as its users meet it: `Ledger` registers, a `Reporter` in each worker process."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from forgeledger.demo.stage import Stage
from forgeledger.local.local_cloud import LocalCloud
from forgeledger.sdk import Endpoints, Ledger, Reporter

_PATIENCE_SECONDS: Final = 300
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
    told: str = ""

    def __str__(self) -> str:
        return f"{self.lost} lost, {self.doubled} double{self.told}"


class Listener:
    """Waits for the job's one event in a queue behind a rule, as a user would."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._events: list[dict[str, Any]] = []

    def wait(self) -> None:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not self._events:
            self._events += self._stage.receive_events(wait_seconds=1)
            if time.monotonic() > deadline:
                raise TimeoutError("job.completed did not come")

    def number(self) -> int:
        """How many have come, also a little later than the first."""
        deadline = time.monotonic() + _QUIET_SECONDS
        while time.monotonic() < deadline:
            self._events += self._stage.receive_events(wait_seconds=1)
        return len(self._events)


def wrongs(ledger: Ledger, job_id: str, names: Sequence[str], events: int) -> Wrongs:
    """By the job's counts, and by each item's completions in the journal."""
    job = ledger.status(job_id)
    completed = Counter(
        event.item_id for event in ledger.events(job_id) if event.type == "completed"
    )
    missing = sum(name not in completed for name in names)
    twice = sum(number > 1 for number in completed.values())
    lost = max(missing, len(names) - job.completed)
    doubled = max(twice, job.completed - len(names), events - 1)
    return Wrongs(lost, doubled, f", {events} job.completed")
