"""A client of the engine for the pollers: boto3 takes 2 ms of processor time a call."""

import http.client
import json
import threading
from collections.abc import Mapping
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

from forgeledger.aws.loopback import ACCESS_KEY
from forgeledger.errors import ForgeLedgerError
from forgeledger.local.engine import REGION

TIMEOUT_SECONDS: Final = 60.0
RECEIVE: Final = "AmazonSQS.ReceiveMessage"
DELETE: Final = "AmazonSQS.DeleteMessageBatch"
DESCRIBE_STREAM: Final = "DynamoDBStreams_20120810.DescribeStream"
OPEN_SHARD: Final = "DynamoDBStreams_20120810.GetShardIterator"
READ_SHARD: Final = "DynamoDBStreams_20120810.GetRecords"


class EngineRefused(ForgeLedgerError):
    """The engine answered with an error, or not at all; `code` is AWS's error code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


class Call(Protocol):
    """Sends a request in AWS's JSON protocol and returns the response."""

    def __call__(self, target: str, request: Mapping[str, Any], /) -> dict[str, Any]: ...


class EngineCalls:
    """Keeps one connection open for each thread."""

    def __init__(self, endpoint_url: str) -> None:
        self._address = urlsplit(endpoint_url).netloc
        self._of_thread = threading.local()

    def __call__(self, target: str, request: Mapping[str, Any], /) -> dict[str, Any]:
        service = "sqs" if target.startswith("AmazonSQS") else "dynamodb"
        # The engine reads account and region from this and ignores the signature.
        scope = f"Credential={ACCESS_KEY}/20000101/{REGION}/{service}/aws4_request"
        headers = {
            "X-Amz-Target": target,
            "Content-Type": "application/x-amz-json-1.0",
            "Authorization": f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0",
        }
        status, body = self._post(json.dumps(request).encode(), headers)
        try:
            answer: dict[str, Any] = json.loads(body) if body else {}
        except ValueError:
            raise EngineRefused("BadAnswer", body[:200].decode(errors="replace")) from None
        if status >= http.client.BAD_REQUEST:
            code = str(answer.get("__type", status)).rsplit("#", 1)[-1]
            raise EngineRefused(code, str(answer.get("message", answer.get("Message", ""))))
        return answer

    def _post(self, body: bytes, headers: Mapping[str, str]) -> tuple[int, bytes]:
        """Retries once on a new connection: the engine may have closed an idle one."""
        try:
            return self._exchange(body, headers)
        except (OSError, http.client.HTTPException):
            self._connection().close()  # The next request opens it again.
        try:
            return self._exchange(body, headers)
        except (OSError, http.client.HTTPException) as error:
            self._connection().close()
            raise EngineRefused("Unreachable", str(error)) from error

    def _exchange(self, body: bytes, headers: Mapping[str, str]) -> tuple[int, bytes]:
        connection = self._connection()
        connection.request("POST", "/", body, dict(headers))
        response = connection.getresponse()
        return response.status, response.read()

    def _connection(self) -> http.client.HTTPConnection:
        connection: http.client.HTTPConnection | None = getattr(self._of_thread, "connection", None)
        if connection is None:
            connection = http.client.HTTPConnection(self._address, timeout=TIMEOUT_SECONDS)
            self._of_thread.connection = connection
        return connection
