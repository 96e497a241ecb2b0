"""The SDK against the stack, functions, queue and table of the local cloud."""

import json
import os
import signal
import subprocess
import sys
import textwrap

import pytest

from forgeledger.sdk import (
    InvalidRequestError,
    Ledger,
    NotFoundError,
    PermanentItemError,
    Reporter,
    WrongAddressError,
    handle_sqs_batch,
)
from tests.support.probes import eventually

pytestmark = pytest.mark.integration
TIMEOUT_SECONDS = 120


@pytest.fixture
def ledger(endpoints):
    return Ledger(endpoints=endpoints)


@pytest.fixture
def reporter(endpoints):
    with Reporter(endpoints=endpoints) as reporter:
        yield reporter


@pytest.fixture
def run_worker(worker_variables, tmp_path):
    """Starts a script in a process of its own, with the ledger's addresses."""
    running = []

    def run(script, *arguments):
        file = tmp_path / f"worker_{len(running)}.py"
        file.write_text(textwrap.dedent(script))
        process = subprocess.Popen(
            [sys.executable, str(file), *arguments],
            env={**os.environ, **worker_variables},
            stdout=subprocess.PIPE,
            text=True,
        )
        running.append(process)
        return process

    yield run
    for process in running:
        process.kill()
        process.wait()
        process.stdout.close()


def wait(ledger, job):
    return ledger.wait(job.job_id, timeout_seconds=TIMEOUT_SECONDS)


def test_a_deadline_is_noticed_without_a_commit_and_long_before_the_next_round(ledger):
    job = ledger.create_job("late", items=["a"], deadline_seconds=2)

    ended = wait(ledger, job)

    assert (ended.status, ended.reason) == ("FAILED", "deadline")


def test_a_job_runs_from_its_first_item_to_its_completion(ledger, reporter):
    job = ledger.create_job("first", tags=["sdk"], metadata={"month": 11})
    registration = ledger.register(job.job_id, (f"item-{n}" for n in range(1_200)))
    for number in range(1_200):
        with reporter.item(job.job_id, f"item-{number}") as item:
            item.result = {"number": number}
    assert reporter.flush().is_complete
    assert "unsealed" in ledger.why(job.job_id).reasons

    ledger.seal(job.job_id)
    job = wait(ledger, job)

    assert registration.registered == 1_200
    assert (job.status, job.completed, job.total) == ("COMPLETED", 1_200, 1_200)
    assert {item.result["number"] for item in ledger.items(job.job_id)} == set(range(1_200))
    history = ledger.item(job.job_id, "item-7").history
    assert [event.type for event in history] == ["registered", "claimed", "completed"]
    types = [event.type for event in ledger.events(job.job_id)]
    assert types.count("completed") == 1_200
    assert job.job_id in {job.job_id for job in ledger.jobs(tag="sdk")}


def test_failures_retries_and_refusals_are_reported_as_they_are(ledger, reporter):
    job = ledger.create_job("failing", items=["good", "bad", "late"], seal=True)
    with reporter.item(job.job_id, "good"):
        pass
    with pytest.raises(PermanentItemError), reporter.item(job.job_id, "bad"):
        raise PermanentItemError("unreadable")
    with pytest.raises(TimeoutError), reporter.item(job.job_id, "late"):
        raise TimeoutError("slow")
    reporter.flush()

    job = wait(ledger, job)
    why = ledger.why(job.job_id)

    assert (job.status, job.failed) == ("COMPLETED_WITH_FAILURES", 2)
    assert {(failure.type, failure.count) for failure in why.failures} == {
        ("PermanentItemError", 1),
        ("TimeoutError", 1),
    }
    assert ledger.commands.claim(job.job_id, "good").reason == "already_completed"
    assert ledger.commands.retry(job.job_id, "late").outcome == "applied"
    assert ledger.commands.complete(job.job_id, "late").outcome == "applied"
    assert wait(ledger, job).epoch == 2
    with pytest.raises(NotFoundError):
        ledger.status("no-such-job")
    with pytest.raises(InvalidRequestError, match="name"):
        ledger.create_job("")


@pytest.mark.parametrize("item_id", ["..", ".", "../..", "a/claim", "a?b#c%2F"])
def test_an_item_is_reached_by_whatever_name_it_has(ledger, item_id):
    job = ledger.create_job("strange names", items=[item_id], seal=True)

    claimed = ledger.commands.claim(job.job_id, item_id)

    assert (claimed.outcome, claimed.item.item_id) == ("applied", item_id)
    assert ledger.item(job.job_id, item_id).state == "IN_PROGRESS"


def test_the_address_of_aws_itself_is_not_taken_for_a_ledger_without_the_job(ledger, endpoints):
    job = ledger.create_job("here")
    wrong = Ledger(api_url=endpoints.aws_endpoint_url, endpoints=endpoints)

    with pytest.raises(WrongAddressError, match="answered 404"):
        wrong.status(job.job_id)


def test_a_registration_that_is_repeated_changes_nothing(ledger):
    job = ledger.create_job("twice")
    items = [{"itemId": f"item-{n}", "payload": {"n": n}} for n in range(1_500)]

    first = ledger.register(job.job_id, items)
    second = ledger.register(job.job_id, items, seal=True)

    assert (first.registered, first.already_existed) == (1_500, 0)
    assert (second.registered, second.already_existed) == (0, 1_500)
    assert ledger.status(job.job_id).total == 1_500


