"""Calls the engine without boto3, whose two milliseconds of processor a call the pollers lack."""

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
    """The engine answered with an error, or not at all; `code` is AWS's name for it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


class Call(Protocol):
    """Sends one request of AWS's JSON protocol and returns its answer."""

    def __call__(self, target: str, request: Mapping[str, Any], /) -> dict[str, Any]: ...


class EngineCalls:
    """One kept-alive connection for each thread."""

    def __init__(self, endpoint_url: str) -> None:
        self._address = urlsplit(endpoint_url).netloc
        self._of_thread = threading.local()

    def __call__(self, target: str, request: Mapping[str, Any], /) -> dict[str, Any]:
        service = "sqs" if target.startswith("AmazonSQS") else "dynamodb"
        # The engine reads the account and the region from this and checks no signature.
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
        """Once more on a new connection, since the engine may have closed one that was idle."""
        try:
            return self._exchange(body, headers)
        except (OSError, http.client.HTTPException):
            self._connection().close()  # It opens again by itself.
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
