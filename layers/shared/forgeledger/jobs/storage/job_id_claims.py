"""The job id of an idempotency key: a row in the table of powertools' idempotency."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from forgeledger.aws.errors import NO_ANSWER, code_of, may_pass
from forgeledger.errors import IdempotencyKeyReused, StorageBusy
from forgeledger.repeat import Repeat
from forgeledger.runtime import Clock

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@dataclass(frozen=True, slots=True)
class DynamoDBJobIdClaims:
    client: "DynamoDBClient"
    table: str
    clock: Clock
    lasts_seconds: int

    def claim(self, repeat: Repeat, job_id: str) -> str:
        now = self.clock() // 1000
        key = f"job-id#{repeat.key}"
        try:
            self.client.put_item(
                TableName=self.table,
                Item={
                    "id": {"S": key},
                    "jobId": {"S": job_id},
                    "fingerprint": {"S": repeat.fingerprint},
                    "expiration": {"N": str(now + self.lasts_seconds)},
                },
                # DynamoDB deletes expired rows some time later.
                ConditionExpression="attribute_not_exists(id) OR expiration < :now",
                ExpressionAttributeValues={":now": {"N": str(now)}},
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except NO_ANSWER as error:
            # A repetition of the request gets what this one may have stored.
            raise StorageBusy("idempotency table", 1) from error
        except ClientError as error:
            # Powertools' client has no retries of its own left.
            if may_pass(error):
                raise StorageBusy("idempotency table", 1) from error
            if code_of(error) != "ConditionalCheckFailedException":
                raise
            # boto3's types do not have the row that this error carries.
            first: Any = error.response
            if first["Item"]["fingerprint"]["S"] != repeat.fingerprint:
                raise IdempotencyKeyReused(repeat.key) from error
            return str(first["Item"]["jobId"]["S"])
        return job_id
