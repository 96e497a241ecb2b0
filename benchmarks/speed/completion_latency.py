"""From the last `complete` handed to SQS to the event in a queue, as a multiple of the floor.

The floor is what the same engine and the same local runner need for a message, a function that
does nothing but PutEvents, a rule and a queue. Both take turns on one local cloud, first with the
template as it is and then, for fewer jobs, with a relay that waits a second for more records:
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
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from benchmarks.arguments import numbers
from benchmarks.design_forgeledger import endpoints_of
from benchmarks.speed.side_function import queue_with_function
from forgeledger.local.engine import client_environment
from forgeledger.local.local_cloud import LocalCloud
from forgeledger.sdk import Ledger, Reporter

ITEMS_PER_JOB: Final = 10
_PATIENCE_SECONDS: Final = 60.0
_LOOK_SECONDS: Final = 0.005


class Target:
    """A queue behind a rule on `job.completed`, looked at every few milliseconds."""

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
        """The moment at which this job's event was received."""
        deadline = time.perf_counter() + _PATIENCE_SECONDS
        while time.perf_counter() < deadline:
            answer = self._sqs.receive_message(QueueUrl=self._url, MaxNumberOfMessages=1)
            received = time.perf_counter()
            for message in answer.get("Messages", ()):
                self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])
                if json.loads(message["Body"])["detail"]["jobId"] == job_id:
                    return received
            time.sleep(_LOOK_SECONDS)
        raise TimeoutError(f"no event of {job_id}")


def seconds_of_a_job(ledger: Ledger, reporter: Reporter, target: Target) -> float:
    """All items but one are done and applied; then the last one completes."""
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
    handed_over = time.perf_counter()
    assert reporter.flush().is_complete
    return target.wait_for(job_id) - handed_over


def seconds_of_a_message(sqs: Any, queue_url: str, target: Target) -> float:
    """One message that goes before, as a job's other commands do, and then the one that counts."""

    def send() -> float:
        name = uuid.uuid4().hex
        handed_over = time.perf_counter()
        sqs.send_message(
            QueueUrl=queue_url,
            MessageBody=json.dumps({"jobId": name}),
            MessageGroupId="floor",
            MessageDeduplicationId=name,
        )
        return target.wait_for(name) - handed_over

    send()
    return send()


def in_turns(turns: int, *measures: Callable[[], float]) -> Iterator[tuple[float, ...]]:
    for _ in range(turns):
        yield tuple(measure() for measure in measures)


def measure(jobs: int, **parameters: str) -> tuple[list[float], list[float]]:
    """Milliseconds of ours and of the floor, in turns on one engine."""
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
        target, sqs = Target(cloud), cloud.client("sqs")

        def ours() -> float:
            return seconds_of_a_job(ledger, reporter, target) * 1e3

        def floor() -> float:
            return seconds_of_a_message(sqs, queue_url, target) * 1e3

        list(in_turns(2, ours, floor))
        samples = list(in_turns(jobs, ours, floor))
    return [first for first, _ in samples], [second for _, second in samples]


def tell(how: str, ours: list[float], floor: list[float]) -> None:
    print(f"\n{how}")
    for name, values in (("ForgeLedger", ours), ("floor", floor)):
        median = statistics.median(values)
        print(f"  {name:<12} median {median:6.0f} ms   {min(values):.0f} to {max(values):.0f} ms")
    times = statistics.median(ours) / statistics.median(floor)
    print(f"  {times:.1f} times the engine's own floor", flush=True)


def main(jobs: int) -> int:
    print("the last complete handed to SQS until job.completed is in the target queue")
    tell(f"as the template has it, {jobs} jobs", *measure(jobs))
    few = max(1, jobs // 5)
    tell(f"RelayBatchingSeconds=1, {few} jobs", *measure(few, RelayBatchingSeconds="1"))
    return 0


if __name__ == "__main__":
    sys.exit(main(*numbers(__doc__, jobs=50)))
