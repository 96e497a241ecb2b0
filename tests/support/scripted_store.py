"""A store on a scripted client, whose pauses are recorded instead of slept."""

from botocore.exceptions import ConnectTimeoutError
from botocore.parsers import ResponseParserError

from forgeledger.aws.dynamodb.retries import Retrying
from forgeledger.jobs.storage.store import DynamoStore
from tests.support.fake_dynamodb import ScriptedDynamo, no_answer, refusal
from tests.support.one_by_one import one_by_one

ATTEMPTS = 4


BUSY = [
    refusal("ProvisionedThroughputExceededException"),
    refusal("ThrottlingException"),
    refusal("RequestLimitExceeded"),
    refusal("InternalServerError", status=500),
    refusal("ServiceUnavailable", status=503),
    no_answer(),
    ConnectTimeoutError(endpoint_url="http://dynamodb"),
    ResponseParserError("half an answer"),
]


def named_error(error: Exception) -> str:
    response = getattr(error, "response", None) or {}
    reasons = [reason["Code"] for reason in response.get("CancellationReasons", ())]
    return "-".join([response.get("Error", {}).get("Code", type(error).__name__), *reasons])


class Waits:
    """A sleep that records its durations and returns at once."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


def store_on(client: ScriptedDynamo, waits: Waits) -> DynamoStore:
    retrying = Retrying(
        attempts=ATTEMPTS, unanswered_attempts=ATTEMPTS, sleep=waits, draw=lambda: 0.5
    )
    return DynamoStore(
        client, "ledger", retrying=retrying, new_id=lambda: "mine", parallel=one_by_one
    )
