"""The demo's worker, for `forgeledger worker --app forgeledger.demo.tasks:worker`."""

import os
import signal
import sys
import threading
import time
from typing import Any, Final

from forgeledger.sdk import Endpoints, ItemWork, Reporter, Worker, WorkerOptions

WORK_QUEUE_URL: Final = "FORGELEDGER_DEMO_WORK_QUEUE_URL"
WORKER_NAME: Final = "FORGELEDGER_DEMO_WORKER"
# After so long SQS gives the messages of a killed worker to others.
VISIBILITY_SECONDS: Final = 4
_WORK_SECONDS: Final = 0.005


class OutOfPaper(RuntimeError):
    """A failure that a retry gets over."""


def print_invoice(item: ItemWork) -> dict[str, Any]:
    """Takes a moment, and fails or kills its process at the first attempt if the plan says so."""
    time.sleep(_WORK_SECONDS)
    payload = item.payload
    if payload["killsWorker"] and item.attempt == 1:
        # Like an out-of-memory kill: nothing is flushed, and no message is returned.
        os.kill(os.getpid(), signal.SIGKILL)
    if payload["failsAtFirst"] and item.attempt == 1:
        raise OutOfPaper(f"invoice {payload['number']} did not come out")
    result = {"pages": payload["number"] % 7 + 1}
    if payload["completesTwice"]:
        reporter.complete(item.job_id, item.item_id, result=result, attempt=item.attempt)
    return result


def _end_with_the_demo() -> None:
    """The demo holds the other end of the standard input: at its end, the worker stops."""
    # A read of sys.stdin would hold the buffer's lock while the interpreter shuts down.
    descriptor = sys.stdin.fileno()
    while os.read(descriptor, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if WORK_QUEUE_URL in os.environ:
    reporter = Reporter(
        endpoints=Endpoints.from_environment(), worker_id=os.environ.get(WORKER_NAME)
    )
    worker = Worker(
        os.environ[WORK_QUEUE_URL],
        {"default": print_invoice},
        reporter=reporter,
        options=WorkerOptions(
            concurrency=8,
            # Nothing is redriven here, and the guarantees are checked by the attempts.
            fenced=True,
            wait_seconds=1,
            visibility_seconds=VISIBILITY_SECONDS,
            grace_seconds=5.0,
        ),
        retry_seconds=lambda _: 1.0,
    )
    watcher = threading.Thread(target=_end_with_the_demo, daemon=True)
    watcher.start()
