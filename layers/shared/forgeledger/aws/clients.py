"""AWS clients, with time limits that fit a function's own.

They are made by botocore, as boto3's clients are: importing boto3 itself adds its resources and
S3 transfers, a twelfth of a cold start for what nothing here uses.
"""

from functools import cache
from typing import TYPE_CHECKING, Any, cast

from botocore.config import Config
from botocore.session import Session, get_session

from forgeledger.aws.dynamodb.raw_json import without_conversion

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_CONFIG = Config(
    # A request that gets no answer is sent once more by the adapter, with the same token; two of
    # them for reading and two for writing have to fit into a function's time.
    connect_timeout=2,
    read_timeout=3,
    retries={"mode": "standard", "total_max_attempts": 1},
    # As many connections as there are lanes on their way at once.
    max_pool_connections=16,
    # The rows are built by code that is tested against the service; looking at every attribute
    # once more before sending it takes a fifth of the intake's time.
    parameter_validation=False,
)


@cache
def session() -> Session:
    """One for all clients of a process: it reads the environment and the service models once."""
    return get_session()


def dynamodb() -> "DynamoDBClient":
    return cast(
        "DynamoDBClient", without_conversion(session().create_client("dynamodb", config=_CONFIG))
    )


def sqs() -> Any:
    return session().create_client("sqs", config=_CONFIG)


def eventbridge() -> Any:
    return session().create_client("events", config=_CONFIG)


def ssm() -> Any:
    return session().create_client("ssm", config=_CONFIG)
