"""AWS clients of the command line, with its time limits and retries."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from forgeledger.sdk.endpoints import Endpoints


def client_of(service: str, endpoints: "Endpoints") -> Any:
    from botocore.config import Config

    from forgeledger.aws.clients import Target, client

    target = Target(
        region=endpoints.region,
        endpoint_url=endpoints.aws_endpoint_url,
        is_local=endpoints.is_local,
    )
    config = Config(
        connect_timeout=5,
        # A relay that reconciles all open jobs answers within its own time limit of up to 60 s.
        read_timeout=120,
        retries={"total_max_attempts": 4, "mode": "standard"},
    )
    return client(service, target, config)
