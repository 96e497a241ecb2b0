"""From sending the last `complete` to receiving the event, as a multiple of the engine's floor.

The floor is the same path without ForgeLedger: a message, a function that only calls PutEvents, a
rule and a queue, on the same engine and local runner. The two take turns, first with the template's
defaults and then with a relay that does not wait for more stream records:
`python -m benchmarks.speed.completion_latency [jobs]`.
"""

import contextlib
import json
import os
import statistics
import sys
import tempfile
import time
import uuid
from pathlib import Path
from typing import Any, Final

from benchmarks.arguments import parse_numbers
from benchmarks.design_forgeledger import endpoints_of
from benchmarks.speed.side_function import queue_with_function
from forgeledger.local.engine import client_environment
from forgeledger.local.local_cloud import LocalCloud
from forgeledger.sdk import Ledger, Reporter

ITEMS_PER_JOB: Final = 10
_TIMEOUT_SECONDS: Final = 60.0
_POLL_SECONDS: Final = 0.005
_WARM_UP_SAMPLES: Final = 2


class EventQueue:
    """A queue behind a rule on `job.completed`, polled every few milliseconds."""

    def __init__(self, cloud: LocalCloud) -> None:
        self._sqs = cloud.client("sqs")
        self._url = self._sqs.create_queue(QueueName="target")["QueueUrl"]
        attributes = self._sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=["QueueArn"])
        rule = {"Rule": "target", "EventBusName": cloud.description.event_bus_name}
        events = cloud.client("events")
        events.put_rule(
            Name="target",
            EventBusName=cloud.description.event_bus_name,
            EventPattern=json.dumps({"detail-type": ["job.completed"]}),
        )
        arn = attributes["Attributes"]["QueueArn"]
        assert not events.put_targets(**rule, Targets=[{"Id": "q", "Arn": arn}])["FailedEntryCount"]

    def wait_for(self, job_id: str) -> float:
        """The time at which this job's event was received."""
        deadline = time.perf_counter() + _TIMEOUT_SECONDS
        while time.perf_counter() < deadline:
            answer = self._sqs.receive_message(QueueUrl=self._url, MaxNumberOfMessages=1)
            received = time.perf_counter()
            for message in answer.get("Messages", ()):
                self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])
                if json.loads(message["Body"])["detail"]["jobId"] == job_id:
                    return received
            time.sleep(_POLL_SECONDS)
        raise TimeoutError(f"no event of {job_id}")


def job_seconds(ledger: Ledger, reporter: Reporter, event_queue: EventQueue) -> float:
    """From the last `complete`; all other items are completed and applied before."""
    names = [f"invoice-{number}" for number in range(ITEMS_PER_JOB)]
    job_id = ledger.create_job("latency", items=names, seal=True, lanes=1).job_id
    for name in names[:-1]:
        with reporter.item(job_id, name):
            pass
    reporter.claim(job_id, names[-1])
    reporter.flush()
    while ledger.status(job_id).completed < ITEMS_PER_JOB - 1:
        time.sleep(0.05)
    reporter.complete(job_id, names[-1])
    sent = time.perf_counter()
    assert reporter.flush().is_complete
    return event_queue.wait_for(job_id) - sent


def message_seconds(sqs: Any, queue_url: str, event_queue: EventQueue) -> float:
    """Of the second of two messages; the first is like the commands before a job's last one."""

    def send() -> float:
        name = uuid.uuid4().hex
        sent = time.perf_counter()
        sqs.send_message(
            QueueUrl=queue_url,
            MessageBody=json.dumps({"jobId": name}),
            MessageGroupId="floor",
            MessageDeduplicationId=name,
        )
        return event_queue.wait_for(name) - sent

    send()
    return send()


def measure(jobs: int, **parameters: str) -> tuple[list[float], list[float]]:
    """Milliseconds of ForgeLedger and of the floor, in turns on one engine."""
    with contextlib.ExitStack() as running:
        folder = Path(running.enter_context(tempfile.TemporaryDirectory(prefix="forgeledger-")))
        cloud = LocalCloud(state_dir=folder / "state", parameters=parameters)
        running.enter_context(cloud)
        os.environ.update(client_environment(cloud.description.endpoint_url))
        bus = {"FLOOR_EVENT_BUS": cloud.description.event_bus_name}
        floor_queue = queue_with_function(cloud, folder, "floor_function", bus)
        queue_url = running.enter_context(floor_queue)
        endpoints = endpoints_of(cloud)
        ledger = Ledger(endpoints=endpoints)
        reporter = running.enter_context(Reporter(endpoints=endpoints))
        event_queue, sqs = EventQueue(cloud), cloud.client("sqs")

        def sample() -> tuple[float, float]:
            return (
                1e3 * job_seconds(ledger, reporter, event_queue),
                1e3 * message_seconds(sqs, queue_url, event_queue),
            )

        for _ in range(_WARM_UP_SAMPLES):
            sample()
        samples = [sample() for _ in range(jobs)]
    return [first for first, _ in samples], [second for _, second in samples]


def print_latencies(setup: str, ledger: list[float], floor: list[float]) -> None:
    print(f"\n{setup}")
    for name, values in (("ForgeLedger", ledger), ("floor", floor)):
        median = statistics.median(values)
        print(f"  {name:<12} median {median:6.0f} ms   {min(values):.0f} to {max(values):.0f} ms")
    times = statistics.median(ledger) / statistics.median(floor)
    print(f"  {times:.1f} times the floor", flush=True)


def main(jobs: int) -> int:
    print("from sending the last complete to receiving job.completed")
    print_latencies(f"the template's defaults, {jobs} jobs", *measure(jobs))
    print_latencies(
        f"RelayBatchingSeconds=0, {jobs} jobs", *measure(jobs, RelayBatchingSeconds="0")
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(*parse_numbers(__doc__, jobs=50)))
