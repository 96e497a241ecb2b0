import asyncio
import json

import pytest

from forgeledger.sdk.errors import InvalidSettingError, PermanentItemError
from forgeledger.sdk.work.lambda_batch import handle_sqs_batch
from tests.support.builders import JOB_ID
from tests.support.fake_queues import FINE, THROTTLED, Fault, denied

STANDARD = "arn:aws:sqs:eu-west-1:123456789012:work"


def make_event(*items, arn=STANDARD, groups=(), counts=()):
    records = []
    for number, item in enumerate(items):
        body = item if isinstance(item, str) else json.dumps({"jobId": JOB_ID, **item})
        attributes = {"ApproximateReceiveCount": str(counts[number] if counts else 1)}
        if groups:
            attributes["MessageGroupId"] = groups[number]
        records.append(
            {
                "messageId": f"m{number}",
                "receiptHandle": f"r{number}",
                "body": body,
                "attributes": attributes,
                "eventSource": "aws:sqs",
                "eventSourceARN": arn,
            }
        )
    return {"Records": records}


def failed(answer):
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


class Clock:
    def __init__(self, *milliseconds):
        self.left = list(milliseconds)

    def get_remaining_time_in_millis(self):
        return self.left.pop(0) if len(self.left) > 1 else self.left[0]


def test_every_record_is_claimed_worked_on_and_completed(reporter, queue):
    event = make_event({"itemId": "a", "payload": 3}, {"item_id": "b", "kind": "other"})

    answer = handle_sqs_batch(
        reporter, event, lambda item: {"kind": item.kind, "got": item.payload}
    )

    assert failed(answer) == []
    results = {c["itemId"]: c["result"] for c in queue.commands if c["type"] == "complete"}
    assert results == {"a": {"kind": "default", "got": 3}, "b": {"kind": "other", "got": None}}


def test_a_coroutine_may_be_the_handler(reporter, queue):
    async def handler(item):
        item.result = "from afar"

    handle_sqs_batch(reporter, make_event({"itemId": "a"}), handler)

    assert queue.commands[1]["result"] == "from afar"


def test_only_what_may_be_tried_again_comes_again(reporter, queue):
    def handler(item):
        match item.item_id:
            case "a":
                raise ValueError("try again")
            case "b":
                raise PermanentItemError("never")
            case "c":
                item.release()
            case "d":
                item.fail(ValueError("reported"))

    event = make_event(*({"itemId": name} for name in "abcde"))

    assert failed(handle_sqs_batch(reporter, event, handler)) == ["m0", "m2", "m3"]
    ends = {item: kind for kind, item in queue.reported() if kind != "claim"}
    assert ends == {"a": "fail", "b": "fail", "c": "release", "d": "fail", "e": "complete"}


@pytest.mark.parametrize(
    ("options", "attempt"), [({}, None), ({"fenced": False}, None), ({"fenced": True}, 3)]
)
def test_the_handler_knows_the_delivery_and_only_fenced_commands_carry_it(
    reporter, queue, options, attempt
):
    event = make_event({"itemId": "a"}, counts=[3])
    seen = []

    handle_sqs_batch(reporter, event, lambda item: seen.append(item.attempt), **options)

    assert seen == [3]
    assert [command.get("attempt") for command in queue.commands] == [attempt, attempt]


@pytest.mark.parametrize(
    "body",
    [
        "{",
        "[]",
        "{}",
        '{"jobId": "j"}',
        '{"jobId": 1, "itemId": "a"}',
        '{"jobId":"j","itemId":"a"}',
        "[" * 200_000,
    ],
    ids=lambda body: body[:20],
)
def test_a_record_that_names_no_item_comes_again_until_the_queue_gives_it_up(reporter, queue, body):
    answer = handle_sqs_batch(reporter, make_event(body, {"itemId": "b"}), lambda item: None)

    assert failed(answer) == ["m0"]
    assert {item for _, item in queue.reported()} == {"b"}


def test_after_a_failure_the_rest_of_its_fifo_group_comes_again_unworked(reporter, queue):
    def handler(item):
        if item.item_id == "a":
            raise ValueError

    event = make_event(
        *({"itemId": name} for name in "abcd"), arn=STANDARD + ".fifo", groups=["x", "y", "x", "y"]
    )

    assert failed(handle_sqs_batch(reporter, event, handler)) == ["m0", "m2"]
    assert "c" not in {item for _, item in queue.reported()}


def test_groups_of_a_standard_queue_keep_no_order(reporter):
    def handler(item):
        if item.item_id == "a":
            raise ValueError

    event = make_event({"itemId": "a"}, {"itemId": "b"}, groups=["x", "x"])

    assert failed(handle_sqs_batch(reporter, event, handler)) == ["m0"]


def test_no_record_is_begun_when_time_runs_out(reporter, queue):
    event = make_event({"itemId": "a"}, {"itemId": "b"}, {"itemId": "c"})

    answer = handle_sqs_batch(
        reporter, event, lambda item: None, context=Clock(60_000, 2_000, 1_000)
    )

    assert failed(answer) == ["m1", "m2"]
    assert {item for _, item in queue.reported()} == {"a"}


