"""ForgeLedger in one process on metered services: real functions, real SDK, real botocore."""

import base64
import json
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final
from urllib.parse import urlsplit

from benchmarks.cost.metered_functions import ENVIRONMENT, ROOT, TABLE, Function, environment, load
from benchmarks.cost.metered_queue import MeteredQueue
from benchmarks.cost.metered_table import MeteredTables
from benchmarks.cost.metered_wire import MeteredWire
from forgeledger.aws import clients
from forgeledger.sdk.api.transport import HttpRequest, HttpResponse

HTTP_CHUNK_BYTES: Final = 512 * 1_024
EVENT_CHUNK_BYTES: Final = 64 * 1_024


class MeteredCloud:
    """Each record of the stream wakes the relay alone, which is the dearest way it can come."""

    def __init__(self, traced_one_in: int = 0) -> None:
        self._traced_one_in = traced_one_in
        self.wire = MeteredWire()
        self.tables = MeteredTables(self._stored)
        self.queue = MeteredQueue()
        self.events: list[dict[str, Any]] = []
        self.billed_events = 0
        self.billed_http_requests = 0
        self._stream: deque[dict[str, Any]] = deque()
        self._sequence = 0
        # The clients of the functions are made on a session that has not been listened to.
        clients.function_session.cache_clear()
        session = clients.function_session()
        self.wire.attach(session, "dynamodb", self.tables.perform)
        self.wire.attach(session, "events", self._put_events)
        self.api = self._load("api")
        self.intake = self._load("intake")
        self.relay = self._load("relay")
        clients.function_session.cache_clear()

    @property
    def functions(self) -> tuple[Function, ...]:
        return self.api, self.intake, self.relay

    @property
    def processor_seconds(self) -> float:
        """Of all handlers, so far."""
        return sum(function.processor_seconds for function in self.functions)

    def http(self, request: HttpRequest) -> HttpResponse:
        """The SDK's transport: an invocation of the API function."""
        where = urlsplit(request.url)
        body = (request.body or b"").decode()
        self.billed_http_requests += max(1, -(-len(body) // HTTP_CHUNK_BYTES))
        answer = self.api(
            {
                "version": "2.0",
                "routeKey": "$default",
                "rawPath": where.path,
                "rawQueryString": where.query,
                "headers": dict(request.headers),
                "requestContext": {
                    "http": {
                        "method": request.method,
                        "path": where.path,
                        "sourceIp": "192.0.2.1",
                    },
                    "stage": "$default",
                    "requestId": "request",
                    "domainName": "metered",
                },
                "body": body or None,
                "isBase64Encoded": False,
            }
        )
        self._relay_all()
        content = answer["body"]
        told = base64.b64decode(content) if answer.get("isBase64Encoded") else content.encode()
        return HttpResponse(status=answer["statusCode"], body=told)

    def take_in_all(self) -> None:
        for batch in self.queue.batches():
            answer = self.intake(batch)
            assert answer == {"batchItemFailures": []}, answer
            self._relay_all()

    def stored_bytes(self) -> int:
        return self.tables.stored_bytes(TABLE)

    def _load(self, name: str) -> Function:
        path = ROOT / "functions" / name / "app.py"
        return load(path, name, self.wire, self._traced_one_in)

    def _relay_all(self) -> None:
        while self._stream:
            answer = self.relay({"Records": [self._stream.popleft()]})
            assert answer == {"batchItemFailures": []}, answer

    def _stored(self, pk: str, sk: str, is_new: bool) -> None:
        """What the filter criteria of the relay's event source let through."""
        if sk != "LANE" and not (sk.startswith("FACT#") and is_new):
            return
        self._sequence += 1
        record = {
            "eventID": str(self._sequence),
            "eventName": "INSERT" if is_new else "MODIFY",
            "eventSource": "aws:dynamodb",
            "dynamodb": {
                "Keys": {"PK": {"S": pk}, "SK": {"S": sk}},
                "SequenceNumber": f"{self._sequence:021d}",
            },
        }
        self._stream.append(record)

    def _put_events(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        assert operation == "PutEvents"
        for entry in request["Entries"]:
            size = len(entry["Detail"]) + len(entry["DetailType"]) + len(entry["Source"])
            self.billed_events += max(1, -(-size // EVENT_CHUNK_BYTES))
            self.events.append({"type": entry["DetailType"], **json.loads(entry["Detail"])})
        return {"FailedEntryCount": 0, "Entries": [{"EventId": "1"} for _ in request["Entries"]]}


@contextmanager
def metered_cloud(traced_one_in: int = 0) -> Iterator[MeteredCloud]:
    with environment(ENVIRONMENT):
        yield MeteredCloud(traced_one_in)
