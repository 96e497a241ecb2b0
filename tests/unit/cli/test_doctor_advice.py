"""The commands that `doctor` advises run as printed, against the deployment that it checked."""

import pytest

from forgeledger.cli import exit_codes
from forgeledger.errors import ApiKeysUnreadable
from forgeledger.local.state_dir import StateDir
from forgeledger.local_description import Description
from tests.support.fake_deployment import LETTERS, NAMES

RECONCILE = "reconcile --running {}"


def waiting(url):
    return lambda aws: aws["queues"][url].update(ApproximateNumberOfMessages="3")


@pytest.mark.parametrize(
    ("spoil", "advised"),
    [
        (waiting(LETTERS), "deadletters list {}"),
        (waiting(NAMES["RejectQueue"]), "rejects list {}"),
        (waiting(NAMES["RelayFailureQueue"]), RECONCILE),
        (lambda aws: aws["mappings"].update(relay=[]), RECONCILE),
        (lambda aws: aws["table"].update(StreamSpecification={}), RECONCILE),
    ],
)
def test_a_command_that_is_advised_speaks_to_the_same_deployment(
    forgeledger, deployment, spoil, advised
):
    spoil(deployment.answers)

    ended = forgeledger("doctor", "--stack", "prod")

    assert f"forgeledger {advised.format('--stack prod')}" in ended.out


@pytest.fixture
def why():
    return "ParameterNotFound"


@pytest.fixture
def keyless(api, world, deployment, why):
    def without_keys():
        raise ApiKeysUnreadable("/secret/name", why)

    api._caller = world.caller(without_keys)
    variables = deployment.answers["functions"]["api"]["Environment"]["Variables"]
    variables["FORGELEDGER_API_KEY_PARAMETER"] = "/forgeledger/api-key"
    return deployment


def test_an_api_that_has_no_keys_yet_is_reported_with_the_command_that_puts_them(
    forgeledger, keyless
):
    ended = forgeledger("doctor", "--stack", "prod")

    findings = [line for line in ended.lines if "api_keys_unreadable" in line]
    assert (ended.code, len(findings)) == (exit_codes.NOT_AS_HOPED, 1)
    assert "(ParameterNotFound)" in findings[0]
    assert (
        "aws ssm put-parameter --name /forgeledger/api-key --type SecureString --value KEY"
        in ended.out
    )


def test_without_a_look_at_the_function_the_parameter_is_named_by_the_template(
    forgeledger, keyless
):
    keyless.denied.add("get_function_configuration")

    advice = "(API_KEY_PARAMETER is the stack's parameter ApiKeyParameter): aws ssm put-parameter"

    assert advice in forgeledger("doctor", "--stack", "prod").out
    assert advice in forgeledger("doctor").out


@pytest.mark.parametrize("why", ["AccessDeniedException"])
def test_keys_that_are_there_are_not_to_be_put_there_again(forgeledger, keyless):
    ended = forgeledger("doctor", "--stack", "prod")

    assert "put-parameter" not in ended.out
    assert "let the API's role read the parameter /forgeledger/api-key: ssm:Get" in ended.out


@pytest.mark.parametrize("why", ["InvalidKeyId", "ParameterVersionNotFound"])
def test_where_neither_key_nor_role_is_missing_the_parameter_is_to_be_looked_at(
    forgeledger, keyless
):
    ended = forgeledger("doctor", "--stack", "prod")

    assert "put-parameter" not in ended.out
    assert "look at the parameter /forgeledger/api-key: its name, version and key" in ended.out


def test_of_the_local_cloud_too_the_parameter_is_named(forgeledger, keyless, tmp_path):
    state = StateDir(tmp_path / "state")
    state.acquire()
    addresses = dict.fromkeys(Description.__dataclass_fields__, "http://127.0.0.1:1")
    state.describe(Description(**{**addresses, "command_queue_url": NAMES["CommandQueue"]}))

    ended = forgeledger("doctor", "--local", FORGELEDGER_STATE_DIR=str(state.root))
    state.release()

    assert "put-parameter --name /forgeledger/api-key --type" in ended.out
    assert ended.out.count("--value KEY --endpoint-url http://127.0.0.1:1\n") == 1


def test_with_a_wrong_key_the_variable_is_named(forgeledger, api, world, deployment):
    api._caller = world.caller(lambda: "right")

    ended = forgeledger("doctor", "--stack", "prod", FORGELEDGER_API_KEY="wrong")

    assert ended.code == exit_codes.NOT_AS_HOPED
    assert "-> set FORGELEDGER_API_KEY to a key that the SSM parameter" in ended.out