@pytest.mark.parametrize(
    ("clock", "seconds"),
    [(None, 5.0), (Clock(60_000), 5.0), (Clock(60_000, 4_000), 3.5), (Clock(60_000, 200), 0.0)],
)
def test_items_are_reported_before_the_function_is_out_of_time(reporter, queue, clock, seconds):
    flush, timeouts = reporter.flush, []
    reporter.flush = lambda timeout=None: (timeouts.append(timeout), flush(timeout))[1]

    answer = handle_sqs_batch(
        reporter, make_event({"itemId": "a"}), lambda item: None, context=clock
    )

    assert timeouts == [seconds]
    assert failed(answer) == []
    assert queue.reported() == [("claim", "a"), ("complete", "a")]


def test_what_could_not_be_reported_is_redelivered(make_reporter, queue):
    refused = frozenset({0})
    queue.fault = lambda number, entries: Fault(refused_for_good=refused) if number == 1 else FINE
    event = make_event({"itemId": "a"}, {"itemId": "b"})

    answer = handle_sqs_batch(make_reporter(), event, lambda item: None)

    assert failed(answer) == ["m0"]
    assert {item for _, item in queue.reported()} == {"b"}


@pytest.mark.parametrize("error", [None, PermanentItemError("never")])
def test_an_end_that_finds_no_room_comes_again_although_the_claim_arrives(
    make_reporter, queue, error
):
    reporter = make_reporter(commands=1, block_seconds=0.01)
    flush = reporter.flush

    def handler(item):
        queue.fault = lambda number, entries: THROTTLED
        if error is not None:
            raise error

    def flush_after_the_outage(*timeout):
        queue.fault = lambda number, entries: FINE
        return flush(*timeout)

    reporter.flush = flush_after_the_outage

    answer = handle_sqs_batch(reporter, make_event({"itemId": "a"}), handler)

    assert queue.reported() == [("claim", "a")]
    assert failed(answer) == ["m0"]


def test_of_an_item_that_came_twice_both_messages_come_again(make_reporter, queue):
    queue.fault = lambda number, entries: Fault(raises=denied())
    event = make_event({"itemId": "a"}, {"itemId": "a"})

    assert failed(handle_sqs_batch(make_reporter(), event, lambda item: None)) == ["m0", "m1"]


def test_without_permission_everything_comes_again(make_reporter, queue, caplog):
    queue.fault = lambda number, entries: Fault(raises=denied())
    event = make_event({"itemId": "a"}, {"itemId": "b"})

    assert failed(handle_sqs_batch(make_reporter(), event, lambda item: None)) == ["m0", "m1"]
    assert "AccessDenied" in caplog.text


def test_in_a_fifo_group_what_followed_something_undelivered_comes_again_too(make_reporter, queue):
    queue.fault = lambda number, entries: (
        Fault(refused_for_good=frozenset({0})) if number == 1 else FINE
    )
    event = make_event({"itemId": "a"}, {"itemId": "b"}, arn=STANDARD + ".fifo", groups=["x", "x"])

    assert failed(handle_sqs_batch(make_reporter(), event, lambda item: None)) == ["m0", "m1"]


@pytest.mark.parametrize("is_async", [False, True])
def test_a_canceled_handler_releases_its_item_and_the_batch_goes_on(reporter, queue, is_async):
    def handler(item):
        if item.item_id == "a":
            raise asyncio.CancelledError

    async def async_handler(item):
        handler(item)

    event = make_event({"itemId": "a"}, {"itemId": "b"})
    answer = handle_sqs_batch(reporter, event, async_handler if is_async else handler)

    assert failed(answer) == ["m0"]
    ends = {item: kind for kind, item in queue.reported() if kind != "claim"}
    assert ends == {"a": "release", "b": "complete"}


def test_an_interrupted_batch_still_reports_what_it_did(reporter, queue):
    def handler(item):
        if item.item_id == "b":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        handle_sqs_batch(reporter, make_event({"itemId": "a"}, {"itemId": "b"}), handler)

    assert sorted(queue.reported()) == [
        ("claim", "a"),
        ("claim", "b"),
        ("complete", "a"),
        ("release", "b"),
    ]


@pytest.mark.parametrize(
    "event",
    [
        {},
        None,
        {"Records": None},
        {"Records": "abc"},
        {"Records": [{"s3": {}}]},
        {"Records": [{"messageId": "m", "body": "{}", "attributes": {}}]},
    ],
)
def test_an_event_that_is_none_of_a_queue_is_refused_before_any_work(reporter, queue, event):
    with pytest.raises(InvalidSettingError, match=r"^event: is not from an SQS trigger"):
        handle_sqs_batch(reporter, event, lambda item: None)

    assert queue.reported() == []


def test_a_handler_that_cannot_be_called_fails_no_item(reporter, queue):
    with pytest.raises(InvalidSettingError, match=r"^handler: must be a function, not None"):
        handle_sqs_batch(reporter, make_event({"itemId": "a"}), None)

    assert queue.reported() == []
