"""boto3 clients for the engine, which ignore the user's AWS settings."""

from functools import cache
from typing import Any, Final

from botocore.config import Config

from forgeledger.aws.clients import Target, client
from forgeledger.aws.loopback import loopback_session
from forgeledger.local.engine import REGION

_CONFIG: Final = Config(
    connect_timeout=5,
    read_timeout=60,
    max_pool_connections=64,
    retries={"total_max_attempts": 4, "mode": "standard"},
    parameter_validation=False,  # Validation takes a tenth of each call's time.
)


class Clients:
    """One client per service: threads may share a client, but not a session."""

    def __init__(self, endpoint_url: str) -> None:
        self.endpoint_url = endpoint_url
        self._target = Target(region=REGION, endpoint_url=endpoint_url, is_local=True)
        self._session = loopback_session()
        self.of = cache(self._make)

    def _make(self, service: str) -> Any:
        return client(service, self._target, _CONFIG, self._session)
