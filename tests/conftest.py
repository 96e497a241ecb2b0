"""Fixtures of all tests: one local engine per process, and clients for it."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from localstack_client.session import Session

from forgeledger.aws.loopback import ACCESS_KEY
from forgeledger.local.engine import REGION, Engine, client_environment
from tests.support import hypothesis_profiles

hypothesis_profiles.load()


@pytest.fixture(scope="session")
def engine_url() -> Iterator[str]:
    """One engine per test process, started by the first test that needs it."""
    with Engine() as engine:
        yield engine.url


@pytest.fixture
def aws(engine_url: str, monkeypatch: pytest.MonkeyPatch) -> Session:
    """Clients for the engine, as `aws.client("sqs")`; boto3 in the tested code reaches it too."""
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name, value in client_environment(engine_url).items():
        monkeypatch.setenv(name, value)
    return Session(
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=ACCESS_KEY,
        region_name=REGION,
        localstack_host=urlsplit(engine_url).netloc,
    )
