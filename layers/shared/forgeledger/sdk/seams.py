"""What tests, benchmarks and the command line replace of the SDK's outside world."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar, cast

from forgeledger.sdk.api.transport import Transport
from forgeledger.sdk.records import WrongField

Class = TypeVar("Class")


@dataclass(frozen=True, slots=True, kw_only=True)
class Seams:
    """HTTP, SQS, time and warnings; None stands for the real network.

    No arguments of Ledger, Reporter and Worker: users have no need to replace any of it.
    """

    transport: Transport | None = None
    make_client: Callable[[], Any] | None = None
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    utc_now: Callable[[], datetime] = lambda: datetime.now(UTC)
    # What shows a warning of the API; None: the log.
    on_warning: Callable[[WrongField], None] | None = None


def with_seams(kind: type[Class], seams: Seams) -> type[Class]:
    """A class that is constructed as `kind` is, in another outside world."""
    return cast("type[Class]", type(kind.__name__, (kind,), {"_seams": seams}))
