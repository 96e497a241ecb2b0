"""What a command works with: deployment, ledger, AWS clients and output."""

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from forgeledger.cli.aws import client_of
from forgeledger.cli.deployment import (
    API_URL,
    COMMAND_QUEUE_URL,
    REJECT_QUEUE_URL,
    ClientOf,
    Deployment,
    Where,
    find_deployment,
    needed,
)
from forgeledger.cli.output import Output

if TYPE_CHECKING:
    from forgeledger.sdk.api.api_client import ApiClient
    from forgeledger.sdk.api.ledger import Ledger
    from forgeledger.sdk.api.transport import Transport
    from forgeledger.sdk.records import WrongField


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionSeams:
    """What a test replaces: environment, network, AWS clients and time."""

    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    # None: the SDK's own transport.
    transport: "Transport | None" = None
    client_of: ClientOf = client_of
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


class Session:
    """Made for each command; the ledger and the clients are made on first use."""

    def __init__(self, where: Where, output: Output, seams: SessionSeams) -> None:
        self.where = where
        self.output = output
        self.seams = seams

    @cached_property
    def deployment(self) -> Deployment:
        return find_deployment(self.where, self.seams.environ, self.seams.client_of)

    @cached_property
    def ledger(self) -> "Ledger":
        endpoints = self.deployment.endpoints
        needed(API_URL, endpoints.api_url)
        from forgeledger.sdk.api.ledger import Ledger
        from forgeledger.sdk.seams import Seams, with_seams

        seams = Seams(
            transport=self.seams.transport,
            clock=self.seams.clock,
            sleep=self.seams.sleep,
            on_warning=self._remark_warning,
        )
        return with_seams(Ledger, seams)(endpoints=endpoints)

    @cached_property
    def api(self) -> "ApiClient":
        """For single calls with few retries."""
        from forgeledger.sdk.api.api_client import ApiClient
        from forgeledger.sdk.api.transport import PooledTransport
        from forgeledger.sdk.backoff import Backoff

        endpoints = self.deployment.endpoints
        return ApiClient(
            needed(API_URL, endpoints.api_url),
            self.seams.transport or PooledTransport(),
            api_key=endpoints.api_key,
            backoff=Backoff(attempts=2),
            sleep=self.seams.sleep,
            on_warning=self._remark_warning,
        )

    def client(self, service: str) -> Any:
        """A new AWS client for the deployment."""
        return self.seams.client_of(service, self.deployment.endpoints)

    def _remark_warning(self, warning: "WrongField") -> None:
        self.output.remark(f"warning: {warning.field} {warning.message}")

    @property
    def command_queue_url(self) -> str:
        return needed(COMMAND_QUEUE_URL, self.deployment.endpoints.command_queue_url)

    @property
    def reject_queue_url(self) -> str:
        return needed(REJECT_QUEUE_URL, self.deployment.reject_queue_url)
