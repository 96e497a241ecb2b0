"""The shape of an SQS event and the meaning of a batch response."""

import json

import pytest

from forgeledger.local.sqs_events import BadBatchResponse, failed_identifiers, passes, sqs_record

MESSAGE = {
    "MessageId": "m-1",
    "ReceiptHandle": "h-1",
    "Body": '{"type": "claim"}',
    "MD5OfBody": "abc",
    "MD5OfMessageAttributes": "def",
    "Attributes": {
        "ApproximateReceiveCount": "1",
        "SentTimestamp": "1795234500651",
        "SenderId": "000000000000",
        "ApproximateFirstReceiveTimestamp": "1795234500652",
        "SequenceNumber": "18",
        "MessageGroupId": "job#0",
        "MessageDeduplicationId": "d-1",
    },
    "MessageAttributes": {
        "reason": {"DataType": "String", "StringValue": "x"},
        "raw": {"DataType": "Binary", "BinaryValue": "AAE="},
    },
}


def record_of(**changes):
    return sqs_record({**MESSAGE, **changes}, queue_arn="arn:q", region="us-east-1")


def test_a_record_has_exactly_the_documented_fields():
    assert record_of() == {
        "messageId": "m-1",
        "receiptHandle": "h-1",
        "body": '{"type": "claim"}',
        "attributes": MESSAGE["Attributes"],
        "messageAttributes": {
            "reason": {
                "stringValue": "x",
                "stringListValues": [],
                "binaryListValues": [],
                "dataType": "String",
            },
            "raw": {
                "binaryValue": "AAE=",
                "stringListValues": [],
                "binaryListValues": [],
                "dataType": "Binary",
            },
        },
        "md5OfBody": "abc",
        "md5OfMessageAttributes": "def",
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:q",
        "awsRegion": "us-east-1",
    }


def test_a_message_without_attributes_has_an_empty_object_for_them():
    plain = {
        name: value
        for name, value in MESSAGE.items()
        if name not in {"MessageAttributes", "MD5OfMessageAttributes"}
    }

    record = sqs_record(plain, queue_arn="arn:q", region="us-east-1")

    assert record["messageAttributes"] == {}
    assert "md5OfMessageAttributes" not in record


@pytest.mark.parametrize(
    ("body", "pattern", "expected"),
    [
        ('{"type": "claim"}', {"body": {"type": ["claim"]}}, True),
        ('{"type": "fail"}', {"body": {"type": ["claim"]}}, False),
        ("plain words", {"body": ["plain words"]}, True),
        ("plain words", {"body": {"type": ["claim"]}}, False),
        ("[1]", {"body": {"type": ["claim"]}}, False),
    ],
)
def test_a_filter_reads_a_body_as_json_where_it_is_an_object(body, pattern, expected):
    assert passes(record_of(Body=body), (pattern,)) is expected


def test_without_filters_every_message_passes():
    assert passes(record_of(Body="{"), ())


@pytest.mark.parametrize(
    "response", [None, {}, {"batchItemFailures": None}, {"batchItemFailures": []}]
)
def test_an_empty_response_is_a_full_success(response):
    assert failed_identifiers(response, ["a", "b"]) == []


def test_the_failed_messages_are_those_that_the_response_names():
    response = {"batchItemFailures": [{"itemIdentifier": "b"}]}

    assert failed_identifiers(response, ["a", "b"]) == ["b"]


@pytest.mark.parametrize(
    "response",
    [
        "text",
        {"batchItemFailures": "b"},
        {"batchItemFailures": ["b"]},
        {"batchItemFailures": [{"itemIdentifier": ""}]},
        {"batchItemFailures": [{"itemIdentifier": None}]},
        {"batchItemFailures": [{"itemId": "b"}]},
        {"batchItemFailures": [{"itemIdentifier": "other"}]},
    ],
)
def test_a_response_that_makes_no_sense_fails_the_whole_batch(response):
    with pytest.raises(BadBatchResponse):
        failed_identifiers(json.loads(json.dumps(response)), ["a", "b"])
