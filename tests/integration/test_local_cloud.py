"""The local cloud with a small stack: every event source, and every kind of failure."""

import http.client
import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from boto3.dynamodb.types import TypeDeserializer

from forgeledger.local.local_cloud import LocalCloud
from tests.support.probes import eventually

pytestmark = pytest.mark.integration
PROJECT = Path(__file__).parents[1] / "fixtures" / "local"


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    with LocalCloud(project_dir=PROJECT, state_dir=tmp_path_factory.mktemp("state")) as running:
        yield running


def send(cloud: LocalCloud, group: str, *commands: dict[str, Any]) -> None:
    cloud.client("sqs").send_message_batch(
        QueueUrl=cloud.description.command_queue_url,
        Entries=[
            {
                "Id": str(index),
                "MessageBody": json.dumps(command),
                "MessageGroupId": group,
                "MessageDeduplicationId": f"{group}-{command['name']}",
                "MessageAttributes": {"color": {"DataType": "String", "StringValue": "red"}},
            }
            for index, command in enumerate(commands)
        ],
    )


def rows(cloud: LocalCloud, partition: str, prefix: str = "") -> list[dict[str, Any]]:
    answer = cloud.client("dynamodb").query(
        TableName=cloud.description.table_name,
        KeyConditionExpression="PK = :pk AND begins_with(SK, :prefix)",
        ExpressionAttributeValues={":pk": {"S": partition}, ":prefix": {"S": prefix or "FACT#"}},
        ConsistentRead=True,
    )
    read = TypeDeserializer().deserialize
    return [{name: read(value) for name, value in item.items()} for item in answer["Items"]]


def names(cloud: LocalCloud, group: str) -> list[str]:
    return [row["SK"].removeprefix("FACT#") for row in rows(cloud, group)]


def relayed(cloud: LocalCloud, group: str) -> list[dict[str, Any]]:
    notes = [json.loads(row["content"]) for row in rows(cloud, "NOTES", "relayed#")]
    return [note for note in notes if note["dynamodb"]["Keys"]["PK"]["S"] == group]


def bodies(cloud: LocalCloud, logical_id: str) -> list[str]:
    answer = cloud.client("sqs").receive_message(
        QueueUrl=cloud.physical_id(logical_id), MaxNumberOfMessages=10, VisibilityTimeout=0
    )
    return [message["Body"] for message in answer.get("Messages", [])]


def test_a_message_passes_the_queue_the_function_the_table_and_the_stream(cloud):
    send(cloud, "whole", {"name": "one"}, {"name": "two"})

    eventually(lambda: len(relayed(cloud, "whole")) == 2)

    record = json.loads(rows(cloud, "whole")[0]["record"])
    assert record["eventSource"] == "aws:sqs"
    assert record["messageAttributes"]["color"]["stringValue"] == "red"
    assert {"SequenceNumber", "SentTimestamp", "MessageGroupId"} <= record["attributes"].keys()
    assert eventually(lambda: not bodies(cloud, "CommandQueue"))


def test_only_what_the_filters_let_through_wakes_the_stream_function(cloud):
    cloud.client("dynamodb").put_item(
        TableName=cloud.description.table_name,
        Item={"PK": {"S": "filtered"}, "SK": {"S": "ITEM#1"}},
    )
    send(cloud, "filtered", {"name": "one"})

    notes = eventually(lambda: relayed(cloud, "filtered"))

    assert [note["dynamodb"]["Keys"]["SK"]["S"] for note in notes] == ["FACT#one"]


def test_a_message_that_always_fails_ends_in_the_dead_letter_queue_and_the_rest_does_not(cloud):
    send(cloud, "partial", {"name": "good"}, {"name": "bad", "do": "fail"})

    dead = eventually(lambda: bodies(cloud, "CommandDeadLetterQueue"))

    assert json.loads(dead[0])["name"] == "bad"
    assert names(cloud, "partial") == ["good"]


