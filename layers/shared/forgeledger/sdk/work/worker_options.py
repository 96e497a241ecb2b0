"""What a worker is told, checked when it is made: at work a wrong setting fails late or never."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from forgeledger.jobs.model.limits import LEASE_SECONDS
from forgeledger.sdk.errors import InvalidSettingError
from forgeledger.sdk.setting_checks import check_seconds, check_whole

# Each has a thread of its own.
_MOST_CONCURRENCY: Final = 10_000
# What SQS allows: how long a request waits for messages, and how long a message stays hidden.
_MOST_WAIT_SECONDS: Final = 20
MOST_VISIBILITY_SECONDS: Final = 12 * 3_600


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerOptions:
    concurrency: int = 8
    wait_seconds: int = 10
    # How long a message stays hidden; it is extended while its handler runs.
    visibility_seconds: int = 60
    # What a stopped worker gives its running handlers; ECS kills after 30 seconds.
    grace_seconds: float = 20.0
    lease_seconds: int | None = None
    # 0 is for no heartbeats.
    heartbeat_seconds: float | None = None
    # Whether commands carry the delivery's number as attempt. It shuts out a former owner, and a
    # message that was redriven as well, for its deliveries are counted from 1 again.
    fenced: bool = False

    def __post_init__(self) -> None:
        checked_concurrency(self.concurrency)
        check_whole("wait_seconds", self.wait_seconds, 0, _MOST_WAIT_SECONDS)
        check_whole("visibility_seconds", self.visibility_seconds, 1, MOST_VISIBILITY_SECONDS)
        check_seconds("grace_seconds", self.grace_seconds, MOST_VISIBILITY_SECONDS)
        if self.lease_seconds is not None:
            check_whole("lease_seconds", self.lease_seconds, 1, LEASE_SECONDS)
        if self.heartbeat_seconds is not None:
            check_seconds("heartbeat_seconds", self.heartbeat_seconds, LEASE_SECONDS)
        if not isinstance(self.fenced, bool):
            raise InvalidSettingError("fenced", f"is True or False, not {self.fenced!r}")


def checked_concurrency(concurrency: int) -> int:
    check_whole("concurrency", concurrency, 1, _MOST_CONCURRENCY)
    return concurrency


def checked_options(options: WorkerOptions | None) -> WorkerOptions:
    if options is not None and not isinstance(options, WorkerOptions):
        raise InvalidSettingError("options", f"is a WorkerOptions, not {options!r}")
    return options or WorkerOptions()


def check_work(queue_url: Any, handlers: Any) -> None:
    """Where the work comes from, and who does it."""
    if not isinstance(queue_url, str) or not queue_url:
        raise InvalidSettingError("queue_url", f"is the address of a queue, not {queue_url!r}")
    if not isinstance(handlers, Mapping):
        rule = f"has a function for each kind, as in {{'default': work}}; it is {handlers!r}"
        raise InvalidSettingError("handlers", rule)
    if not handlers:
        raise InvalidSettingError("handlers", "has no kind, so that every item would fail")
    for kind, handler in handlers.items():
        if not isinstance(kind, str):
            raise InvalidSettingError("handlers", f"has texts for kinds, not {kind!r}")
        if not callable(handler):
            raise InvalidSettingError(f"handlers[{kind!r}]", f"is a function, not {handler!r}")
