"""`job create` has an option for each rule of a policy."""

import json
import re

import pytest

from forgeledger.cli import exit_codes
from forgeledger.jobs.http.request_bodies import Policy


def test_a_job_is_created_with_every_rule_of_its_policy(forgeledger):
    rules = {
        "maxAttempts": 3,
        "leaseSeconds": 60,
        "backoffBaseSeconds": 1.5,
        "backoffCapSeconds": 90.0,
        "runSeconds": 600,
        "toleratedFailures": 2,
        "toleratedFailurePercent": 1.5,
    }
    options = [
        word
        for rule, value in rules.items()
        for word in ("--" + re.sub("([A-Z])", r"-\1", rule).lower(), value)
    ]

    errors = ["InvalidInvoice", "NoSuchInvoice"]
    for error in errors:
        options += ("--permanent-error", error)

    ended = forgeledger("job", "create", "nightly", *options, "--json")

    assert ended.code == 0, ended.err
    assert json.loads(ended.out)["policy"] == {**rules, "permanentErrors": errors}


def test_an_option_for_each_rule_is_known_to_the_program(forgeledger):
    ended = forgeledger("job", "create", "--help")

    for rule in Policy.model_fields:
        # Of a list one entry at a time is given.
        option = rule.removesuffix("s") if rule == "permanent_errors" else rule
        assert f"--{option.replace('_', '-')} " in ended.out


@pytest.mark.parametrize("option", ["--backoff-base-seconds", "--backoff-cap-seconds"])
def test_a_wait_of_more_than_a_day_is_refused_by_its_option(forgeledger, option):
    ended = forgeledger("job", "create", "nightly", option, 86_401)

    assert ended.code == exit_codes.USAGE
    assert ended.err.startswith(f"forgeledger: {option}: ")


@pytest.mark.parametrize("text", ["nan", "-NaN", "many"])
@pytest.mark.parametrize(
    "option", ["--backoff-base-seconds", "--backoff-cap-seconds", "--tolerated-failure-percent"]
)
def test_what_is_no_number_is_said_to_be_none(forgeledger, option, text):
    ended = forgeledger("job", "create", "nightly", f"{option}={text}")

    assert ended.code == exit_codes.USAGE
    assert ended.err.startswith(f"forgeledger: {option}: must be a number (see ")


def test_an_endless_number_breaks_its_bound(forgeledger):
    ended = forgeledger("job", "create", "nightly", "--tolerated-failure-percent", "inf")

    assert ended.err.startswith("forgeledger: --tolerated-failure-percent: must be at most 100 (")
