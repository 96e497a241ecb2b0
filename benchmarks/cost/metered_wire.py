"""Real botocore clients whose requests are answered in this process instead of being sent.

Serialising, signing and parsing are botocore's and take their time. The time of answering is
measured separately, so that it can be subtracted from a handler's time.
"""

import gzip
import io
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, Final

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.session import Session

from benchmarks.cost.metered_table import Refused
from benchmarks.lambda_time import OTHER_WAIT_SECONDS, WAIT_SECONDS

# From operation and request to the response.
Responder = Callable[[str, dict[str, Any]], dict[str, Any]]
_JSON: Final = {"content-type": "application/x-amz-json-1.0"}


class _Raw:
    """What botocore reads a response body from."""

    def __init__(self, body: bytes) -> None:
        self._body = io.BytesIO(body)

    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self._body.read()


class MeteredWire:
    """Counts requests, the time that callers would wait, and the time that answering takes here."""

    def __init__(self) -> None:
        self.requests: Counter[str] = Counter()
        self.answering_seconds = 0.0
        self.waited_seconds = 0.0
        # Threads write several lanes at a time.
        self._lock = threading.Lock()

    def attach(self, session: Session, service: str, respond: Responder) -> None:
        """Answer all clients that the session makes from now on for this service."""

        def answer(request: AWSPreparedRequest, **_: Any) -> AWSResponse:
            with self._lock:
                began = time.thread_time()
                operation = _text(request.headers["X-Amz-Target"]).rpartition(".")[2]
                self.requests[operation] += 1
                self.waited_seconds += WAIT_SECONDS.get(operation, OTHER_WAIT_SECONDS)
                status, response = _respond(respond, operation, _body(request))
                body = json.dumps(response).encode()
                self.answering_seconds += time.thread_time() - began
            return AWSResponse(request.url, status, _JSON, _Raw(body))

        session.register(f"before-send.{service}", answer)


def _respond(respond: Responder, operation: str, body: bytes) -> tuple[int, dict[str, Any]]:
    try:
        return 200, respond(operation, json.loads(body))
    except Refused as refused:
        kind = f"com.amazonaws.dynamodb.v20120810#{refused.kind}"
        return 400, {"__type": kind, "message": refused.kind, **refused.more}


def _body(request: AWSPreparedRequest) -> bytes:
    body = request.body if isinstance(request.body, bytes) else str(request.body or "{}").encode()
    return gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body


def _text(header: str | bytes) -> str:
    return header.decode() if isinstance(header, bytes) else header
