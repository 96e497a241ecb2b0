"""What the demo's processes run, by `forgeledger worker --app forgeledger.demo.tasks:worker`."""

import os
import signal
import sys
import threading
import time
from typing import Any, Final

from forgeledger.sdk import Endpoints, ItemWork, Reporter, Worker, WorkerOptions

WORK_QUEUE_URL: Final = "FORGELEDGER_DEMO_WORK_QUEUE_URL"
WORKER_NAME: Final = "FORGELEDGER_DEMO_WORKER"
# Of a killed worker: how long until others get what it had in hand.
VISIBILITY_SECONDS: Final = 4
_WORK_SECONDS: Final = 0.005


class OutOfPaper(RuntimeError):
    """A failure that goes away when one tries again."""


def print_invoice(item: ItemWork) -> dict[str, Any]:
    """Takes a moment, comes to harm where the plan says so, and answers with a result."""
    time.sleep(_WORK_SECONDS)
    payload = item.payload
    if payload["killsWorker"] and item.attempt == 1:
        # As the kernel does it when memory runs out: nothing is flushed or handed back.
        os.kill(os.getpid(), signal.SIGKILL)
    if payload["failsAtFirst"] and item.attempt == 1:
        raise OutOfPaper(f"invoice {payload['number']} did not come out")
    result = {"pages": payload["number"] % 7 + 1}
    if payload["toldTwice"]:
        reporter.complete(item.job_id, item.item_id, result=result, attempt=item.attempt)
    return result


def _end_with_the_demo() -> None:
    """The demo holds the other end of our standard input; when it is gone, so are we."""
    # By its number: a reader of the buffer would hold its lock when the interpreter ends.
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
            # Nothing is redriven here, and the promises are held against the attempts.
            fenced=True,
            wait_seconds=1,
            visibility_seconds=VISIBILITY_SECONDS,
            grace_seconds=5.0,
        ),
        retry_seconds=lambda _: 1.0,
    )
    watcher = threading.Thread(target=_end_with_the_demo, daemon=True)
    watcher.start()
