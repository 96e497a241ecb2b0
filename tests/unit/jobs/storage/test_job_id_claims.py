"""A claim of a job id whose answer does not come, or says to come again."""

import pytest
from botocore.exceptions import ConnectTimeoutError

from forgeledger.errors import StorageBusy
from forgeledger.jobs.storage.job_id_claims import DynamoDBJobIdClaims
from forgeledger.repeat import Repeat
from tests.support.builders import NOW
from tests.support.fake_dynamodb import ScriptedDynamo, no_answer, refusal
from tests.support.scripted_store import named_error


@pytest.mark.parametrize(
    "error",
    [
        no_answer(),
        ConnectTimeoutError(endpoint_url="http://dynamodb"),
        refusal("ThrottlingException"),
        refusal("InternalServerError", status=500),
    ],
    ids=named_error,
)
def test_a_table_that_is_busy_or_silent_asks_to_come_again(error: Exception) -> None:
    claims = DynamoDBJobIdClaims(ScriptedDynamo(error), "idempotency", lambda: NOW, 600)

    with pytest.raises(StorageBusy):
        claims.claim(Repeat(key="k", fingerprint="f"), "job-1")
