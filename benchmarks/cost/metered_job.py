"""Run one job of short items on the metered cloud and measure what it uses."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Self

from benchmarks.cost.metered_cloud import MeteredCloud, metered_cloud
from benchmarks.cost.usage import Usage
from benchmarks.lambda_time import ACCESS_LOG_BYTES, gb_seconds
from benchmarks.sample_items import item_name, make_items
from forgeledger.sdk import Job, RegistrationOptions

# Items of one lane that a worker finishes before it sends them in one message.
ITEMS_PER_MESSAGE: Final = 50

# Called after each slice of a job with "register" or "work" and the slice's number of items.
OnSlice = Callable[[str, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """The size of a job; without `lanes` it gets the product's default for its number of items."""

    items: int
    lanes: int | None = None
    # Otherwise the reports register them on the way.
    registers: bool = True
    items_per_message: int = ITEMS_PER_MESSAGE
    # How many records of the stream the relay takes at once.
    relay_records: int = 1


# Runs before anything is measured, so that each function has been called before.
WARM_UP: Final = Workload(items=200)


@dataclass(frozen=True, slots=True, kw_only=True)
class Consumption:
    """What a cloud has used up to a moment, or between two; usages are without processor time."""

    usage: Usage
    # The relay's part of it.
    relay: Usage
    requests: int
    commits: int
    processor_seconds: float
    processor_gb_seconds: float
    relay_gb_seconds: float

    @classmethod
    def of(cls, cloud: MeteredCloud) -> Self:
        usage = _usage(cloud)
        calls = cloud.wire.requests
        return cls(
            usage=usage,
            relay=_relay_usage(cloud),
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
            relay_gb_seconds=gb_seconds("relay", cloud.relay.processor_seconds, 0, 0),
        )

    def since(self, before: Self) -> "Consumption":
        return Consumption(
            usage=self.usage + before.usage.times(-1),
            relay=self.relay + before.relay.times(-1),
            requests=self.requests - before.requests,
            commits=self.commits - before.commits,
            processor_seconds=self.processor_seconds - before.processor_seconds,
            processor_gb_seconds=self.processor_gb_seconds - before.processor_gb_seconds,
            relay_gb_seconds=self.relay_gb_seconds - before.relay_gb_seconds,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class MeteredRun:
    workload: Workload
    lanes: int
    consumption: Consumption
    # The most memory that Python allocated in one traced invocation.
    peak_bytes: int
    # Wall-clock time of the run with the simulated services.
    seconds: float

    def figures(self, processor_seconds: float | None = None) -> dict[str, Any]:
        """All of the whole job; `processor_seconds` replaces the time measured on this machine."""
        consumption = self.consumption
        if processor_seconds is None:
            processor_seconds = consumption.processor_seconds
        scale = processor_seconds / consumption.processor_seconds
        usage = consumption.usage + Usage(
            lambda_gb_seconds=consumption.processor_gb_seconds * scale
        )
        relay = consumption.relay + Usage(lambda_gb_seconds=consumption.relay_gb_seconds * scale)
        return {
            "items": self.workload.items,
            "lanes": self.lanes,
            "itemsPerMessage": self.workload.items_per_message,
            "requests": consumption.requests,
            "commits": consumption.commits,
            "processorSeconds": round(processor_seconds, 4),
            "peakInvocationBytes": self.peak_bytes,
            "runSeconds": round(self.seconds, 1),
            "usage": usage.figures(),
            "relay": relay.figures(),
        }


def measure(workload: Workload, traced_one_in: int = 0) -> MeteredRun:
    with metered_cloud(traced_one_in) as cloud:
        run(cloud, WARM_UP)
        return run(cloud, workload)


def run(
    cloud: MeteredCloud,
    workload: Workload,
    slice_items: int | None = None,
    on_slice: OnSlice = lambda _step, _items: None,
) -> MeteredRun:
    """One job, on a cloud that may have run others before."""
    slice_items = slice_items or workload.items
    before, began = Consumption.of(cloud), time.perf_counter()
    cloud.relay_records = workload.relay_records
    ledger = cloud.ledger()
    job = ledger.create_job("measured", expected_items=workload.items, lanes=workload.lanes)
    options = RegistrationOptions(parallel=1)  # A function answers one request at a time.
    for first in range(0, workload.items if workload.registers else 0, slice_items):
        slice_ = range(first, min(first + slice_items, workload.items))
        answer = ledger.register(job.job_id, make_items(slice_), options=options)
        assert answer.registered == len(slice_)
        on_slice("register", len(slice_))
    _work(cloud, job, workload, slice_items, on_slice)
    events = [event for event in cloud.events if event["jobId"] == job.job_id]
    completions = [event["completed"] for event in events if event["type"] == "job.completed"]
    assert completions == [workload.items], events
    return MeteredRun(
        workload=workload,
        lanes=job.lanes,
        consumption=Consumption.of(cloud).since(before),
        peak_bytes=max(function.peak_bytes for function in cloud.functions),
        seconds=time.perf_counter() - began,
    )


def _work(
    cloud: MeteredCloud, job: Job, workload: Workload, slice_items: int, on_slice: OnSlice
) -> None:
    """Send when each lane has a full message, and deliver each send before the next one."""
    reporter = cloud.reporter()
    flush_every = workload.items_per_message * job.lanes
    slice_start = 0
    for number in range(1, workload.items + 1):
        with reporter.item(job.job_id, item_name(number - 1)) as work:
            work.result = {"pages": 3, "total": "129.90"}
        if number % flush_every == 0 or number == workload.items:
            assert not reporter.flush().failed
            cloud.deliver_messages()
            if number == workload.items:
                cloud.deliver_stream()
            if number - slice_start >= slice_items or number == workload.items:
                on_slice("work", number - slice_start)
                slice_start = number
    reporter.close()


def _usage(cloud: MeteredCloud) -> Usage:
    """All but processor time."""
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


def _relay_usage(cloud: MeteredCloud) -> Usage:
    """The same of the relay alone, and all events."""
    relay = cloud.relay
    return Usage(
        lambda_requests=relay.invocations,
        lambda_gb_seconds=gb_seconds(relay.name, 0, relay.waited_seconds, relay.invocations),
        write_units=cloud.relay_write_units,
        read_units=cloud.relay_read_units,
        events=cloud.billed_events,
        log_bytes=relay.log_bytes,
    )
