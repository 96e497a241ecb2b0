from dataclasses import replace

import pytest
from botocore.exceptions import ClientError

from forgeledger.cli import exit_codes
from forgeledger.cli.aws import client_of
from forgeledger.cli.deployment import Where, find_deployment
from forgeledger.cli.error_messages import CliError
from forgeledger.sdk.endpoints import Endpoints


class FakeCloudFormation:
    def __init__(self, code="ValidationError"):
        self.code = code

    def describe_stacks(self, StackName):  # noqa: N803 - AWS names it so.
        if StackName == "missing":
            error = {"Error": {"Code": self.code, "Message": "Stack missing does not exist"}}
            raise ClientError(error, "DescribeStacks")
        return {"Stacks": [{"Outputs": [{"OutputKey": "ApiUrl", "OutputValue": "http://stack"}]}]}

    def describe_stack_resources(self, StackName):  # noqa: N803 - Same.
        names = {"CommandQueue": "commands", "RejectQueue": "rejects", "RelayFunction": "relay"}
        return {
            "StackResources": [
                {"LogicalResourceId": name, "PhysicalResourceId": value}
                for name, value in names.items()
            ]
        }


def of_stack(service, endpoints):
    assert service == "cloudformation"
    return FakeCloudFormation()


def test_the_environment_says_where_all_is():
    environ = {
        "FORGELEDGER_API_URL": "http://api",
        "FORGELEDGER_API_KEY": "secret",
        "FORGELEDGER_COMMAND_QUEUE_URL": "commands",
    }

    deployment = find_deployment(Where(), environ, of_stack)

    endpoints = deployment.endpoints
    assert (endpoints.api_url, endpoints.api_key) == ("http://api", "secret")
    assert (endpoints.command_queue_url, deployment.reject_queue_url) == ("commands", None)


@pytest.mark.parametrize(
    ("variables", "url"),
    [
        ({"AWS_ENDPOINT_URL": "http://aws"}, "http://aws"),
        ({"AWS_ENDPOINT_URL": "http://aws", "AWS_ENDPOINT_URL_SQS": "http://sqs"}, "http://sqs"),
        ({"AWS_ENDPOINT_URL_SQS": "http://sqs"}, "http://sqs"),
        ({"LOCALSTACK_HOST": "box", "AWS_ENDPOINT_URL_SQS": "http://sqs"}, "http://box:4566"),
        ({"LOCALSTACK_HOST": "box", "AWS_ENDPOINT_URL": "http://aws"}, "http://aws"),
    ],
)
def test_a_client_speaks_to_where_boto3_would(monkeypatch, variables, url):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    endpoints = find_deployment(Where(), variables, of_stack).endpoints

    client = client_of("sqs", replace(endpoints, region="eu-west-1"))

    assert client.meta.endpoint_url == url


def test_the_variables_of_localstack_client_are_understood():
    variables = {"LOCALSTACK_HOST": "engine", "EDGE_PORT": "4567"}

    deployment = find_deployment(Where(), variables, of_stack)

    assert deployment.endpoints.aws_endpoint_url == "http://engine:4567"


def test_options_go_before_a_stack_and_a_stack_before_the_environment():
    environ = {"FORGELEDGER_API_URL": "http://env", "FORGELEDGER_COMMAND_QUEUE_URL": "env"}

    where = Where(stack="prod", command_queue_url="http://option")
    deployment = find_deployment(where, environ, of_stack)

    assert deployment.endpoints.api_url == "http://stack"
    assert deployment.endpoints.command_queue_url == "http://option"
    assert (deployment.reject_queue_url, deployment.relay_function) == ("rejects", "relay")
    assert deployment.resources["CommandQueue"] == "commands"


def test_local_and_a_stack_exclude_each_other(forgeledger):
    ended = forgeledger("job", "list", "--local", "--stack", "prod")

    assert ended.code == exit_codes.USAGE
    assert ended.err == (
        "forgeledger: --stack: cannot be given together with --local "
        "(FORGELEDGER_STACK and FORGELEDGER_LOCAL count as well)\n"
    )


