"""Which fields the contract knows, in either spelling: what else is sent is left out."""

from typing import Final

COMMAND: Final = frozenset(
    {
        *("type", "jobId", "job_id", "itemId", "item_id", "attempt", "at", "payload", "result"),
        *("workerId", "worker_id", "commandId", "command_id", "leaseSeconds", "lease_seconds"),
        "error",
    }
)
ERROR: Final = frozenset({"type", "message", "retryable"})
ITEM: Final = frozenset({"itemId", "item_id", "payload"})
# Of the message with which a worker is handed an item.
WORK: Final = frozenset({"jobId", "job_id", "itemId", "item_id", "kind", "payload", "attempt"})
