"""ForgeLedger in one process: real functions, SDK and botocore on services that count usage."""

import base64
import json
import os
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final
from unittest.mock import patch
from urllib.parse import urlsplit

from benchmarks.cost.metered_functions import ROOT, MeteredFunction, load
from benchmarks.cost.metered_queue import MeteredQueue
from benchmarks.cost.metered_table import MeteredTables
from benchmarks.cost.metered_wire import MeteredWire
from benchmarks.lambda_environment import ENVIRONMENT, LEDGER_TABLE
from forgeledger.aws import clients
from forgeledger.sdk import Ledger, Reporter
from forgeledger.sdk.api.transport import HttpRequest, HttpResponse
from forgeledger.sdk.seams import Seams, with_seams

_API_URL: Final = "https://metered"
_QUEUE_URL: Final = "https://sqs.us-east-1.amazonaws.com/0/commands.fifo"
HTTP_CHUNK_BYTES: Final = 512 * 1_024
EVENT_CHUNK_BYTES: Final = 64 * 1_024


class MeteredCloud:
    """The relay takes `relay_records` of the stream at once; one is the most expensive case."""

    def __init__(self, traced_one_in: int = 0) -> None:
        self._traced_one_in = traced_one_in
        self.relay_records = 1
        self.wire = MeteredWire()
        self.tables = MeteredTables(self._on_stored)
        self.queue = MeteredQueue()
        self.events: list[dict[str, Any]] = []
        self.billed_events = 0
        self.billed_http_requests = 0
        # What the relay's requests to the table used.
        self.relay_write_units = 0.0
        self.relay_read_units = 0.0
        self._stream: deque[dict[str, Any]] = deque()
        self._sequence = 0
        # The functions' clients need a session to which no other wire is attached.
        clients.function_session.cache_clear()
        session = clients.function_session()
        self.wire.attach(session, "dynamodb", self.tables.perform)
        self.wire.attach(session, "events", self._put_events)
        self.api = self._load("api")
        self.intake = self._load("intake")
        self.relay = self._load("relay")
        clients.function_session.cache_clear()

    @property
    def functions(self) -> tuple[MeteredFunction, ...]:
        return self.api, self.intake, self.relay

    @property
    def processor_seconds(self) -> float:
        """The time of all handlers until now."""
        return sum(function.processor_seconds for function in self.functions)

    def ledger(self) -> Ledger:
        return with_seams(Ledger, Seams(transport=self.http))(api_url=_API_URL)

    def reporter(self) -> Reporter:
        return with_seams(Reporter, Seams(make_client=lambda: self.queue))(
            command_queue_url=_QUEUE_URL, worker_id="worker-7", background=False
        )

    def http(self, request: HttpRequest) -> HttpResponse:
        """The SDK's transport: each request is an invocation of the API function."""
        url = urlsplit(request.url)
        body = (request.body or b"").decode()
        self.billed_http_requests += max(1, -(-len(body) // HTTP_CHUNK_BYTES))
        answer = self.api(
            {
                "version": "2.0",
                "routeKey": "$default",
                "rawPath": url.path,
                "rawQueryString": url.query,
                "headers": dict(request.headers),
                "requestContext": {
                    "http": {
                        "method": request.method,
                        "path": url.path,
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
        self.deliver_stream(self.relay_records)
        content = answer["body"]
        is_base64 = answer.get("isBase64Encoded")
        response = base64.b64decode(content) if is_base64 else content.encode()
        return HttpResponse(status=answer["statusCode"], body=response)

    def deliver_messages(self) -> None:
        for batch in self.queue.batches():
            answer = self.intake(batch)
            assert answer == {"batchItemFailures": []}, answer
            self.deliver_stream(self.relay_records)

    def stored_bytes(self) -> int:
        return self.tables.stored_bytes(LEDGER_TABLE)

    def _load(self, name: str) -> MeteredFunction:
        path = ROOT / "functions" / name / "app.py"
        return load(path, name, self.wire, self._traced_one_in)

    def deliver_stream(self, fewest: int = 1) -> None:
        """Invoke the relay until there are fewer records than that."""
        while len(self._stream) >= fewest:
            write_units, read_units = self.tables.write_units, self.tables.read_units
            count = min(self.relay_records, len(self._stream))
            answer = self.relay({"Records": [self._stream.popleft() for _ in range(count)]})
            assert answer == {"batchItemFailures": []}, answer
            self.relay_write_units += self.tables.write_units - write_units
            self.relay_read_units += self.tables.read_units - read_units

    def _on_stored(self, pk: str, sk: str, is_new: bool) -> None:
        """Add the stream record that the relay's event source filter would pass, if any."""
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
    with patch.dict(os.environ, ENVIRONMENT):
        yield MeteredCloud(traced_one_in)
