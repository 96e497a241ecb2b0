"""What an item uses of AWS in the hand-written designs, on the same metered services.

Each transition is one SQS message to a function, in batches of ten, or one direct call of the
worker. The code is that of `benchmarks.design_naive`. In `benchmarks.design_batch` a message
reports many finished items.
"""

import os
import time
from typing import Any, Final
from unittest.mock import patch

import boto3

from benchmarks import design_batch, design_naive
from benchmarks.calibration import Calibration
from benchmarks.cost.metered_functions import ROOT, load
from benchmarks.cost.metered_queue import MeteredQueue
from benchmarks.cost.metered_table import MeteredTables
from benchmarks.cost.metered_wire import MeteredWire
from benchmarks.cost.usage import Usage
from benchmarks.lambda_environment import ENVIRONMENT
from benchmarks.lambda_time import gb_seconds
from benchmarks.sample_items import item_name

_FUNCTIONS: Final = ROOT / "benchmarks" / "speed"


def measure_naive(design: str, path: str, items: int) -> dict[str, Any]:
    """Figures of the `naive`, `safe` or `batched` design with reports by "queue" or "direct"."""
    wire, tables, queue = MeteredWire(), MeteredTables(), MeteredQueue()
    session = boto3.session.Session()
    wire.attach(session._session, "dynamodb", tables.perform)  # noqa: SLF001 - Its events.
    began = time.perf_counter()
    # boto3.client() makes its clients on the default session.
    with patch.dict(os.environ, ENVIRONMENT), patch.object(boto3, "DEFAULT_SESSION", session):
        names = [item_name(number) for number in range(items)]
        design_naive.register(design_naive.client(), design, names)
        if path == "queue":
            function_usage = _work_by_queue(design, names, wire, queue)
        else:
            design_naive.directly(design, design)(names)
            function_usage = Usage()
        counts = design_naive.read_counts(design_naive.client(), design)
    assert counts["completed"] == items, counts
    usage = function_usage + Usage(
        sqs_fifo_requests=queue.billed_requests,
        write_units=tables.write_units,
        read_units=tables.read_units,
        stored_bytes=tables.stored_bytes(design_naive.TABLE),
    )
    return {
        "items": items,
        "requests": wire.requests.total() + queue.requests + int(usage.lambda_requests),
        "runSeconds": round(time.perf_counter() - began, 1),
        "usage": usage.figures(),
    }


def _work_by_queue(design: str, names: list[str], wire: MeteredWire, queue: MeteredQueue) -> Usage:
    """What the function behind the queue uses."""
    kind = "batch_function" if design == "batched" else "naive_function"
    function = load(_FUNCTIONS / kind / "app.py", "intake", wire)
    calibration = Calibration()

    def deliver() -> None:
        for batch in queue.batches():
            function(batch)
            calibration.sample()

    if design == "batched":
        design_batch.send(design, "queue", queue, deliver, names)
    else:
        design_naive.by_queue(design, design, "queue", queue)(names)
        deliver()
    return Usage(
        lambda_requests=function.invocations,
        lambda_gb_seconds=gb_seconds(
            "intake",
            calibration.normalized(function.processor_seconds),
            function.waited_seconds,
            function.invocations,
        ),
    )
