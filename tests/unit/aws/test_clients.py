"""A client for an engine on this machine ignores the user's settings; one for AWS follows them."""

import logging

import pytest
from botocore.config import Config
from botocore.exceptions import ProfileNotFound
from botocore.session import Session

from forgeledger.aws.clients import Target, client

REGION = "eu-central-1"
ENGINE = Target(region=REGION, endpoint_url="http://127.0.0.1:4566", is_local=True)
AWS = Target(region=REGION)
CONFIG = Config(read_timeout=7)


def access_key(made):
    return made._request_signer._credentials.access_key


@pytest.fixture(autouse=True)
def user_settings(monkeypatch, tmp_path):
    config_file = tmp_path / "config"
    config_file.write_text("[default]\nretry_mode = adaptive\n")
    for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_RETRY_MODE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config_file))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "mine")


def test_a_client_of_an_engine_has_no_proxy_and_test_credentials():
    made = client("sqs", ENGINE, CONFIG)

    assert (made.meta.endpoint_url, made.meta.region_name) == (ENGINE.endpoint_url, REGION)
    assert (made.meta.config.proxies, made.meta.config.read_timeout) == ({}, 7)
    assert access_key(made) == "test"


def test_a_client_of_an_engine_reads_neither_a_profile_nor_the_config_file(monkeypatch):
    monkeypatch.setenv("AWS_PROFILE", "missing")

    made = client("sqs", ENGINE, CONFIG)

    assert made.meta.config.retries["mode"] == "legacy"


def test_a_client_of_aws_has_its_region_and_what_the_user_configured():
    made = client("sqs", AWS, CONFIG)

    assert made.meta.endpoint_url == f"https://sqs.{REGION}.amazonaws.com"
    assert (made.meta.config.proxies, made.meta.config.read_timeout) == (None, 7)
    assert made.meta.config.retries["mode"] == "adaptive"
    assert access_key(made) == "mine"


def test_a_client_of_aws_takes_another_endpoint_and_needs_its_profile(monkeypatch):
    target = Target(region=REGION, endpoint_url="https://vpce.example.com")

    assert client("sqs", target, CONFIG).meta.endpoint_url == "https://vpce.example.com"
    monkeypatch.setenv("AWS_PROFILE", "missing")
    with pytest.raises(ProfileNotFound):
        client("sqs", target, CONFIG)


def test_a_given_session_makes_the_client():
    session = Session()
    session.set_credentials("session", "secret")

    assert access_key(client("sqs", AWS, CONFIG, session)) == "session"


@pytest.fixture
def loggers():
    """The root logger, and those of botocore and urllib3 as they are before the first client."""
    named = {name: logging.getLogger(name) for name in ("", "botocore", "urllib3")}
    levels = {name: logger.level for name, logger in named.items()}
    for name in ("botocore", "urllib3"):
        named[name].setLevel(logging.NOTSET)
    yield named
    for name, level in levels.items():
        named[name].setLevel(level)


@pytest.mark.parametrize(
    ("root", "held"), [("DEBUG", "INFO"), ("INFO", "INFO"), ("WARNING", "WARNING")]
)
def test_no_client_logs_its_requests_whatever_the_root_logger_s_level_becomes(loggers, root, held):
    loggers[""].setLevel(root)

    client("sqs", ENGINE, CONFIG)
    loggers[""].setLevel("DEBUG")

    assert loggers["botocore"].getEffectiveLevel() == logging.getLevelNamesMapping()[held]
    assert not logging.getLogger("botocore.auth").isEnabledFor(logging.DEBUG)
    assert not logging.getLogger("urllib3.connectionpool").isEnabledFor(logging.DEBUG)


def test_a_level_that_a_developer_gave_to_botocore_stays(loggers):
    loggers["botocore"].setLevel("DEBUG")

    client("sqs", ENGINE, CONFIG)

    assert loggers["botocore"].level == logging.DEBUG
