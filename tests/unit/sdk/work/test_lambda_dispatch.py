"""A Lambda function that works on messages of the ledger."""

import json

import pytest

from forgeledger.sdk.errors import InvalidSettingError
from forgeledger.sdk.work.lambda_batch import handle_sqs_batch
from tests.support.fake_queues import denied
from tests.support.running_worker import dispatched, dispatched_batch, work


def event_of(*bodies, times=1):
    return {
        "Records": [
            {
                "messageId": f"m{number}",
                "body": json.dumps(body),
                "attributes": {"ApproximateReceiveCount": str(times)},
                "eventSourceARN": "arn:aws:sqs:eu-west-1:123456789012:work",
            }
            for number, body in enumerate(bodies)
        ]
    }


def failed(answer):
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def fail(item):
    raise ValueError("again, please")


def test_a_failed_item_does_not_come_again_by_the_queue_if_the_ledger_dispatches_it(
    reporter, queue
):
    response = handle_sqs_batch(reporter, event_of(dispatched("a", 2), work("b")), fail)

    assert failed(response) == ["m1"]
    fences = [(c["type"], c.get("attempt"), c.get("dispatch")) for c in queue.commands]
    assert fences[:2] == [("claim", 2, 2), ("fail", 2, 2)]


def test_an_end_that_did_not_arrive_brings_the_record_back(make_reporter, queue):
    def refuse(**_):
        raise denied()

    queue.send_message_batch = refuse
    reporter = make_reporter(flush_seconds=0.05)

    assert failed(handle_sqs_batch(reporter, event_of(dispatched("a")), fail)) == ["m0"]


def test_a_record_of_several_items_comes_again_only_for_one_that_needs_it(reporter, queue):
    items = [{"itemId": "a", "attempt": 1, "kind": "other"}, {"itemId": "b", "attempt": 1}]
    event = event_of(dispatched_batch("x", "y"), dispatched_batch(items=items))

    response = handle_sqs_batch(reporter, event, {"default": fail})

    assert failed(response) == ["m1"]
    ends = [item for kind, item in queue.reported() if kind == "fail"]
    assert sorted(ends) == ["b", "x", "y"]


def test_a_record_that_comes_again_skips_the_items_that_are_over(reporter, queue):
    class TimeForOne:
        def __init__(self):
            self.left = [60_000, 1_000, 60_000]

        def get_remaining_time_in_millis(self):
            return self.left.pop(0) if len(self.left) > 1 else self.left[0]

    message, seen = dispatched_batch("a", "b"), []

    def handler(item):
        seen.append(item.item_id)

    first = handle_sqs_batch(reporter, event_of(message), handler, context=TimeForOne())
    second = handle_sqs_batch(reporter, event_of(message, times=2), handler, context=TimeForOne())
    third = handle_sqs_batch(reporter, event_of(message, times=3), handler)

    assert [failed(first), failed(second), failed(third)] == [["m0"], ["m0"], []]
    assert seen == ["a", "b"]


def test_handlers_are_chosen_by_kind(reporter, queue, caplog):
    handlers = {"square": lambda item: item.payload**2, "cube": lambda item: item.payload**3}
    bodies = [dispatched(kind, kind=kind, payload=3) for kind in ("square", "cube", "root")]

    response = handle_sqs_batch(reporter, event_of(*bodies), handlers)

    assert failed(response) == ["m2"]
    results = {c["itemId"]: c["result"] for c in queue.commands if c["type"] == "complete"}
    assert results == {"square": 9, "cube": 27}
    assert "no handler for kind 'root'" in caplog.text


@pytest.mark.parametrize("handlers", [{}, {"a": 1}, {1: print}])
def test_handlers_that_can_handle_nothing_are_refused(reporter, handlers):
    with pytest.raises(InvalidSettingError, match=r"^handlers"):
        handle_sqs_batch(reporter, event_of(work("a")), handlers)