def test_an_option_goes_before_the_variable_of_the_other_one(forgeledger, clients, monkeypatch):
    clients["cloudformation"] = FakeCloudFormation()
    monkeypatch.setenv("FORGELEDGER_LOCAL", "1")
    stack = forgeledger("job", "list", "--stack", "missing")
    monkeypatch.setenv("FORGELEDGER_STACK", "missing")
    both_variables = forgeledger("job", "list")
    monkeypatch.delenv("FORGELEDGER_LOCAL")
    local = forgeledger("job", "list", "--local", FORGELEDGER_STATE_DIR="/nowhere")

    assert stack.err == "forgeledger: --stack: Stack missing does not exist\n"
    assert both_variables.code == exit_codes.USAGE
    assert "FORGELEDGER_STACK and FORGELEDGER_LOCAL" in both_variables.err
    assert local.err.startswith("forgeledger: --local: the local cloud is down")


def test_a_variable_that_is_no_truth_value_is_named_in_plain_words(forgeledger, monkeypatch):
    monkeypatch.setenv("FORGELEDGER_LOCAL", "maybe")

    ended = forgeledger("job", "list")

    assert ended.code == exit_codes.USAGE
    assert ended.err.startswith("forgeledger: FORGELEDGER_LOCAL: must be true or false (see ")


def test_given_addresses_go_before_a_local_cloud_that_is_down(forgeledger, sqs, monkeypatch):
    monkeypatch.setenv("FORGELEDGER_LOCAL", "1")
    down = {"FORGELEDGER_STATE_DIR": "/nowhere"}
    rejects = ("--reject-queue-url", "rejects")

    api = forgeledger("job", "list", "--api-url", "http://api.test", **down)
    queues = forgeledger("rejects", "list", *rejects, **down)
    half = forgeledger("rejects", "redrive", *rejects, **down)

    assert (api.code, api.err) == (0, "no jobs\n")
    assert (queues.code, queues.err) == (0, "no rejected messages\n")
    assert half.code == exit_codes.UNREACHABLE
    assert half.err.startswith("forgeledger: FORGELEDGER_LOCAL: the local cloud is down")


def test_a_function_is_given_by_a_name_that_does_not_say_where_it_is(forgeledger, monkeypatch):
    monkeypatch.setenv("FORGELEDGER_LOCAL", "1")

    ended = forgeledger(
        "reconcile", "--running", "--relay-function", "R", FORGELEDGER_STATE_DIR="/nowhere"
    )

    assert ended.code == exit_codes.UNREACHABLE


def test_a_missing_stack_is_not_found():
    with pytest.raises(CliError, match="--stack: Stack missing does not exist") as caught:
        find_deployment(Where(stack="missing"), {}, of_stack)

    assert caught.value.exit_code == exit_codes.NOT_FOUND


def test_another_error_of_cloudformation_is_raised_unchanged():
    with pytest.raises(ClientError):
        find_deployment(Where(stack="missing"), {}, lambda *_: FakeCloudFormation("Throttling"))


def test_a_client_speaks_to_the_deployments_endpoint():
    local = Endpoints(aws_endpoint_url="http://127.0.0.1:1", region="eu-west-1", is_local=True)

    client = client_of("sqs", local)

    assert client.meta.endpoint_url == "http://127.0.0.1:1"
    assert client.meta.region_name == "eu-west-1"


def test_an_address_without_a_scheme_is_a_mistake_of_the_one_who_says_it(forgeledger):
    by_option = forgeledger("job", "list", "--api-url", "foo")
    by_variable = forgeledger("job", "list", FORGELEDGER_API_URL="api.test")

    assert (by_option.code, by_variable.code) == (2, 2)
    rule = "needs http:// or https:// in front, a host, and no space or backslash"
    assert by_option.err == f"forgeledger: --api-url: {rule}, not 'foo'\n"
    assert by_variable.err == f"forgeledger: FORGELEDGER_API_URL: {rule}, not 'api.test'\n"


@pytest.mark.parametrize("wrong", ["http://", "http://[::1", "http://led ger", "http://x:70000"])
def test_an_invalid_address_is_reported_by_the_option_that_gave_it(forgeledger, wrong):
    reading = forgeledger("job", "list", "--api-url", wrong)
    job_id = "01KAJXPF80000APN59HKNHY2PJ-8"
    sending = forgeledger("send", "complete", job_id, "a", "--command-queue-url", wrong)

    assert (reading.code, sending.code) == (exit_codes.USAGE, exit_codes.USAGE)
    assert reading.err.startswith("forgeledger: --api-url: needs http")
    assert sending.err.startswith("forgeledger: --command-queue-url: needs http")
