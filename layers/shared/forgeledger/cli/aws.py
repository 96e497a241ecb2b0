"""AWS clients for a deployment: credentials and region as boto3 finds them, or the local engine."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from forgeledger.cli.deployment import Deployment


def client_of(service: str, deployment: "Deployment") -> Any:
    import boto3
    from botocore.config import Config

    from forgeledger.aws.loopback import NO_PROXIES, unsettled_session

    session = unsettled_session() if deployment.is_local else boto3.session.Session()
    return session.client(
        service,
        region_name=deployment.region,
        endpoint_url=deployment.aws_endpoint_url,
        aws_access_key_id="test" if deployment.is_local else None,
        aws_secret_access_key="test" if deployment.is_local else None,
        config=Config(
            connect_timeout=5,
            # A relay that reconciles everything answers within its time limit, which may be 60 s.
            read_timeout=120,
            retries={"total_max_attempts": 4, "mode": "standard"},
            proxies=NO_PROXIES if deployment.is_local else None,
        ),
    )
