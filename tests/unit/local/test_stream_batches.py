"""How a stream batch is retried after a failure, and the on-failure message."""

import json
from datetime import UTC, datetime

import pytest

from forgeledger.local.stream_batches import (
    LONGEST_PAUSE_SECONDS,
    Batch,
    Condition,
    RetryRule,
    after_failure,
    first_failed_index,
    split_expired,
)
from forgeledger.local.stream_events import failure_message, stream_record


def a_record(number, created=1_000.0):
    change = {"SequenceNumber": str(number), "ApproximateCreationDateTime": created}
    return {"dynamodb": change}


def a_batch(*numbers, failures=0):
    return Batch(records=tuple(a_record(number) for number in numbers), failures=failures)


def numbers(batch):
    return [int(record["dynamodb"]["SequenceNumber"]) for record in batch.records]


def test_records_before_the_first_failed_one_are_done_and_the_rest_starts_afresh():
    plan = after_failure(a_batch(1, 2, 3, failures=2), 1, RetryRule(maximum_retries=3))

    assert [numbers(batch) for batch in plan.again] == [[2, 3]]
    assert plan.again[0].failures == 0
    assert plan.given_up is None


def test_a_batch_is_halved_without_using_up_a_retry():
    plan = after_failure(a_batch(1, 2, 3), 0, RetryRule(maximum_retries=0, bisects=True))

    assert [numbers(batch) for batch in plan.again] == [[1], [2, 3]]
    assert [batch.failures for batch in plan.again] == [0, 0]


def test_a_single_record_is_tried_again_until_its_retries_are_used_up():
    rule = RetryRule(maximum_retries=1, bisects=True)

    once = after_failure(a_batch(1), 0, rule)
    twice = after_failure(once.again[0], 0, rule)

    assert once.given_up is None
    assert twice.again == ()
    assert twice.given_up is not None
    assert numbers(twice.given_up) == [1]
    assert twice.condition is Condition.RETRIES


def test_without_bisecting_the_whole_batch_is_given_up():
    plan = after_failure(a_batch(1, 2), 0, RetryRule(maximum_retries=0))

    assert plan.given_up is not None
    assert numbers(plan.given_up) == [1, 2]


def test_without_a_limit_a_batch_is_tried_forever():
    plan = after_failure(a_batch(1, failures=10_000), 0, RetryRule())

    assert plan.again[0].failures == 10_001


def test_the_pause_before_a_retry_grows_up_to_a_bound():
    pauses = [a_batch(1, failures=failures).pause_seconds for failures in (0, 1, 2, 3, 10_000)]

    assert pauses[0] == 0
    assert pauses == sorted(pauses)
    assert pauses[-1] == LONGEST_PAUSE_SECONDS


@pytest.mark.parametrize(
    ("limit", "now", "expired", "rest"),
    [
        (-1, 9_999.0, None, [1, 2]),
        (60, 1_060.0, None, [1, 2]),
        (60, 1_061.0, [1], [2]),
        (60, 5_000.0, [1, 2], None),
    ],
)
def test_records_that_are_too_old_are_split_off(limit, now, expired, rest):
    batch = Batch(records=(a_record(1, 1_000.0), a_record(2, 2_000.0)))

    old, young = split_expired(batch, RetryRule(maximum_age_seconds=limit), now)

    assert (numbers(old) if old else None) == expired
    assert (numbers(young) if young else None) == rest


def test_a_batch_goes_on_at_the_lowest_sequence_number_that_was_reported():
    batch = a_batch(1, 2, 3)

    assert first_failed_index(batch.records, ["3", "2"]) == 1
    assert first_failed_index(batch.records, []) is None


def test_a_record_has_exactly_the_documented_fields_with_typed_values():
    raw = {
        "eventID": "e-1",
        "eventName": "MODIFY",
        "dynamodb": {
            "ApproximateCreationDateTime": 1795255200.123,
            "Keys": {"PK": {"S": "JOB#1#0"}},
            "NewImage": {
                "n": {"N": "1"},
                "raw": {"B": "AA=="},
                "raws": {"BS": ["AA==", "AQ=="]},
                "list": {"L": [{"B": "AA=="}, {"S": "x"}]},
                "map": {"M": {"inner": {"B": "AA=="}}},
                "no": {"NULL": True},
            },
            "SequenceNumber": "7",
            "SizeBytes": 9,
            "StreamViewType": "NEW_IMAGE",
        },
    }

    record = stream_record(raw, stream_arn="arn:stream", region="us-east-1")

    assert json.loads(json.dumps(record)) == {
        "eventID": "e-1",
        "eventName": "MODIFY",
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "us-east-1",
        "dynamodb": {
            "ApproximateCreationDateTime": 1795255200.0,
            "Keys": {"PK": {"S": "JOB#1#0"}},
            "NewImage": {
                "n": {"N": "1"},
                "raw": {"B": "AA=="},
                "raws": {"BS": ["AA==", "AQ=="]},
                "list": {"L": [{"B": "AA=="}, {"S": "x"}]},
                "map": {"M": {"inner": {"B": "AA=="}}},
                "no": {"NULL": True},
            },
            "SequenceNumber": "7",
            "SizeBytes": 9,
            "StreamViewType": "NEW_IMAGE",
        },
        "eventSourceARN": "arn:stream",
    }


def test_a_deletion_by_time_to_live_carries_who_deleted():
    raw = {
        "eventID": "e-1",
        "eventName": "REMOVE",
        "dynamodb": {"SequenceNumber": "7"},
        "userIdentity": {"Type": "Service", "PrincipalId": "dynamodb.amazonaws.com"},
    }

    record = stream_record(raw, stream_arn="arn:stream", region="us-east-1")

    assert record["userIdentity"] == {"type": "Service", "principalId": "dynamodb.amazonaws.com"}


def test_the_failure_queue_gets_the_positions_of_the_records_but_not_their_content():
    message = json.loads(
        failure_message(
            records=[a_record(7, 0.0), a_record(9, 1.5)],
            stream_arn="arn:stream",
            shard_id="shard-1",
            function_arn="arn:function",
            request_id="r-1",
            condition=Condition.RETRIES.value,
            invocations=4,
            now=datetime(2026, 11, 21, tzinfo=UTC),
        )
    )

    assert message == {
        "requestContext": {
            "requestId": "r-1",
            "functionArn": "arn:function",
            "condition": "RetryAttemptsExhausted",
            "approximateInvokeCount": 4,
        },
        "responseContext": {
            "statusCode": 200,
            "executedVersion": "$LATEST",
            "functionError": "Unhandled",
        },
        "version": "1.0",
        "timestamp": "2026-11-21T00:00:00.000Z",
        "DDBStreamBatchInfo": {
            "shardId": "shard-1",
            "startSequenceNumber": "7",
            "endSequenceNumber": "9",
            "approximateArrivalOfFirstRecord": "1970-01-01T00:00:00.000Z",
            "approximateArrivalOfLastRecord": "1970-01-01T00:00:01.500Z",
            "batchSize": 2,
            "streamArn": "arn:stream",
        },
    }
