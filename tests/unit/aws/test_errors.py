"""Which errors of botocore may pass when the same call is made again."""

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    IncompleteReadError,
    NoCredentialsError,
    ProfileNotFound,
)
from botocore.parsers import ResponseParserError

from forgeledger.aws.errors import code_of, may_pass
from tests.support.fake_dynamodb import no_answer, refusal

URL = "https://sqs.eu-central-1.amazonaws.com"


@pytest.mark.parametrize(
    "error",
    [
        no_answer(),
        ConnectTimeoutError(endpoint_url=URL),
        EndpointConnectionError(endpoint_url=URL),
        ConnectionClosedError(endpoint_url=URL),
        HTTPClientError(error="reset"),
        IncompleteReadError(actual_bytes=1, expected_bytes=2),
        ResponseParserError("half a response"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_call_without_an_answer_may_pass(error: Exception) -> None:
    assert may_pass(error)


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_status_that_says_later_may_pass_whatever_the_code(status: int) -> None:
    assert may_pass(refusal("SomethingNew", status=status))


@pytest.mark.parametrize(
    "code",
    [
        # DynamoDB
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ThrottlingException",
        "InternalServerError",
        # SQS, and KMS behind its encrypted queues
        "RequestThrottled",
        "OverLimit",
        "ServiceUnavailable",
        "KmsThrottled",
        "KMSInternalException",
        "DependencyTimeoutException",
        # Front ends, and other services
        "InternalFailure",
        "TooManyRequestsException",
        "SlowDown",
        "RequestTimeout",
        "RequestTimedOut",
    ],
)
def test_a_code_that_says_later_may_pass(code: str) -> None:
    assert may_pass(refusal(code, status=400))


@pytest.mark.parametrize(
    "code",
    [
        "",
        "AccessDeniedException",
        "ConditionalCheckFailedException",
        "ResourceNotFoundException",
        "TransactionConflictException",
        "ValidationException",
        "AWS.SimpleQueueService.NonExistentQueue",
        "InvalidMessageContents",
        "KmsAccessDenied",
        "KmsDisabled",
    ],
)
def test_any_other_code_lasts(code: str) -> None:
    assert not may_pass(refusal(code, status=400))


@pytest.mark.parametrize(
    "error", [NoCredentialsError(), ProfileNotFound(profile="missing"), ValueError("ours")]
)
def test_an_error_before_the_request_lasts(error: Exception) -> None:
    assert not may_pass(error)


def test_an_error_response_without_details_lasts_and_has_no_code() -> None:
    error = ClientError({}, "AnOperation")

    assert (code_of(error), may_pass(error)) == ("", False)
