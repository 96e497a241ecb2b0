"""The event source mapping between the table's stream and the relay, as in the template."""

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from forgeledger.local.filters import matches_any, parse_criteria
from forgeledger.local.sqs_events import failed_identifiers
from forgeledger.local.stream_batches import Batch, RetryRule, after_failure, first_failed_index
from forgeledger.local.stream_events import sequence_number
from tests.crashes.failing_calls import ProcessKilled
from tests.support.deployed_template import properties

_MAPPING = properties("RelayFunction")["Events"]["Ledger"]["Properties"]
_PATTERNS = parse_criteria(_MAPPING["FilterCriteria"])
_REPORTS_FAILURES = "ReportBatchItemFailures" in _MAPPING.get("FunctionResponseTypes", ())
_RULE = RetryRule(
    maximum_retries=_MAPPING.get("MaximumRetryAttempts", -1),
    bisects=_MAPPING.get("BisectBatchOnFunctionError", False),
)
# The most records of one invocation.
MOST: int = _MAPPING["BatchSize"]

Invoke = Callable[[dict[str, Any]], Any]


def deliver(records: Sequence[dict[str, Any]], invoke: Invoke, batch_size: int) -> None:
    """Invoke until every record that passes the filters is processed; none may be given up."""
    passing = [record for record in records if matches_any(_PATTERNS, record)]
    waiting = deque(
        Batch(records=passing[start : start + batch_size])
        for start in range(0, len(passing), batch_size)
    )
    while waiting:
        batch = waiting.popleft()
        failed = _first_failed(batch.records, invoke)
        if failed is None:
            continue
        result = after_failure(batch, failed, _RULE)
        assert result.given_up is None, result.given_up
        waiting.extendleft(reversed(result.again))


def _first_failed(records: Sequence[Any], invoke: Invoke) -> int | None:
    try:
        response = invoke({"Records": list(records)})
    except ProcessKilled:
        return 0
    if not _REPORTS_FAILURES:
        return None
    known = [sequence_number(record) for record in records]
    return first_failed_index(records, failed_identifiers(response, known))
