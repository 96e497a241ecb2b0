import json
import os
import re

import pytest

from forgeledger.aws.loopback import ACCESS_KEY
from forgeledger.sdk.api.ledger import Ledger
from forgeledger.sdk.api.transport import HttpRequest
from forgeledger.sdk.endpoints import Endpoints
from forgeledger.sdk.errors import ConfigurationError, WrongAddressError
from forgeledger.sdk.report.reporter import Reporter

LOCAL = {
    "endpointUrl": "http://127.0.0.1:4566",
    "region": "eu-west-1",
    "apiUrl": "http://127.0.0.1:8080",
    "commandQueueUrl": "http://127.0.0.1:4566/000000000000/commands.fifo",
    "rejectQueueUrl": "http://127.0.0.1:4566/000000000000/rejects.fifo",
    "workQueueUrl": "http://127.0.0.1:4566/000000000000/work",
    "tableName": "ledger",
    "eventBusName": "events",
    "streamArn": "arn",
}

WRONG_ADDRESSES = [
    "foo",
    "ledger.example.org/prod",
    "ftp://ledger",
    "http://",
    "https:///prod",
    "https://ledger/prod\n",
    "https://led ger",
    "http://[::1",
    "http://ledger:70000",
    "http://ledger.example\\@127.0.0.1/",
    5,
    b"http://x",
]


