"""The designs written by hand on the same metered services: what an item uses of AWS.

Each transition is one SQS message to a function, ten messages a batch, or one direct call of the
worker: the code is that of `benchmarks.design_naive`.
"""

import time
from typing import Any, Final

import boto3

from benchmarks import design_naive
from benchmarks.calibration import Yardstick
from benchmarks.cost.metered_functions import ENVIRONMENT, ROOT, environment, load
from benchmarks.cost.metered_queue import MeteredQueue
from benchmarks.cost.metered_table import MeteredTables
from benchmarks.cost.metered_wire import MeteredWire
from benchmarks.cost.usage import Usage
from benchmarks.lambda_time import PLATFORM_LOG_BYTES, gb_seconds

_FUNCTION: Final = ROOT / "benchmarks" / "speed" / "naive_function" / "app.py"


def measure_by_hand(design: str, how: str, items: int) -> dict[str, Any]:
    with environment(ENVIRONMENT):
        began = time.perf_counter()
        wire, tables, queue = MeteredWire(), MeteredTables(), MeteredQueue()
        session = boto3.session.Session()
        wire.attach(session._session, "dynamodb", tables.perform)  # noqa: SLF001 - Its events.
        # What boto3.client() makes its clients on.
        boto3.DEFAULT_SESSION = session
        try:
            names = [f"invoice-{each:07d}" for each in range(items)]
            design_naive.register(design_naive.client(), design, names)
            if how == "queue":
                function = load(_FUNCTION, "intake", wire)
                design_naive.by_queue(design, design, "queue", queue)(names)
                yardstick = Yardstick()
                for batch in queue.batches():
                    function(batch)
                    yardstick.lay()
                of_function = Usage(
                    lambda_requests=function.invocations,
                    lambda_gb_seconds=gb_seconds(
                        "intake",
                        yardstick.corrected(function.processor_seconds),
                        function.waited_seconds,
                        function.invocations,
                    ),
                    log_bytes=function.invocations * PLATFORM_LOG_BYTES,
                )
            else:
                design_naive.directly(design, design)(names)
                of_function = Usage()
            counts = design_naive.counts(design_naive.client(), design)
        finally:
            boto3.DEFAULT_SESSION = None
        assert counts["completed"] == items, counts
        usage = of_function + Usage(
            sqs_fifo_requests=queue.billed_requests,
            write_units=tables.write_units,
            read_units=tables.read_units,
            stored_bytes=tables.stored_bytes(design_naive.TABLE),
        )
        return {
            "items": items,
            "requests": wire.requests.total() + queue.requests + int(usage.lambda_requests),
            "secondsOfTheRun": round(time.perf_counter() - began, 1),
            "usage": usage.told(),
        }
