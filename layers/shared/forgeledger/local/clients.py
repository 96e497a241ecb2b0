"""The AWS clients of the local cloud itself: all on the engine, without a user's settings."""

from functools import cache
from typing import Any, Final

from botocore.config import Config

from forgeledger.aws.loopback import NO_PROXIES, unsettled_session
from forgeledger.local.engine import ACCESS_KEY, REGION

_CONFIG: Final = Config(
    connect_timeout=5,
    read_timeout=60,
    max_pool_connections=64,
    retries={"total_max_attempts": 4, "mode": "standard"},
    parameter_validation=False,  # Only our own calls; it costs a tenth of each.
    proxies=NO_PROXIES,
)


class Clients:
    """Makes each client once; boto3's clients may be shared between threads, its sessions not."""

    def __init__(self, endpoint_url: str) -> None:
        self.endpoint_url = endpoint_url
        self._session = unsettled_session()
        self.of = cache(self._make)

    def _make(self, service: str) -> Any:
        return self._session.client(
            service,
            region_name=REGION,
            endpoint_url=self.endpoint_url,
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=ACCESS_KEY,
            config=_CONFIG,
        )
