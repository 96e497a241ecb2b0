"""What a function writes: lines of JSON, metrics in the embedded format, and no secret."""

import json
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from io import StringIO
from typing import Any

from tests.simulation.lane_checks import Violation

# Both are accepted, as while one replaces the other.
API_KEYS = ("simulated-key-of-today", "simulated-key-of-tomorrow")
# Errors that no service raises.
ERRORS_IN_CODE = (TypeError, AttributeError, NameError)
_ERROR_NAMES = frozenset(error.__name__ for error in ERRORS_IN_CODE)
_LOG_FIELDS = frozenset({"level", "message", "timestamp", "function_request_id"})


@contextmanager
def written_by(logger: Any) -> Iterator[StringIO]:
    """All that a function with this logger of powertools writes."""
    output = StringIO()
    handler = logger.registered_handler
    # Not by `setStream`, which flushes the stream before: pytest may have closed it.
    before, handler.stream = handler.stream, output
    try:
        # Powertools warns of missing metrics where a handler crashes.
        with redirect_stdout(output), warnings.catch_warnings(action="ignore"):
            yield output
    finally:
        handler.stream = before


def metrics_in(text: str) -> dict[str, float]:
    """The values of all metrics, after a check of each line."""
    values: dict[str, float] = {}
    for line in text.splitlines():
        if any(key in line for key in API_KEYS):
            raise Violation(f"a function writes an API key: {line}")
        try:
            entry = json.loads(line)
        except ValueError as error:
            raise Violation(f"a function writes a line that is no JSON: {line}") from error
        if "_aws" in entry:
            values |= _embedded_metrics(entry)
        elif not entry.keys() >= _LOG_FIELDS:
            raise Violation(f"a log line lacks {sorted(_LOG_FIELDS - entry.keys())}: {line}")
        elif entry.get("exception_name") in _ERROR_NAMES:
            raise Violation(f"{entry['exception_name']}: {entry.get('exception')}")
    return values


def _embedded_metrics(entry: dict[str, Any]) -> dict[str, float]:
    values: dict[str, float] = {}
    for directive in entry["_aws"]["CloudWatchMetrics"]:
        for dimensions in directive["Dimensions"]:
            if not entry.keys() >= set(dimensions):
                raise Violation(f"metrics lack one of their dimensions: {entry}")
        for metric in directive["Metrics"]:
            if metric["Name"] not in entry or not metric["Unit"]:
                raise Violation(f"metrics lack {metric}: {entry}")
            value = entry[metric["Name"]]
            values[metric["Name"]] = sum(value) if isinstance(value, list) else value
    return values
