"""Expected mistakes in work messages are one line in the log, without a traceback of the SDK."""

import json
import sys
from types import SimpleNamespace

from forgeledger.sdk.errors import InvalidCommandError
from forgeledger.sdk.work.lambda_batch import handle_sqs_batch
from forgeledger.sdk.work.work_log import log_end_by
from tests.support.builders import JOB_ID
from tests.support.fake_queues import FakeWorkQueue
from tests.support.running_worker import Running, work

TOO_LARGE = "x" * 40_000


def records(*bodies):
    counted = {"ApproximateReceiveCount": "1"}
    return {
        "Records": [
            {"messageId": f"m{number}", "attributes": counted, "body": json.dumps(body)}
            for number, body in enumerate(bodies)
        ]
    }


def log_line_of(item_id):
    rule = "result: must be at most 32768 bytes of JSON, not 40002"
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
        "message m0 cannot be worked on: itemId: must be text of 1 to 256 characters, not 5"
    )
    assert len(long.getMessage()) < 600


def test_a_too_large_result_is_logged_in_one_line_and_an_error_of_a_handler_with_its_traceback(
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
    assert too_large.getMessage() == log_line_of("a")
    assert raised.getMessage() == f"item b of job {JOB_ID} failed"
    assert "in handler" in caplog.text


def test_what_an_error_did_to_its_item_is_said(make_worker, caplog):
    waiting = FakeWorkQueue(work("a"))
    untold = SimpleNamespace(item_id="b", job_id=JOB_ID, ending=None, failure=None)

    with Running(make_worker(waiting, lambda item: sys.exit(1), retry_seconds=lambda count: 9)):
        assert waiting.wait_until(lambda fake: fake.visibilities)
    log_end_by(RuntimeError("untold"), untold)

    assert caplog.messages == [
        f"item a of job {JOB_ID} was released",
        f"item b of job {JOB_ID} met an error",
    ]


def unknown_of(caplog):
    """The lines about unknown fields; all of them are warnings."""
    records = [record for record in caplog.records if "unknown fields" in record.getMessage()]
    assert {record.levelname for record in records} <= {"WARNING"}
    return [record.getMessage() for record in records]


def test_a_misspelled_field_is_ignored_and_logged_once_however_many_messages_have_it(
    make_worker, caplog
):
    slips = [work(f"item-{number}", paylod=7) for number in range(20)]
    waiting = FakeWorkQueue(*slips, work("a", payload=1, kind="default", attempt=1))

    with Running(make_worker(waiting, lambda item: None, concurrency=8)) as running:
        assert waiting.wait_until(lambda fake: len(fake.deleted) == 21)

    assert running.summary.completed == 21
    assert unknown_of(caplog) == ["unknown fields ignored in work messages: ['paylod']"]


def test_a_misspelled_required_field_is_reported_with_the_missing_one(make_worker, caplog):
    waiting = FakeWorkQueue({"jobId": JOB_ID, "itemID": "a"})

    with Running(make_worker(waiting, lambda item: None, retry_seconds=lambda count: 9)):
        assert waiting.wait_until(lambda fake: fake.visibilities)

    assert caplog.messages == [
        "unknown fields ignored in work messages: ['itemID']",
        "message m0 cannot be worked on: itemId: is missing",
    ]


def test_unknown_fields_are_reported_up_to_a_bound(reporter, caplog):
    for number in range(150):
        handle_sqs_batch(reporter, records(work("a", **{f"field-{number}": 1})), lambda item: None)

    assert len(unknown_of(caplog)) == 100


def test_batches_log_an_unknown_field_once_in_the_life_of_their_reporter(reporter, caplog):
    for item_id in "abc":
        handle_sqs_batch(reporter, records(work(item_id, paylod=1)), lambda item: None)

    assert unknown_of(caplog) == ["unknown fields ignored in work messages: ['paylod']"]


def test_a_batch_logs_the_same_lines(reporter, caplog):
    answer = handle_sqs_batch(reporter, records({"itemId": "a"}, work("b")), lambda item: TOO_LARGE)

    assert answer == {"batchItemFailures": [{"itemIdentifier": "m0"}]}
    assert [record.exc_info for record in caplog.records] == [None, None]
    assert caplog.messages == [
        "message m0 cannot be worked on: jobId: is missing",
        log_line_of("b"),
    ]
