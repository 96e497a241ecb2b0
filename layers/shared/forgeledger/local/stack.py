"""The deployed stack as plain records."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from forgeledger.local.http_cors import Cors
from forgeledger.local.stream_batches import RetryRule

Pattern = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    logical_id: str
    name: str
    arn: str
    source: Path
    handler: str
    timeout_seconds: float
    memory_mb: int
    environment: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueMapping:
    """An SQS queue as a function's event source."""

    mapping_id: str
    function: str  # Its logical id, as in every record here.
    queue_arn: str
    queue_url: str
    batch_size: int = 10
    window_seconds: float = 0.0
    maximum_concurrency: int | None = None
    reports_failures: bool = False
    patterns: tuple[Pattern, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamMapping:
    """A table's stream as a function's event source."""

    mapping_id: str
    function: str
    stream_arn: str
    starting_position: str = "LATEST"
    batch_size: int = 100
    window_seconds: float = 0.0
    retries: RetryRule = field(default_factory=RetryRule)
    on_failure_arn: str | None = None
    reports_failures: bool = False
    patterns: tuple[Pattern, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """A rule that invokes a function periodically."""

    name: str
    function: str
    expression: str
    payload: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A route of the HTTP API; path `$default` matches what no other route does."""

    method: str
    path: str
    function: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    functions: Mapping[str, Function]
    queues: tuple[QueueMapping, ...]
    streams: tuple[StreamMapping, ...]
    schedules: tuple[Schedule, ...]
    routes: tuple[Route, ...]
    physical_ids: Mapping[str, str]  # By logical id.
    outputs: Mapping[str, str]
    cors: Cors | None = None
