"""What a command has at hand: the deployment, the ledger, AWS clients and the output."""

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from forgeledger.cli import deployment as deployments
from forgeledger.cli.aws import client_of
from forgeledger.cli.deployment import ClientOf, Deployment, Where
from forgeledger.cli.output import Output

if TYPE_CHECKING:
    from forgeledger.sdk.api.api_client import ApiClient
    from forgeledger.sdk.api.ledger import Ledger
    from forgeledger.sdk.api.transport import Transport


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionOptions:
    """The world outside the program; a test brings its own."""

    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    # None: the SDK's own, over the network.
    transport: "Transport | None" = None
    client_of: ClientOf = client_of
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


class Session:
    """Made anew for each command; what is slow is made when it is first asked for."""

    def __init__(self, where: Where, output: Output, runtime: SessionOptions) -> None:
        self.where = where
        self.output = output
        self.runtime = runtime

    @cached_property
    def deployment(self) -> Deployment:
        return deployments.find(self.where, self.runtime.environ, self.runtime.client_of)

    @cached_property
    def ledger(self) -> "Ledger":
        self.deployment.needed("api_url", deployments.API_URL)
        from forgeledger.sdk.api.ledger import Ledger

        return Ledger(
            endpoints=self.deployment.endpoints(),
            transport=self.runtime.transport,
            clock=self.runtime.clock,
            sleep=self.runtime.sleep,
        )

    @cached_property
    def api(self) -> "ApiClient":
        """Single calls of the HTTP API, given up soon."""
        from forgeledger.sdk.api.api_client import ApiClient
        from forgeledger.sdk.api.transport import PooledTransport
        from forgeledger.sdk.backoff import Backoff

        return ApiClient(
            self.deployment.needed("api_url", deployments.API_URL),
            self.runtime.transport or PooledTransport(),
            api_key=self.deployment.api_key,
            backoff=Backoff(attempts=2),
            sleep=self.runtime.sleep,
        )

    def client(self, service: str) -> Any:
        """A new boto3 client on the deployment."""
        return self.runtime.client_of(service, self.deployment)

    @property
    def command_queue_url(self) -> str:
        return self.deployment.needed("command_queue_url", deployments.COMMAND_QUEUE_URL)

    @property
    def reject_queue_url(self) -> str:
        return self.deployment.needed("reject_queue_url", deployments.REJECT_QUEUE_URL)
