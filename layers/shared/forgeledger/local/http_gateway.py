"""The HTTP API on a local port: read a request, find its route, invoke, answer."""

import logging
import socketserver
import threading
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from forgeledger.local.engine import HOST
from forgeledger.local.function_process import InvocationFailed
from forgeledger.local.http_cors import Cors
from forgeledger.local.http_events import (
    HttpRequest,
    HttpResponse,
    MalformedResponse,
    http_response,
    problem,
    request_event,
)
from forgeledger.local.http_routes import find_route, route_key
from forgeledger.local.stack import Route

MAX_BODY_BYTES: Final = 10 * 1024 * 1024
INTEGRATION_SECONDS: Final = 30.0
MAX_IN_FLIGHT: Final = 64
_METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
logger = logging.getLogger(__name__)


class BodyTooLarge(ValueError):
    """The body is larger than an HTTP API accepts."""


class HttpGateway:
    """Serves the routes of a deployed HTTP API; `invoke(function, event, request_id)` runs one."""

    def __init__(
        self,
        routes: Sequence[Route],
        invoke: Callable[[str, Any, str], Any],
        *,
        api_id: str,
        port: int = 0,
        cors: Cors | None = None,
        integration_seconds: float = INTEGRATION_SECONDS,
    ) -> None:
        self._routes = routes
        self._invoke = invoke
        self._api_id = api_id
        self._cors = cors
        self._integration_seconds = integration_seconds
        self._stopping = threading.Event()
        self._executor = ThreadPoolExecutor(MAX_IN_FLIGHT, thread_name_prefix="http")
        self._server = _Server((HOST, port), _handler_for(self))
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="http-gateway", daemon=True
        )

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self._server.server_address[1]}"

    def start(self) -> None:
        self._thread.start()

    @property
    def is_stopping(self) -> bool:
        return self._stopping.is_set()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()
        self._executor.shutdown(wait=False, cancel_futures=True)

    def answer(self, request: HttpRequest) -> HttpResponse:
        if self._cors is None:
            return self._answer(request)
        preflight = self._cors.preflight(request)
        return preflight or self._cors.added_to(self._answer(request), request)

    def _answer(self, request: HttpRequest) -> HttpResponse:
        raw_path = request.target.partition("?")[0]
        match = find_route(self._routes, request.method, raw_path)
        if match is None:
            return problem(404, "Not Found")
        route, parameters = match
        request_id = str(uuid.uuid4())
        event = request_event(
            request,
            route_key=route_key(route),
            path_parameters=parameters,
            api_id=self._api_id,
            request_id=request_id,
            now=datetime.now(UTC),
        )
        try:
            future = self._executor.submit(self._invoke, route.function, event, request_id)
        except RuntimeError:
            # The gateway was stopped, but the client's connection is still open.
            return problem(503, "Service Unavailable")
        try:
            return http_response(future.result(self._integration_seconds), request_id)
        except (FutureTimeout, CancelledError):
            return problem(503, "Service Unavailable")
        except (InvocationFailed, MalformedResponse) as failure:
            logger.warning("%s %s: %s", request.method, raw_path, failure)
            return problem(500, "Internal Server Error")
        except Exception:  # The client gets an answer, not a closed connection.
            logger.exception("%s %s", request.method, raw_path)
            return problem(500, "Internal Server Error")


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def server_bind(self) -> None:
        """Skip the base class's name lookup, which can take seconds on a laptop."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = HOST, self.server_address[1]


def _handler_for(gateway: HttpGateway) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = 1 << 16  # Head and body in one packet.
        timeout = 60

        def do_any(self) -> None:
            try:
                body = read_body(self)
            except BodyTooLarge:
                self.close_connection = True
                self._send(problem(413, "Request Entity Too Large"))
                return
            except ValueError:
                self.close_connection = True
                self._send(problem(400, "Bad Request"))
                return
            request = HttpRequest(
                method=self.command,
                target=self.path,
                headers=tuple(self.headers.items()),
                body=body,
                source_ip=str(self.client_address[0]),
            )
            self._send(gateway.answer(request))

        def _send(self, response: HttpResponse) -> None:
            self.send_response(response.status)
            for name, value in response.headers:
                self.send_header(name, value)
            self.send_header("content-length", str(len(response.body)))
            if self.close_connection or gateway.is_stopping:
                self.send_header("connection", "close")
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(response.body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's name
            logger.debug(format, *args)

    for method in _METHODS:
        setattr(Handler, f"do_{method}", Handler.do_any)
    return Handler


def read_body(handler: BaseHTTPRequestHandler) -> bytes:
    """The request's body, by Content-Length or in chunks; `BodyTooLarge` above the limit."""
    if "chunked" in handler.headers.get("Transfer-Encoding", "").lower():
        return _read_chunks(handler)
    size = int(handler.headers.get("Content-Length") or 0)
    if size > MAX_BODY_BYTES:
        raise BodyTooLarge
    return handler.rfile.read(size) if size else b""


def _read_chunks(handler: BaseHTTPRequestHandler) -> bytes:
    body = bytearray()
    while size := int(handler.rfile.readline().partition(b";")[0], 16):
        if len(body) + size > MAX_BODY_BYTES:
            raise BodyTooLarge
        body += handler.rfile.read(size)
        handler.rfile.readline()
    while handler.rfile.readline().strip():
        pass
    return bytes(body)
