"""Send one HTTP request; tests replace this by a function of their own."""

import os
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import urllib3

from forgeledger.sdk.errors import NoAnswerError
from forgeledger.web.address import is_loopback


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    method: str
    url: str
    # One of them is the API key.
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = None
    timeout_seconds: float = 35.0


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpResponse:
    """Header names are in lower case."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


# Returns the response, or raises NoAnswerError if there is none.
Transport = Callable[[HttpRequest], HttpResponse]


class PooledTransport:
    """By urllib3, which boto3 needs anyway: thread-safe, with pooled connections and proxies."""

    def __init__(self, connections: int = 16) -> None:
        self._connections = connections
        # By process as well: a forked child must not share its parent's sockets.
        self._pools: dict[tuple[int, str], urllib3.PoolManager] = {}

    def __call__(self, request: HttpRequest) -> HttpResponse:
        try:
            answer = self._pool(request.url).request(
                request.method,
                request.url,
                body=request.body,
                headers=dict(request.headers),
                timeout=urllib3.Timeout(connect=5.0, total=request.timeout_seconds),
                retries=False,
                redirect=False,
            )
        except urllib3.exceptions.HTTPError as error:
            raise NoAnswerError(request.method, request.url, str(error)) from error
        return HttpResponse(
            status=answer.status,
            headers={name.lower(): value for name, value in answer.headers.items()},
            body=answer.data,
        )

    def _pool(self, url: str) -> urllib3.PoolManager:
        parts = urlsplit(url)
        proxy = urllib.request.getproxies().get(parts.scheme, "")
        # A proxy would connect to its own loopback.
        if proxy and (is_loopback(parts.hostname) or urllib.request.proxy_bypass(parts.netloc)):
            proxy = ""
        key = os.getpid(), proxy
        if key not in self._pools:
            pool = (
                urllib3.ProxyManager(proxy, maxsize=self._connections)
                if proxy
                else urllib3.PoolManager(maxsize=self._connections)
            )
            # Another thread may have been faster.
            self._pools.setdefault(key, pool)
        return self._pools[key]
