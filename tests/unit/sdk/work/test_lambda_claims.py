"""A Lambda function that listens: it asks before it begins, and hears of jobs that have ended."""

import json

import pytest

from forgeledger.sdk.endpoints import Endpoints
from forgeledger.sdk.errors import InvalidSettingError, NoAnswerError
from forgeledger.sdk.report.reporter import Reporter
from forgeledger.sdk.seams import Seams, with_seams
from forgeledger.sdk.work.lambda_batch import handle_sqs_batch
from tests.support.builders import JOB_ID
from tests.support.fake_ledger import FakeLedger, granted, refused, repeated, unknown
from tests.support.fake_queues import FakeCommandQueue

LEASE_HELD = refused("lease_held", leaseUntil="2026-11-21T10:00:40Z")


def event_of(*names, group=None):
    attributes = {"ApproximateReceiveCount": "1", "SentTimestamp": "0"}
    arn = "arn:aws:sqs:eu-west-1:123456789012:work"
    if group:
        attributes["MessageGroupId"], arn = group, arn + ".fifo"
    return {
        "Records": [
            {
                "messageId": f"m-{name}",
                "body": json.dumps({"jobId": JOB_ID, "itemId": name}),
                "attributes": attributes,
                "eventSourceARN": arn,
            }
            for name in names
        ]
    }


def failed(answer):
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


@pytest.fixture
def reporter_of():
    def make(ledger, queue=None):
        seams = Seams(
            make_client=lambda: queue or FakeCommandQueue(),
            transport=ledger,
            clock=ledger.clock,
            sleep=lambda _: None,
        )
        return with_seams(Reporter, seams)(
            endpoints=Endpoints(api_url="https://api", command_queue_url="https://q/c.fifo"),
            worker_id="w-1",
            background=False,
        )

    return make


@pytest.mark.parametrize(
    ("answer", "comes_again"),
    [
        (granted(1), False),
        (refused("already_completed"), False),
        (refused("already_canceled"), False),
        (LEASE_HELD, True),
        (refused("job_held"), True),
        (repeated(state="PENDING"), True),
        (unknown("job_not_found"), True),
        (None, True),
    ],
    ids=lambda value: str(value)[:60],
)
def test_only_a_granted_item_is_begun_and_only_what_may_be_granted_later_comes_again(
    reporter_of, answer, comes_again
):
    seen = []
    reporter = reporter_of(FakeLedger(claim=[answer]))

    response = handle_sqs_batch(
        reporter, event_of("a"), lambda item: seen.append(item.item_id), claim="ask"
    )

    assert failed(response) == (["m-a"] if comes_again else [])
    assert seen == (["a"] if answer == granted(1) else [])


def test_the_end_of_a_granted_item_carries_its_attempt(reporter_of):
    queue = FakeCommandQueue()
    reporter = reporter_of(FakeLedger(claim=[granted(5)]), queue)

    handle_sqs_batch(reporter, event_of("a"), lambda item: item.attempt, claim="ask")

    assert [(c["type"], c["attempt"], c["result"]) for c in queue.commands] == [("complete", 5, 5)]


def test_a_held_item_stops_its_fifo_group_and_a_dropped_one_does_not(reporter_of):
    answers = [refused("already_completed"), granted(1), LEASE_HELD, granted(1)]
    seen = []

    response = handle_sqs_batch(
        reporter_of(FakeLedger(claim=answers)),
        event_of("a", "b", "c", "d", group="x"),
        lambda item: seen.append(item.item_id),
        claim="ask",
    )

    assert seen == ["b"]
    assert failed(response) == ["m-c", "m-d"]


def test_a_batch_does_not_wait_for_each_answer_of_a_ledger_that_does_not_answer(reporter_of):
    ledger = FakeLedger(claim=[None])

    response = handle_sqs_batch(reporter_of(ledger), event_of(*"abcde"), print, claim="ask")

    assert failed(response) == [f"m-{name}" for name in "abcde"]
    # The tries of the first claim.
    assert ledger.count("claim") == 3


class SilentLedger:
    """Each request waits for its whole timeout; the function began at 0."""

    def __init__(self, function_seconds):
        self.now, self.function_seconds = 0.0, function_seconds

    def clock(self):
        return self.now

    def __call__(self, request):
        self.now += request.timeout_seconds
        raise NoAnswerError(request.method, request.url, "timeout")

    def get_remaining_time_in_millis(self):
        return int(1_000 * (self.function_seconds - self.now))


@pytest.mark.parametrize("claim", ["report", "ask"])
@pytest.mark.parametrize("function_seconds", [5, 10, 30])
def test_the_response_is_in_time_also_where_the_ledger_does_not_answer(
    reporter_of, claim, function_seconds
):
    ledger, seen = SilentLedger(function_seconds), []

    response = handle_sqs_batch(
        reporter_of(ledger), event_of("a"), seen.append, context=ledger, claim=claim
    )

    assert failed(response) == (["m-a"] if claim == "ask" else [])
    assert len(seen) == (claim == "report")
    assert ledger.get_remaining_time_in_millis() >= 1_000


def test_records_of_a_canceled_job_are_dropped_also_in_later_batches_for_one_request(reporter_of):
    ledger, seen = FakeLedger(status="CANCELED"), []
    reporter = reporter_of(ledger)

    for names in ("abc", "def"):
        response = handle_sqs_batch(reporter, event_of(*names), seen.append)
        assert failed(response) == []

    assert seen == []
    assert ledger.count("job") == 1


def test_asking_and_fencing_by_deliveries_do_not_go_together(reporter_of):
    with pytest.raises(InvalidSettingError, match=r"^fenced: goes with claim='report'"):
        handle_sqs_batch(reporter_of(FakeLedger()), event_of("a"), print, claim="ask", fenced=True)
