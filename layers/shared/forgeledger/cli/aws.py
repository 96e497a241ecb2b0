"""AWS clients for a deployment: credentials and region as boto3 finds them, or the local engine."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from forgeledger.cli.deployment import Deployment


def client_of(service: str, deployment: "Deployment") -> Any:
    from botocore.config import Config

    from forgeledger.aws.clients import Target, client

    target = Target(
        region=deployment.region,
        endpoint_url=deployment.aws_endpoint_url,
        is_local=deployment.is_local,
    )
    config = Config(
        connect_timeout=5,
        # A relay that reconciles everything answers within its time limit, which may be 60 s.
        read_timeout=120,
        retries={"total_max_attempts": 4, "mode": "standard"},
    )
    return client(service, target, config)
