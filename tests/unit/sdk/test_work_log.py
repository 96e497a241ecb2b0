"""What is expected to go wrong with work messages is a line in the log, and no trace of the SDK."""

import json

from forgeledger.sdk.errors import InvalidCommandError
from tests.builders import JOB_ID
from tests.fake_queues import FakeWorkQueue
from tests.running_worker import Running, work

TOO_LARGE = "x" * 40_000


def told_of(item_id):
    rule = "result: has 40002 bytes of JSON, at most 32768"
    return f"item {item_id} of job {JOB_ID} failed for good: {rule}"


def test_a_message_that_cannot_be_worked_on_is_logged_in_one_line_of_bounded_length(
    make_worker, caplog
):
    waiting = FakeWorkQueue(work(5), work(["x" * 1_000]))

    with Running(make_worker(waiting, lambda item: None, retry_seconds=lambda count: 9)):
        assert waiting.wait_until(lambda fake: len(fake.visibilities) == 2)

    short, long = sorted(caplog.records, key=lambda record: len(record.getMessage()))
    assert (short.levelname, short.exc_info, long.exc_info) == ("ERROR", None, None)
    assert short.getMessage() == (
        "message m0 cannot be worked on: itemId: is a text of 1 to 256 characters, not 5"
    )
    assert len(long.getMessage()) < 600


def test_a_result_that_is_too_large_is_logged_in_one_line_and_an_error_of_a_handler_with_its_place(
    make_worker, caplog
):
    def handler(item):
        if item.item_id == "a":
            return TOO_LARGE
        raise InvalidCommandError("some", "rule")

    waiting = FakeWorkQueue(work("a"), work("b"))

    with Running(make_worker(waiting, handler, retry_seconds=lambda count: 9)) as running:
        assert waiting.wait_until(lambda fake: fake.deleted and fake.visibilities)

    assert running.summary.failed == 2
    too_large, raised = sorted(caplog.records, key=lambda record: record.exc_info is not None)
    assert too_large.exc_info is None
    assert too_large.getMessage() == told_of("a")
    assert raised.getMessage() == f"item b of job {JOB_ID} failed"
    assert "in handler" in caplog.text


def test_a_batch_logs_the_same_lines(reporter, caplog):
    records = [
        {
            "messageId": name,
            "attributes": {"ApproximateReceiveCount": "1"},
            "body": json.dumps(body),
        }
        for name, body in {"m0": {"itemId": "a"}, "m1": work("b")}.items()
    ]

    answer = reporter.lambda_batch({"Records": records}, lambda item: TOO_LARGE)

    assert answer == {"batchItemFailures": [{"itemIdentifier": "m0"}]}
    assert [record.exc_info for record in caplog.records] == [None, None]
    assert caplog.messages == ["message m0 cannot be worked on: jobId: is missing", told_of("b")]
