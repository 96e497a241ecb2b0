"""What the doctor advises can be typed as it stands, and speaks to the deployment that it saw."""

import pytest

from forgeledger.cli import exit_codes
from forgeledger.errors import ApiKeysUnreadable
from tests.fake_deployment import LETTERS, NAMES

RECONCILE = "reconcile --running {}"


def waiting(url):
    return lambda told: told["queues"][url].update(ApproximateNumberOfMessages="3")


@pytest.mark.parametrize(
    ("spoil", "advised"),
    [
        (waiting(LETTERS), "rejects list --queue dead-letter {}"),
        (waiting(NAMES["RejectQueue"]), "rejects list {}"),
        (waiting(NAMES["RelayFailureQueue"]), RECONCILE),
        (lambda told: told["mappings"].update(relay=[]), RECONCILE),
        (lambda told: told["table"].update(StreamSpecification={}), RECONCILE),
    ],
)
def test_a_command_that_is_advised_speaks_to_the_same_deployment(
    forgeledger, deployment, spoil, advised
):
    spoil(deployment.told)

    ended = forgeledger("doctor", "--stack", "prod")

    assert f"forgeledger {advised.format('--stack prod')}" in ended.out


def without_keys():
    raise ApiKeysUnreadable("/secret/name", "ParameterNotFound")


@pytest.fixture
def keyless(api, world, deployment):
    api._caller = world.caller(without_keys)
    variables = deployment.told["functions"]["api"]["Environment"]["Variables"]
    variables["FORGELEDGER_API_KEY_PARAMETER"] = "/forgeledger/api-key"
    return deployment


def test_an_api_that_has_no_keys_yet_is_told_with_the_command_that_puts_them(forgeledger, keyless):
    ended = forgeledger("doctor", "--stack", "prod")

    told = [line for line in ended.lines if "api_keys_unreadable" in line]
    assert (ended.code, len(told)) == (exit_codes.NOT_AS_HOPED, 1)
    assert "(ParameterNotFound)" in told[0]
    assert (
        "aws ssm put-parameter --name /forgeledger/api-key --type SecureString --value KEY"
        in ended.out
    )


def test_without_a_look_at_the_function_the_parameter_is_named_by_its_place(forgeledger, keyless):
    keyless.denied.add("get_function_configuration")

    assert "put-parameter --name API_KEY_PARAMETER" in forgeledger("doctor", "--stack", "prod").out
    assert "put-parameter --name API_KEY_PARAMETER" in forgeledger("doctor").out