def test_several_processes_share_a_job(ledger, run_worker):
    job = ledger.create_job("shared", items=[f"item-{n}" for n in range(400)], seal=True)
    script = """
        import sys
        from forgeledger.sdk import Reporter
        job_id, start = sys.argv[1], int(sys.argv[2])
        with Reporter() as reporter:
            for number in range(start, 400, 4):
                with reporter.item(job_id, f"item-{number}"):
                    pass
    """

    workers = [run_worker(script, job.job_id, str(start)) for start in range(4)]

    assert wait(ledger, job).completed == 400
    assert [worker.wait(TIMEOUT_SECONDS) for worker in workers] == [0] * 4
    claims = [event.worker_id for event in ledger.events(job.job_id) if event.type == "claimed"]
    assert len(claims) == 400
    assert len(set(claims)) == 4


def test_what_a_killed_worker_had_not_sent_is_done_again_and_counted_once(ledger, run_worker):
    job = ledger.create_job("killed", items=[f"item-{n}" for n in range(300)], seal=True)
    script = """
        import sys, time
        from forgeledger.sdk import Reporter
        job_id, slow = sys.argv[1], float(sys.argv[2])
        with Reporter() as reporter:
            for number in range(300):
                with reporter.item(job_id, f"item-{number}"):
                    time.sleep(slow)
    """
    doomed = run_worker(script, job.job_id, "0.005")
    eventually(lambda: ledger.status(job.job_id).completed > 20)

    doomed.kill()
    doomed.wait()
    successor = run_worker(script, job.job_id, "0")

    job = wait(ledger, job)
    assert successor.wait(TIMEOUT_SECONDS) == 0
    assert (job.status, job.completed, job.total) == ("COMPLETED", 300, 300)
    assert [event.type for event in ledger.events(job.job_id)].count("completed") == 300


@pytest.fixture
def work_queue(ledger_cloud):
    sqs = ledger_cloud.client("sqs")
    url = sqs.create_queue(QueueName="work", Attributes={"VisibilityTimeout": "30"})["QueueUrl"]
    yield sqs, url
    sqs.delete_queue(QueueUrl=url)


def fill(work_queue, job, count):
    sqs, url = work_queue
    for start in range(0, count, 10):
        sqs.send_message_batch(
            QueueUrl=url,
            Entries=[
                {
                    "Id": str(number),
                    "MessageBody": json.dumps(
                        {"jobId": job.job_id, "itemId": f"item-{number}", "kind": "square"}
                    ),
                }
                for number in range(start, min(start + 10, count))
            ],
        )


def delivery(job, item_id, count):
    record = {
        "messageId": "m",
        "body": json.dumps({"jobId": job.job_id, "itemId": item_id}),
        "attributes": {"ApproximateReceiveCount": str(count)},
    }
    return {"Records": [record]}


def test_a_message_that_is_redriven_from_its_dead_letter_queue_completes_its_item(ledger, reporter):
    job = ledger.create_job("redriven", items=["a"], seal=True, policy={"maxAttempts": 5})

    def fails(item):
        raise TimeoutError(f"delivery {item.attempt}")

    for count in (1, 2):
        answer = handle_sqs_batch(reporter, delivery(job, "a", count), fails)
        assert answer["batchItemFailures"]
    eventually(lambda: ledger.item(job.job_id, "a").attempt == 2)

    redriven = delivery(job, "a", 1)
    assert handle_sqs_batch(reporter, redriven, lambda item: "done") == {"batchItemFailures": []}

    assert wait(ledger, job).status == "COMPLETED"


WORKER = """
    import sys
    from forgeledger.sdk import Worker, WorkerOptions

    async def square(item):
        number = int(item.item_id.removeprefix("item-"))
        if item.attempt == 1 and number % 10 == 0:
            raise TimeoutError("first time")
        return number**2

    worker = Worker(
        sys.argv[1],
        {"square": square},
        options=WorkerOptions(concurrency=4, wait_seconds=1),
        retry_seconds=lambda count: 0,
    )
    print(worker.run())
"""


def test_a_worker_empties_a_work_queue_retries_what_failed_and_stops_on_request(
    ledger, work_queue, run_worker
):
    job = ledger.create_job("work", expected_items=40, policy={"maxAttempts": 3})
    fill(work_queue, job, 40)

    worker = run_worker(WORKER, work_queue[1])
    job = wait(ledger, job)
    worker.send_signal(signal.SIGTERM)

    assert worker.wait(TIMEOUT_SECONDS) == 0
    assert worker.stdout.read() == "40 completed, 4 failed, 0 released, 0 handed back\n"
    assert (job.status, job.completed) == ("COMPLETED", 40)
    items = {item.item_id: item for item in ledger.items(job.job_id)}
    assert items["item-7"].result == 49
    assert (items["item-10"].result, items["item-10"].attempt) == (100, 2)
    sqs, url = work_queue
    left = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert left["ApproximateNumberOfMessages"] == "0"
    assert left["ApproximateNumberOfMessagesNotVisible"] == "0"