@pytest.mark.parametrize("way", ["crash", "raise", "hang"])
def test_a_function_that_breaks_deletes_nothing_and_is_tried_again(cloud, way):
    send(cloud, way, {"name": "first"}, {"name": "breaks", "do": way})

    eventually(lambda: any(way in body for body in bodies(cloud, "CommandDeadLetterQueue")))

    send(cloud, way, {"name": "after"})
    assert eventually(lambda: "after" in names(cloud, way))


def test_a_killed_worker_is_replaced(cloud):
    send(cloud, "killed", {"name": "before"})
    eventually(lambda: names(cloud, "killed"))

    for pid in cloud.function_pids("IntakeFunction"):
        os.kill(pid, signal.SIGKILL)
    send(cloud, "killed", {"name": "after"})

    assert eventually(lambda: "after" in names(cloud, "killed"))


def test_a_poison_record_goes_to_the_failure_queue_and_its_neighbours_pass(cloud):
    send(cloud, "poison", {"name": "a"}, {"name": "poison"}, {"name": "z"})

    failure = json.loads(eventually(lambda: bodies(cloud, "RelayFailureQueue"))[0])

    assert failure["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert failure["DDBStreamBatchInfo"]["batchSize"] == 1
    eventually(
        lambda: (
            {note["dynamodb"]["Keys"]["SK"]["S"] for note in relayed(cloud, "poison")}
            == {"FACT#a", "FACT#z"}
        )
    )


def ask(cloud: LocalCloud, method: str, target: str, **options) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection(urlsplit(cloud.description.api_url).netloc, timeout=60)
    connection.request(method, target, **options)
    return connection.getresponse()


def test_the_api_hands_the_function_the_payload_of_version_2(cloud):
    response = ask(
        cloud,
        "GET",
        "/jobs/a%20b?tag=x&tag=y&empty=",
        headers={"Cookie": "one=1; two=2", "X-Thing": "T"},
    )

    event = json.loads(response.read())["event"]
    assert event["routeKey"] == "GET /jobs/{jobId}"
    assert event["pathParameters"] == {"jobId": "a b"}
    assert event["queryStringParameters"] == {"tag": "x,y", "empty": ""}
    assert event["cookies"] == ["one=1", "two=2"]
    assert event["headers"]["x-thing"] == "T"


def test_the_api_turns_responses_back_into_http(cloud):
    plain = ask(cloud, "GET", "/plain")
    cookies = ask(cloud, "POST", "/cookies", body=b"{}")
    binary = ask(cloud, "GET", "/binary")

    assert (plain.status, plain.read()) == (200, b"plain text")
    assert (cookies.status, cookies.headers.get_all("set-cookie")) == (201, ["a=1", "b=2"])
    assert binary.read() == bytes(range(256))


def test_the_api_answers_for_a_function_that_fails_and_for_no_route(cloud):
    assert ask(cloud, "GET", "/raise").status == 500
    assert ask(cloud, "GET", "/hang").status == 500
    assert ask(cloud, "GET", "/").status == 404


def test_the_engine_keeps_its_own_hands_off(cloud):
    mappings = cloud.client("lambda").list_event_source_mappings()["EventSourceMappings"]
    rules = cloud.client("events").list_rules()["Rules"]

    assert {mapping["State"] for mapping in mappings} == {"Disabled"}
    assert {rule["State"] for rule in rules} == {"DISABLED"}


def test_data_survives_a_restart_and_the_table_is_asked_what_the_stream_lost(tmp_path):
    with LocalCloud(project_dir=PROJECT, state_dir=tmp_path) as first:
        send(first, "durable", {"name": "one"})
        eventually(lambda: relayed(first, "durable"))
        assert not rows(first, "NOTES", "reconcile#")
        before = first.description

    with LocalCloud(project_dir=PROJECT, state_dir=tmp_path) as second:
        caught_up = eventually(lambda: rows(second, "NOTES", "reconcile#"))
        send(second, "durable", {"name": "two"})
        eventually(lambda: len(relayed(second, "durable")) == 2)

        assert json.loads(caught_up[0]["content"]) == {"running": True}
        assert second.description == before
        assert names(second, "durable") == ["one", "two"]
