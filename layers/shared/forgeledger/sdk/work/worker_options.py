"""A worker's settings, checked when they are given: at work a wrong one fails late or never."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

from forgeledger.jobs.model.limits import LEASE_SECONDS
from forgeledger.sdk.errors import InvalidSettingError
from forgeledger.sdk.setting_checks import check_seconds, check_whole

ClaimMode = Literal["report", "ask"]

# Each has a thread of its own.
_MOST_CONCURRENCY: Final = 10_000
# Limits of SQS: how long a request waits for messages, and how long a message stays hidden.
_MOST_WAIT_SECONDS: Final = 20
MOST_VISIBILITY_SECONDS: Final = 12 * 3_600


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerOptions:
    """How a worker works.

    concurrency: how many items it works on at once, each in a thread. Default 8.
    wait_seconds: how long a request to an empty queue waits for messages. Default 10.
    visibility_seconds: how long a message stays hidden; extended while its handler runs. Default
        60.
    grace_seconds: how long running handlers have after a stop; ECS kills after 30. Default 20.0.
    lease_seconds: the lease of a claim, or None for the job's own policy. Default None.
    heartbeat_seconds: the interval of heartbeats; 0 for none, None for a third of the lease and 30
        at most. Without claim="ask" and lease_seconds, the lease of the job's policy is known only
        with the address of the API. Default None.
    fenced: whether commands carry the delivery's number as attempt. This rejects the commands of a
        former owner, and of a redriven message as well: its deliveries count from 1. Default False.
    claim: how an item is claimed. "report" tells the ledger, over the queue. "ask" asks it, over
        HTTP, and begins only what it grants. Default 'report'.
    """

    concurrency: int = 8
    wait_seconds: int = 10
    visibility_seconds: int = 60
    grace_seconds: float = 20.0
    lease_seconds: int | None = None
    heartbeat_seconds: float | None = None
    fenced: bool = False
    claim: ClaimMode = "report"

    def __post_init__(self) -> None:
        check_whole("concurrency", self.concurrency, 1, _MOST_CONCURRENCY)
        check_whole("wait_seconds", self.wait_seconds, 0, _MOST_WAIT_SECONDS)
        check_whole("visibility_seconds", self.visibility_seconds, 1, MOST_VISIBILITY_SECONDS)
        check_seconds("grace_seconds", self.grace_seconds, MOST_VISIBILITY_SECONDS)
        if self.lease_seconds is not None:
            check_whole("lease_seconds", self.lease_seconds, 1, LEASE_SECONDS)
        if self.heartbeat_seconds is not None:
            check_seconds("heartbeat_seconds", self.heartbeat_seconds, LEASE_SECONDS)
        if not isinstance(self.fenced, bool):
            raise InvalidSettingError("fenced", f"must be True or False, not {self.fenced!r}")
        check_claim(self.claim, fenced=self.fenced)


def checked_options(options: WorkerOptions | None) -> WorkerOptions:
    if options is not None and not isinstance(options, WorkerOptions):
        raise InvalidSettingError("options", f"must be a WorkerOptions, not {options!r}")
    return options or WorkerOptions()


def check_claim(mode: Any, *, fenced: bool) -> None:
    if mode not in get_args(ClaimMode):
        raise InvalidSettingError("claim", f"must be 'report' or 'ask', not {mode!r}")
    if mode == "ask" and fenced:
        rule = "goes with claim='report': an asked claim is fenced by the attempt it was granted"
        raise InvalidSettingError("fenced", rule)


def checked_queues(queue_url: Any) -> tuple[str, ...]:
    """The URLs of one queue or of several different ones."""
    urls = (queue_url,) if isinstance(queue_url, str) else queue_url
    if not isinstance(urls, Sequence) or not urls or not all(urls):
        raise InvalidSettingError("queue_url", f"must be the URL of a queue, not {queue_url!r}")
    for url in urls:
        if not isinstance(url, str):
            raise InvalidSettingError("queue_url", f"must be URLs of queues, not {url!r}")
    return tuple(dict.fromkeys(urls))


def check_handlers(handlers: Any) -> None:
    """Checks the mapping of handlers, if there is one."""
    if handlers is None:
        return
    if not isinstance(handlers, Mapping):
        rule = f"must map kinds to functions, as in {{'default': work}}, not {handlers!r}"
        raise InvalidSettingError("handlers", rule)
    if not handlers:
        raise InvalidSettingError("handlers", "is empty, so every item would fail")
    for kind, handler in handlers.items():
        check_kind(kind)
        check_handler(kind, handler)


def check_kind(kind: Any) -> None:
    if not isinstance(kind, str):
        raise InvalidSettingError("handlers", f"must have text for kinds, not {kind!r}")


def check_handler(kind: str, handler: Any) -> None:
    if not callable(handler):
        raise InvalidSettingError(f"handlers[{kind!r}]", f"must be a function, not {handler!r}")
