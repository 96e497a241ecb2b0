"""One job of short items through the metered cloud, and what it used for each item."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from benchmarks.lambda_time import ACCESS_LOG_BYTES
from benchmarks.metered_cloud import MeteredCloud, metered_cloud
from benchmarks.usage import Usage
from forgeledger.sdk import Ledger, RegistrationOptions, Reporter

QUEUE_URL: Final = "https://sqs.us-east-1.amazonaws.com/0/commands.fifo"
API_URL: Final = "https://metered"
# Items of one lane that a worker finishes before it sends: what a message carries.
ITEMS_PER_MESSAGE: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """The work of a run. Without `lanes` the job has as many as its size gives it."""

    items: int
    lanes: int | None = None
    items_per_message: int = ITEMS_PER_MESSAGE


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """All figures are of the whole job."""

    job: Job
    lanes: int
    usage: Usage
    requests: int
    commits: int
    # Of the handlers alone, as on a quiet machine; what it was on this one is in the usage.
    processor_seconds: float
    most_bytes: int
    # How long this process took, with the services that it played.
    seconds: float

    def told(self) -> dict[str, Any]:
        return {
            "items": self.job.items,
            "lanes": self.lanes,
            "itemsPerMessage": self.job.items_per_message,
            "requests": self.requests,
            "commits": self.commits,
            "processorSeconds": round(self.processor_seconds, 4),
            "mostBytesOfAnInvocation": self.most_bytes,
            "secondsOfTheRun": round(self.seconds, 1),
            "usage": self.usage.told(),
        }


def measure(job: Job, traced_one_in: int = 0) -> Measured:
    with metered_cloud(traced_one_in) as cloud:
        began = time.perf_counter()
        ledger = Ledger(api_url=API_URL, transport=cloud.http)
        made = ledger.create_job("measured", expected_items=job.items, lanes=job.lanes)
        one = RegistrationOptions(parallel=1)  # A function answers one request at a time.
        registered = ledger.register(made.job_id, _items(job.items), options=one).registered
        assert registered == job.items
        _work(cloud, made.job_id, made.lanes, job)
        ended = [event for event in cloud.events if event["type"] == "job.completed"]
        assert [event["completed"] for event in ended] == [job.items], cloud.events
        return _measured(cloud, job, made.lanes, time.perf_counter() - began)


def _items(number: int) -> Iterator[dict[str, Any]]:
    for name in _names(number):
        yield {"itemId": name, "payload": {"url": f"s3://invoices/2026/11/{name}.pdf"}}


def _names(number: int) -> Iterator[str]:
    return (f"invoice-{each:07d}" for each in range(number))


def _work(cloud: MeteredCloud, job_id: str, lanes: int, job: Job) -> None:
    """A worker sends when it has finished so many items for each lane; each send is taken in."""
    reporter = Reporter(
        command_queue_url=QUEUE_URL,
        worker_id="worker-7",
        background=False,
        make_client=lambda: cloud.queue,
    )
    share = job.items_per_message * lanes
    for number, name in enumerate(_names(job.items), 1):
        with reporter.item(job_id, name) as work:
            work.result = {"pages": 3, "total": "129.90"}
        if number % share == 0 or number == job.items:
            assert not reporter.flush().failed
            cloud.take_in_all()
    reporter.close()


def _measured(cloud: MeteredCloud, job: Job, lanes: int, seconds: float) -> Measured:
    calls = cloud.wire.requests
    usage = Usage(
        sqs_fifo_requests=cloud.queue.billed_requests,
        lambda_requests=sum(each.invocations for each in cloud.functions),
        lambda_gb_seconds=sum(each.gb_seconds for each in cloud.functions),
        write_units=cloud.tables.write_units,
        read_units=cloud.tables.read_units,
        stored_bytes=cloud.stored_bytes(),
        events=cloud.billed_events,
        http_requests=cloud.billed_http_requests,
        log_bytes=sum(each.log_bytes for each in cloud.functions)
        + cloud.billed_http_requests * ACCESS_LOG_BYTES,
    )
    return Measured(
        job=job,
        lanes=lanes,
        usage=usage,
        requests=calls.total()
        + cloud.queue.requests
        + cloud.billed_http_requests
        + int(usage.lambda_requests),
        commits=calls["TransactWriteItems"],
        processor_seconds=cloud.yardstick.corrected(
            sum(each.processor_seconds for each in cloud.functions)
        ),
        most_bytes=max(each.most_bytes for each in cloud.functions),
        seconds=seconds,
    )
