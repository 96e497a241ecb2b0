"""A client without conversion sends and reads the same as botocore's own."""

import json
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError
from botocore.session import Session

from forgeledger.aws.dynamodb.raw_json import without_conversion

ROW = {"PK": {"S": "JOB#a#0"}, "SK": {"S": "ITEM#Grüße \U0001f600"}, "event": {"N": "12"}}
PACKED = {**ROW, "packed": {"B": b"\x00\xff"}}
ACTIONS = [
    {"Put": {"TableName": "ledger", "Item": PACKED, "ConditionExpression": "event = :event"}},
    {"ConditionCheck": {"TableName": "ledger", "Key": {"PK": {"S": "x"}}}},
]
READ = {"ledger": {"Keys": [{"PK": {"S": "x"}}], "ConsistentRead": True}}


class RawBody:
    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self, **_: Any) -> list[bytes]:
        return [self._content]


class Service:
    """Answers each request with the same bytes, and records the requests."""

    def __init__(self, body: bytes, status: int = 200) -> None:
        self.requests: list[Any] = []
        self._body, self._status = body, status

    def __call__(self, request: Any, **_: Any) -> AWSResponse:
        self.requests.append(request)
        headers = {"Content-Type": "application/x-amz-json-1.0", "x-amzn-RequestId": "r"}
        return AWSResponse(request.url, self._status, headers, RawBody(self._body))


def make_client(service: Service) -> Any:
    session = Session()
    session.set_credentials("key", "secret")
    client = session.create_client(
        "dynamodb",
        region_name="eu-central-1",
        config=Config(retries={"total_max_attempts": 1}, parameter_validation=False),
    )
    client.meta.events.register("before-send.dynamodb", service)
    return client


def test_a_transaction_is_sent_as_botocore_would_send_it():
    plain, ours = Service(b"{}"), Service(b"{}")

    make_client(plain).transact_write_items(TransactItems=ACTIONS, ClientRequestToken="t")
    without_conversion(make_client(ours)).transact_write_items(
        TransactItems=ACTIONS, ClientRequestToken="t"
    )

    (expected,), (sent,) = plain.requests, ours.requests
    assert json.loads(sent.body) == json.loads(expected.body)
    assert sent.headers["Content-Length"] == str(len(sent.body))
    assert sent.headers["X-Amz-Target"] == expected.headers["X-Amz-Target"]


def test_the_callers_arguments_stay_whole_for_the_next_try():
    request = {"TransactItems": list(ACTIONS), "ClientRequestToken": "t"}
    client = without_conversion(make_client(Service(b"{}")))

    client.transact_write_items(**request)

    assert request == {"TransactItems": ACTIONS, "ClientRequestToken": "t"}


def test_rows_are_read_as_botocore_would_read_them():
    answer = {"Responses": {"ledger": [ROW]}, "UnprocessedKeys": READ}
    body = json.dumps(answer).encode()

    expected = make_client(Service(body)).batch_get_item(RequestItems=READ)
    read = without_conversion(make_client(Service(body))).batch_get_item(RequestItems=READ)

    assert read == expected


def test_binary_in_a_journal_row_that_is_queried_is_still_decoded():
    body = json.dumps({"Items": [{"packed": {"B": "AP8="}}]}).encode()
    client = without_conversion(make_client(Service(body)))

    read = client.query(TableName="ledger")

    assert read["Items"] == [{"packed": {"B": b"\x00\xff"}}]


@pytest.mark.parametrize("body", [b'{"Responses": {"led', b"", b"\xff", b"[]"])
def test_half_an_answer_is_the_same_error_as_without_us(body):
    plain, ours = make_client(Service(body)), without_conversion(make_client(Service(body)))

    expected = outcome(plain)

    assert outcome(ours) == expected


def outcome(client: Any) -> Any:
    try:
        return client.batch_get_item(RequestItems=READ)["ResponseMetadata"]
    except (ResponseParserError, ValueError, AttributeError) as error:
        return type(error)


def test_a_canceled_transaction_still_says_what_it_met():
    body = {
        "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
        "CancellationReasons": [{"Code": "ConditionalCheckFailed", "Item": ROW}, {"Code": "None"}],
    }
    client = without_conversion(make_client(Service(json.dumps(body).encode(), 400)))

    with pytest.raises(ClientError) as raised:
        client.transact_write_items(TransactItems=ACTIONS, ClientRequestToken="t")

    assert raised.value.response["CancellationReasons"][0]["Item"] == ROW


def test_a_refused_read_is_a_client_error():
    body = b'{"__type": "com.amazonaws.dynamodb.v20120810#ThrottlingException"}'
    client = without_conversion(make_client(Service(body, 400)))

    with pytest.raises(ClientError, match="ThrottlingException"):
        client.batch_get_item(RequestItems=READ)
