from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from urllib3 import HTTPResponse

from benchmarks.call_log import CallLog, InjectedCrash, _CallRecorder, next_number


@pytest.fixture
def log(tmp_path):
    return CallLog(tmp_path)


@pytest.fixture
def call(tmp_path):
    """A worker's call; False where a crash was injected."""
    session = boto3.session.Session(
        aws_access_key_id="test", aws_secret_access_key="test", region_name="us-east-1"
    )
    _CallRecorder(tmp_path, "worker").attach(session._session)
    queue = session.client("sqs")
    queue.meta.events.register("before-send.sqs.DeleteQueue", answering(b"{}"))

    def make() -> bool:
        try:
            queue.delete_queue(QueueUrl="http://queue")
        except InjectedCrash:
            return False
        return True

    return make


def test_each_number_is_given_once_to_whichever_thread_asks(tmp_path):
    with ThreadPoolExecutor(8) as threads:
        numbers = list(threads.map(lambda _: next_number(tmp_path / "numbers"), range(500)))

    assert sorted(numbers) == list(range(1, 501))


def test_every_so_manieth_call_crashes_and_is_counted(log, call):
    moment = log.now()

    with log.crashes(3):
        answered = [call() for _ in range(7)]

    assert answered == [True, True, False, True, True, False, True]
    assert log.since(moment).crashes == 2


def test_the_count_goes_on_in_the_next_block(log, call):
    with log.crashes(3):
        first = [call(), call()]
    between = [call() for _ in range(5)]
    with log.crashes(3):
        then = [call(), call()]

    assert (first, between, then) == ([True, True], [True] * 5, [False, True])


def test_without_a_rate_nothing_crashes(log, call):
    with log.crashes(0):
        assert all(call() for _ in range(5))


def test_units_are_added_up_by_writes_and_reads(tmp_path, log):
    session = boto3.session.Session(
        aws_access_key_id="test", aws_secret_access_key="test", region_name="us-east-1"
    )
    _CallRecorder(tmp_path, "function").attach(session._session)
    dynamodb = session.client("dynamodb")
    consumed = b'{"ConsumedCapacity": {"CapacityUnits": 3.0}}'
    dynamodb.meta.events.register("before-send.dynamodb.PutItem", answering(consumed))
    dynamodb.meta.events.register("before-send.dynamodb.Query", answering(consumed))
    dynamodb.meta.events.register("before-send.dynamodb.BatchGetItem", answering(b"{}"))
    key = {"PK": {"S": "a"}}
    moment = log.now()

    dynamodb.put_item(TableName="t", Item=key)
    dynamodb.query(TableName="t")
    dynamodb.batch_get_item(RequestItems={"t": {"Keys": [key, {"PK": {"S": "b"}}]}})

    tally = log.since(moment)
    assert (tally.write_units, tally.read_units) == (3.0, 3.0 + 2)
    assert tally.total("function") == 3


def answering(body: bytes) -> Callable[..., AWSResponse]:
    def answer(request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        response = HTTPResponse(BytesIO(body), preload_content=False)
        return AWSResponse(request.url, 200, {}, response)

    return answer