@pytest.fixture(autouse=True)
def _nothing_here(tmp_path_factory, monkeypatch):
    """No local cloud, neither in the environment nor in this project."""
    for name in ("FORGELEDGER_STATE_DIR", "FORGELEDGER_LOCAL", "FORGELEDGER_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    nowhere = tmp_path_factory.mktemp("nowhere")
    monkeypatch.setattr("forgeledger.sdk.endpoints.PACKAGE_PROJECT", nowhere)
    monkeypatch.setenv("XDG_STATE_HOME", str(nowhere))


@pytest.fixture
def project(tmp_path):
    folder = tmp_path / ".forgeledger"
    folder.mkdir()
    (folder / "local.json").write_text(json.dumps(LOCAL))
    return tmp_path


def test_addresses_come_from_the_environment():
    endpoints = Endpoints.from_environment(
        {
            "FORGELEDGER_API_URL": "https://api",
            "FORGELEDGER_API_KEY": "k",
            "FORGELEDGER_COMMAND_QUEUE_URL": "https://q",
            "AWS_REGION": "eu-west-1",
            "AWS_DEFAULT_REGION": "us-east-1",
        }
    )

    assert endpoints == Endpoints(
        api_url="https://api",
        api_key="k",
        command_queue_url="https://q",
        region="eu-west-1",
    )


@pytest.mark.parametrize(
    ("variables", "url"),
    [
        ({}, None),
        ({"LOCALSTACK_HOST": "box"}, "http://box:4566"),
        ({"LOCALSTACK_HOST": "box:1"}, "http://box:1"),
        ({"LOCALSTACK_HOSTNAME": "box", "EDGE_PORT": "2", "USE_SSL": "true"}, "https://box:2"),
        ({"LOCALSTACK_HOST": "box", "AWS_ENDPOINT_URL": "http://aws"}, None),
    ],
)
def test_the_variables_of_localstack_client_count_where_aws_has_none(variables, url):
    assert Endpoints.from_environment(variables).aws_endpoint_url == url


def test_what_is_missing_is_named_when_it_is_needed():
    endpoints = Endpoints.from_environment({"FORGELEDGER_API_URL": ""})

    with pytest.raises(ConfigurationError, match="FORGELEDGER_API_URL"):
        endpoints.needed_api_url()
    with pytest.raises(ConfigurationError, match="FORGELEDGER_COMMAND_QUEUE_URL") as caught:
        endpoints.needed_command_queue_url()
    assert caught.value.missing == ("FORGELEDGER_COMMAND_QUEUE_URL",)
    assert "or pass command_queue_url or local=True" in str(caught.value)


def test_the_command_lines_variable_is_refused_with_what_to_write_instead(monkeypatch):
    for name in ("FORGELEDGER_API_URL", "FORGELEDGER_COMMAND_QUEUE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("FORGELEDGER_LOCAL", "1")

    for make in (Ledger, Reporter):
        with pytest.raises(ConfigurationError) as caught:
            make()
        assert str(caught.value).endswith(
            "; FORGELEDGER_LOCAL is for the command line alone: "
            "here pass local=True for the local cloud"
        )


@pytest.mark.parametrize("wrong", WRONG_ADDRESSES)
def test_an_address_that_is_none_is_refused_by_the_name_of_who_said_it(wrong):
    shown = re.escape(repr(wrong))
    endpoints = Endpoints(api_url=wrong, command_queue_url="https://sqs/q.fifo")

    with pytest.raises(WrongAddressError, match=f"^FORGELEDGER_API_URL: .*{shown}"):
        endpoints.needed_api_url()
    with pytest.raises(WrongAddressError, match=f"^api_url: needs http.*{shown}"):
        Ledger(api_url=wrong, endpoints=Endpoints())
    with pytest.raises(WrongAddressError, match=f"^command_queue_url: needs http.*{shown}"):
        Reporter(command_queue_url=wrong, endpoints=endpoints)
    assert endpoints.needed_api_url("HTTPS://ledger/") == "HTTPS://ledger"


def test_the_local_cloud_is_found_from_any_folder_below(project):
    below = project / "a" / "b"
    below.mkdir(parents=True)

    endpoints = Endpoints.local(below)

    assert endpoints.is_local
    assert endpoints.needed_api_url() == LOCAL["apiUrl"]
    assert endpoints.needed_command_queue_url() == LOCAL["commandQueueUrl"]


def test_a_local_cloud_with_a_key_is_given_that_of_the_environment(project, monkeypatch):
    without = Endpoints.local(project)
    monkeypatch.setenv("FORGELEDGER_API_KEY", "sekret")

    assert without.api_key is None
    assert Endpoints.local(project).api_key == "sekret"


@pytest.mark.parametrize(
    "foreign", ["https://ledger.example", "http://127.0.0.1.example:80", *WRONG_ADDRESSES[:-1]]
)
def test_no_file_takes_the_key_of_the_environment_elsewhere(project, monkeypatch, foreign):
    monkeypatch.setenv("FORGELEDGER_API_KEY", "sekret")
    file = project / ".forgeledger" / "local.json"
    file.write_text(json.dumps(LOCAL | {"apiUrl": foreign}))

    endpoints = Endpoints.local(project)

    assert (endpoints.api_url, endpoints.api_key) == (foreign, None)


def test_a_local_cloud_may_keep_its_state_elsewhere(project, tmp_path_factory, monkeypatch):
    monkeypatch.setenv("FORGELEDGER_STATE_DIR", str(project / ".forgeledger"))

    assert Endpoints.local(tmp_path_factory.mktemp("elsewhere")).api_url == LOCAL["apiUrl"]


def test_a_local_cloud_is_found_where_an_editable_install_points(project, tmp_path, monkeypatch):
    monkeypatch.setattr("forgeledger.sdk.endpoints.PACKAGE_PROJECT", project)
    elsewhere = tmp_path.parent / f"{tmp_path.name}-elsewhere"
    elsewhere.mkdir()

    assert Endpoints.local(elsewhere).api_url == LOCAL["apiUrl"]


def test_a_local_cloud_of_the_wheel_is_found_in_the_users_state_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tmp_path / "state" / "forgeledger").mkdir(parents=True)
    (tmp_path / "state" / "forgeledger" / "local.json").write_text(json.dumps(LOCAL))

    assert Endpoints.local(tmp_path).api_url == LOCAL["apiUrl"]


def test_a_local_cloud_that_is_not_up_is_reported_with_where_it_was_looked_for(
    tmp_path, monkeypatch
):
    with pytest.raises(ConfigurationError, match="forgeledger local up") as here:
        Endpoints.local(tmp_path)
    monkeypatch.setenv("FORGELEDGER_STATE_DIR", "/no/such/folder")
    with pytest.raises(ConfigurationError, match="FORGELEDGER_STATE_DIR=/no/such/folder"):
        Endpoints.local(tmp_path)

    assert f"looked in {tmp_path} or above; FORGELEDGER_STATE_DIR" in str(here.value)


def test_the_local_cloud_needs_no_credentials_and_no_region(project, monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    endpoints = Endpoints.local(project)

    client = endpoints.sqs_client(LOCAL["commandQueueUrl"], read_seconds=10)

    assert client.meta.endpoint_url == LOCAL["endpointUrl"]
    assert client.meta.region_name == "eu-west-1"
    assert client._request_signer._credentials.access_key == ACCESS_KEY


@pytest.mark.parametrize(
    ("variables", "url"),
    [
        ({"AWS_ENDPOINT_URL": "http://aws"}, "http://aws"),
        ({"AWS_ENDPOINT_URL": "http://aws", "AWS_ENDPOINT_URL_SQS": "http://sqs"}, "http://sqs"),
        (
            {"AWS_ENDPOINT_URL": "http://aws", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"},
            "https://sqs.eu-west-1.amazonaws.com",
        ),
        ({"LOCALSTACK_HOST": "box", "AWS_ENDPOINT_URL_SQS": "http://sqs"}, "http://box:4566"),
        ({"LOCALSTACK_HOST": "box", "AWS_ENDPOINT_URL": "http://aws"}, "http://aws"),
    ],
)
def test_settings_of_boto3_count_as_boto3_reads_them(monkeypatch, variables, url):
    for name in list(os.environ):
        if name.startswith(("AWS_", "LOCALSTACK_")):
            monkeypatch.delenv(name)
    for name, value in {"AWS_REGION": "eu-west-1", **variables}.items():
        monkeypatch.setenv(name, value)

    client = Endpoints.from_environment().sqs_client("https://queue/q.fifo", read_seconds=10)

    assert client.meta.endpoint_url == url


def test_the_local_cloud_is_spoken_to_whatever_boto3_is_set_to(project, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", "http://sqs")

    client = Endpoints.local(project).sqs_client(LOCAL["commandQueueUrl"], read_seconds=10)

    assert client.meta.endpoint_url == LOCAL["endpointUrl"]


def test_the_region_stands_in_the_queues_address():
    endpoints = Endpoints(region="eu-west-1")

    client = endpoints.sqs_client("https://sqs.us-west-2.amazonaws.com/1/q", read_seconds=10)

    assert client.meta.region_name == "us-west-2"
    assert client.meta.config.retries["total_max_attempts"] == 1


def test_the_key_is_in_no_text_of_the_addresses_or_of_a_request():
    key = "a-key-that-nobody-guesses"

    endpoints = Endpoints(api_url="https://api.test", api_key=key)
    request = HttpRequest(method="GET", url="https://api.test", headers={"x-api-key": key})

    assert endpoints.api_key == key
    assert key not in f"{endpoints!r} {request!r}"
