"""The engine's own floor: message, function, PutEvents, target queue, by the same local runner."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from forgeledger.local.engine import REGION, client_environment
from forgeledger.local.engine_calls import EngineCalls
from forgeledger.local.function_pool import FunctionPool, default_concurrency
from forgeledger.local.local_cloud import LocalCloud
from forgeledger.local.queue_poller import QueuePoller
from forgeledger.local.stack import Function, QueueMapping

_NAME: Final = "floor"


@contextlib.contextmanager
def floor_queue(cloud: LocalCloud, log_dir: Path) -> Iterator[str]:
    """A FIFO queue whose messages a trivial function puts on the ledger's bus as they are."""
    endpoint_url = cloud.description.endpoint_url
    queue_url = cloud.client("sqs").create_queue(
        QueueName=f"{_NAME}.fifo", Attributes={"FifoQueue": "true"}
    )["QueueUrl"]
    function = Function(
        logical_id="FloorFunction",
        name=_NAME,
        arn=f"arn:aws:lambda:{REGION}:000000000000:function:{_NAME}",
        source=Path(__file__).parent / "floor_function",
        handler="app.handler",
        timeout_seconds=30,
        memory_mb=512,
        environment={"FLOOR_EVENT_BUS": cloud.description.event_bus_name},
    )
    mapping = QueueMapping(
        mapping_id=_NAME,
        function=function.logical_id,
        queue_arn=f"arn:aws:sqs:{REGION}:000000000000:{_NAME}.fifo",
        queue_url=queue_url,
        reports_failures=True,
    )
    pool = FunctionPool(function, client=client_environment(endpoint_url), log_dir=log_dir)
    poller = QueuePoller(
        mapping, pool.invoke, EngineCalls(endpoint_url), concurrency=default_concurrency()
    )
    try:
        pool.warm()
        poller.start()
        yield queue_url
    finally:
        poller.halt()
        pool.close()
