"""Workers that listen, against the local cloud: claim="ask", and jobs that were canceled."""

import json
import threading
from collections import Counter

import pytest

from forgeledger.sdk import Ledger, Reporter, Worker, WorkerOptions
from tests.support.probes import eventually

pytestmark = pytest.mark.integration
TIMEOUT_SECONDS = 120


@pytest.fixture
def ledger(endpoints):
    return Ledger(endpoints=endpoints)


@pytest.fixture
def work_queue(ledger_cloud):
    sqs = ledger_cloud.client("sqs")
    url = sqs.create_queue(QueueName="asked")["QueueUrl"]
    yield sqs, url
    sqs.delete_queue(QueueUrl=url)


def send(work_queue, job, *names):
    sqs, url = work_queue
    for name in names:
        body = json.dumps({"jobId": job.job_id, "itemId": name})
        sqs.send_message(QueueUrl=url, MessageBody=body)


@pytest.fixture
def run_worker(endpoints, work_queue):
    """Starts a worker with this handler; it ends with the test at the latest."""
    running = []

    def run(handler, **options):
        worker = Worker(
            work_queue[1],
            {"default": handler},
            options=WorkerOptions(concurrency=4, wait_seconds=1, **options),
            reporter=Reporter(endpoints=endpoints),
            endpoints=endpoints,
            retry_seconds=lambda count: 1,
        )
        thread = threading.Thread(target=worker.run, daemon=True)
        thread.start()
        running.append((worker, thread))
        return worker

    yield run
    for worker, thread in running:
        worker.stop()
        thread.join(TIMEOUT_SECONDS)
        assert not thread.is_alive()


def messages_in(work_queue):
    sqs, url = work_queue
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    answer = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return sum(int(number) for number in answer.values())


def test_only_what_the_ledger_grants_is_run_and_max_attempts_bounds_the_runs(
    ledger, work_queue, run_worker
):
    job = ledger.create_job(
        "asked",
        items=["good", "bad", "done", "held"],
        policy={"maxAttempts": 2, "leaseSeconds": 600},
        seal=True,
    )
    ledger.commands.complete(job, "done")
    assert ledger.commands.claim(job, "held", worker_id="another").outcome == "applied"
    runs = Counter()

    def handler(item):
        runs[item.item_id, item.attempt] += 1
        if item.item_id == "bad":
            raise TimeoutError("again")

    # Each message of an item that is over, and each message more than it needs, is dropped.
    send(work_queue, job, "good", "good", "bad", "done", "held")
    run_worker(handler, claim="ask")
    eventually(lambda: messages_in(work_queue) == 1)
    ledger.commands.complete(job, "held")
    job = ledger.wait(job, timeout_seconds=TIMEOUT_SECONDS)

    assert runs == {("good", 1): 1, ("bad", 1): 1, ("bad", 2): 1}
    assert (job.status, job.completed, job.failed) == ("COMPLETED_WITH_FAILURES", 3, 1)


@pytest.mark.parametrize("claim", ["ask", "report"])
def test_a_handler_hears_that_its_job_is_canceled_and_the_messages_of_the_job_are_dropped(
    ledger, work_queue, run_worker, monkeypatch, claim
):
    # Then messages that are sent a moment after the lookup count as sent before it.
    monkeypatch.setattr("forgeledger.sdk.work.job_watch._CLOCK_SKEW_SECONDS", -60)
    job = ledger.create_job("canceled", items=["long", *map(str, range(20))], seal=True)
    begun, ended, others = threading.Event(), threading.Event(), []

    def handler(item):
        if item.item_id != "long":
            others.append(item.item_id)
            return
        begun.set()
        eventually(lambda: item.canceled)
        ended.set()

    send(work_queue, job, "long")
    run_worker(handler, claim=claim)
    assert begun.wait(TIMEOUT_SECONDS)
    ledger.cancel(job)
    assert ended.wait(TIMEOUT_SECONDS)
    send(work_queue, job, *map(str, range(20)))
    eventually(lambda: messages_in(work_queue) == 0)

    assert others == []
