"""One job of short items through the metered cloud, and what it used for each item."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Self

from benchmarks.cost.metered_cloud import MeteredCloud, metered_cloud
from benchmarks.cost.usage import Usage
from benchmarks.lambda_time import ACCESS_LOG_BYTES, gb_seconds
from forgeledger.sdk import Job as Created
from forgeledger.sdk import Ledger, RegistrationOptions, Reporter

QUEUE_URL: Final = "https://sqs.us-east-1.amazonaws.com/0/commands.fifo"
API_URL: Final = "https://metered"
# Items of one lane that a worker finishes before it sends: what a message carries.
ITEMS_PER_MESSAGE: Final = 50

# What was done, and with how many items since the last time.
OnSlice = Callable[[str, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """The work of a run. Without `lanes` the job has as many as its size gives it."""

    items: int
    lanes: int | None = None
    items_per_message: int = ITEMS_PER_MESSAGE


# Before anything is measured: what a function does once in its life is done.
WARMING: Final = Job(items=200)


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """What a cloud has used so far; processor time is apart, as this machine took it."""

    usage: Usage
    requests: int
    commits: int
    processor_seconds: float
    processor_gb_seconds: float

    @classmethod
    def of(cls, cloud: MeteredCloud) -> Self:
        usage = _usage(cloud)
        calls = cloud.wire.requests
        return cls(
            usage=usage,
            requests=calls.total()
            + cloud.queue.requests
            + cloud.billed_http_requests
            + int(usage.lambda_requests),
            commits=calls["TransactWriteItems"],
            processor_seconds=cloud.processor_seconds,
            processor_gb_seconds=sum(
                gb_seconds(function.name, function.processor_seconds, 0, 0)
                for function in cloud.functions
            ),
        )

    def since(self, before: Self) -> "Used":
        return Used(
            usage=self.usage + before.usage.times(-1),
            requests=self.requests - before.requests,
            commits=self.commits - before.commits,
            processor_seconds=self.processor_seconds - before.processor_seconds,
            processor_gb_seconds=self.processor_gb_seconds - before.processor_gb_seconds,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """All figures are of the whole job."""

    job: Job
    lanes: int
    used: Used
    most_bytes: int
    # How long this process took, with the services that it played.
    seconds: float

    def told(self, processor_seconds: float | None = None) -> dict[str, Any]:
        """With another processor time than this machine took, where that is known better."""
        used = self.used
        if processor_seconds is None:
            processor_seconds = used.processor_seconds
        processing = used.processor_gb_seconds * processor_seconds / used.processor_seconds
        return {
            "items": self.job.items,
            "lanes": self.lanes,
            "itemsPerMessage": self.job.items_per_message,
            "requests": used.requests,
            "commits": used.commits,
            "processorSeconds": round(processor_seconds, 4),
            "mostBytesOfAnInvocation": self.most_bytes,
            "secondsOfTheRun": round(self.seconds, 1),
            "usage": (used.usage + Usage(lambda_gb_seconds=processing)).told(),
        }


def measure(job: Job, traced_one_in: int = 0) -> Measured:
    with metered_cloud(traced_one_in) as cloud:
        run(cloud, WARMING)
        return run(cloud, job)


def run(
    cloud: MeteredCloud,
    job: Job,
    slice_items: int | None = None,
    on_slice: OnSlice = lambda _doing, _items: None,
) -> Measured:
    """One job on a cloud that may have had others before; after each slice somebody may look."""
    slice_items = slice_items or job.items
    before, began = Used.of(cloud), time.perf_counter()
    ledger = Ledger(api_url=API_URL, transport=cloud.http)
    made = ledger.create_job("measured", expected_items=job.items, lanes=job.lanes)
    one = RegistrationOptions(parallel=1)  # A function answers one request at a time.
    for first in range(0, job.items, slice_items):
        names = range(first, min(first + slice_items, job.items))
        assert ledger.register(made.job_id, _items(names), options=one).registered == len(names)
        on_slice("register", len(names))
    _work(cloud, made, job, slice_items, on_slice)
    told = [event for event in cloud.events if event["jobId"] == made.job_id]
    ended = [event["completed"] for event in told if event["type"] == "job.completed"]
    assert ended == [job.items], told
    return Measured(
        job=job,
        lanes=made.lanes,
        used=Used.of(cloud).since(before),
        most_bytes=max(function.most_bytes for function in cloud.functions),
        seconds=time.perf_counter() - began,
    )


def _items(numbers: Iterable[int]) -> Iterator[dict[str, Any]]:
    for name in map(_name, numbers):
        yield {"itemId": name, "payload": {"url": f"s3://invoices/2026/11/{name}.pdf"}}


def _name(number: int) -> str:
    return f"invoice-{number:07d}"


def _work(
    cloud: MeteredCloud, made: Created, job: Job, slice_items: int, on_slice: OnSlice
) -> None:
    """A worker sends when it has finished so many items for each lane; each send is taken in."""
    reporter = Reporter(
        command_queue_url=QUEUE_URL,
        worker_id="worker-7",
        background=False,
        make_client=lambda: cloud.queue,
    )
    share = job.items_per_message * made.lanes
    looked_at = 0
    for number in range(1, job.items + 1):
        with reporter.item(made.job_id, _name(number - 1)) as work:
            work.result = {"pages": 3, "total": "129.90"}
        if number % share == 0 or number == job.items:
            assert not reporter.flush().failed
            cloud.take_in_all()
            if number - looked_at >= slice_items or number == job.items:
                on_slice("work", number - looked_at)
                looked_at = number
    reporter.close()


def _usage(cloud: MeteredCloud) -> Usage:
    """All but the processor's time."""
    return Usage(
        sqs_fifo_requests=cloud.queue.billed_requests,
        lambda_requests=sum(function.invocations for function in cloud.functions),
        lambda_gb_seconds=sum(
            gb_seconds(function.name, 0, function.waited_seconds, function.invocations)
            for function in cloud.functions
        ),
        write_units=cloud.tables.write_units,
        read_units=cloud.tables.read_units,
        stored_bytes=cloud.stored_bytes(),
        events=cloud.billed_events,
        http_requests=cloud.billed_http_requests,
        log_bytes=sum(function.log_bytes for function in cloud.functions)
        + cloud.billed_http_requests * ACCESS_LOG_BYTES,
    )
