"""The engine's state survives a clean stop; the engine does not outlive its owner."""

import http.client
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import boto3
import pytest

from forgeledger.aws.loopback import ACCESS_KEY
from forgeledger.local.engine import REGION, Engine, EngineError

pytestmark = pytest.mark.integration

OWNER = """
import time
from forgeledger.local.engine import Engine
print(Engine().start().url, flush=True)
time.sleep(600)
"""


def sqs_of(engine: Engine):
    return boto3.client(
        "sqs",
        endpoint_url=engine.url,
        region_name=REGION,
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=ACCESS_KEY,
    )


def answers_within(engine_url: str, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        connection = http.client.HTTPConnection(urlsplit(engine_url).netloc, timeout=2)
        try:
            connection.request("GET", "/_ministack/health")
            connection.getresponse()
        except OSError:
            return False
        finally:
            connection.close()
        time.sleep(0.05)
    return True


def test_the_session_engine_answers_through_the_aws_fixture(aws):
    queue_url = aws.client("sqs").create_queue(QueueName="hello")["QueueUrl"]

    aws.client("sqs").send_message(QueueUrl=queue_url, MessageBody="hi")

    received = aws.client("sqs").receive_message(QueueUrl=queue_url)["Messages"]
    assert [message["Body"] for message in received] == ["hi"]


def test_state_survives_a_clean_stop_on_a_given_port(tmp_path: Path):
    engine = Engine(data_dir=tmp_path)
    with engine:
        sqs_of(engine).create_queue(QueueName="saved")
    port = engine.port

    with Engine(port=port, data_dir=tmp_path) as again:
        urls = sqs_of(again).list_queues()["QueueUrls"]

    assert [url.rsplit("/", 1)[1] for url in urls] == ["saved"]


def test_a_taken_port_is_reported_with_the_engines_own_words(tmp_path: Path, engine_url: str):
    port = int(engine_url.rsplit(":", 1)[1])

    with pytest.raises(EngineError, match="already in use"):
        Engine(port=port, log_file=tmp_path / "logs" / "engine.log").start()


def test_a_killed_engine_is_no_longer_running():
    engine = Engine().start()

    engine.kill()

    assert not engine.running


def test_the_engine_ends_when_its_owner_is_killed():
    owner = subprocess.Popen(
        [
            sys.executable,
            "-c",
            OWNER,
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    url = owner.stdout.readline().strip()

    owner.kill()
    owner.wait()

    assert not answers_within(url, 30)
