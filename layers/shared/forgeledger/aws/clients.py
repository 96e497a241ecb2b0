"""AWS clients.

They are made by botocore, as boto3's clients are: importing boto3 itself adds its resources and
S3 transfers, a twelfth of a cold start for what nothing here uses.
"""

import logging
from functools import cache, partial
from typing import TYPE_CHECKING, Any, Final, cast

from botocore.config import Config
from botocore.loaders import Loader
from botocore.session import Session, get_session

from forgeledger.aws.dynamodb.raw_json import without_conversion
from forgeledger.fast_dataclass import fast_frozen

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@fast_frozen
class Target:
    """Where AWS is: as the environment and its profiles say, or an engine on this machine."""

    region: str | None = None
    endpoint_url: str | None = None
    is_local: bool = False


def _hold_back_secrets() -> None:
    """At DEBUG both log whole requests and answers: session tokens, decrypted parameters.

    A level that someone has given to these loggers themselves is left as it is.
    """
    for name in ("botocore", "urllib3"):
        logger = logging.getLogger(name)
        if logger.level == logging.NOTSET:
            logger.setLevel(max(logger.getEffectiveLevel(), logging.INFO))


def client(service: str, target: Target, config: Config, session: Session | None = None) -> Any:
    """Clients may be shared between threads, a session may not: unless given, each has its own."""
    _hold_back_secrets()
    where: dict[str, Any] = {"region_name": target.region, "endpoint_url": target.endpoint_url}
    if not target.is_local:
        return (session or Session()).create_client(service, config=config, **where)
    # Imported lazily: only clients of a local engine need it.
    from forgeledger.aws.loopback import ACCESS_KEY, NO_PROXIES, loopback_session

    return (session or loopback_session()).create_client(
        service,
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=ACCESS_KEY,
        config=config.merge(Config(proxies=NO_PROXIES)),
        **where,
    )


_IN_LAMBDA: Final = Config(
    # A request without an answer is sent once more by the storage, with the same token; two of
    # them for reading and two for writing have to fit into a function's time.
    connect_timeout=2,
    read_timeout=3,
    retries={"mode": "standard", "total_max_attempts": 1},
    # One for each lane that is written at the same time.
    max_pool_connections=16,
    # Rows are built by code that is tested against the service; validating every attribute
    # again before sending takes a fifth of the intake's time.
    parameter_validation=False,
)


class _ServiceLoader(Loader):
    """Knows the services of the functions; botocore would search four hundred folders for them."""

    def list_available_services(self, type_name: str) -> list[str]:  # noqa: ARG002 - Its signature.
        return ["dynamodb", "events", "sqs", "ssm"]


@cache
def function_session() -> Session:
    """One for all clients of a function: it reads the environment and the service models once."""
    session = get_session()
    session.register_component("data_loader", _ServiceLoader())
    return session


def _in_lambda(service: str) -> Any:
    return client(service, Target(), _IN_LAMBDA, function_session())


def dynamodb() -> "DynamoDBClient":
    return cast("DynamoDBClient", without_conversion(_in_lambda("dynamodb")))


sqs = partial(_in_lambda, "sqs")
eventbridge = partial(_in_lambda, "events")
ssm = partial(_in_lambda, "ssm")
