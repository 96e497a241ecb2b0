"""A queue and a function beside the ledger's own, run by the same local runner."""

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from forgeledger.local.engine import REGION, client_environment
from forgeledger.local.engine_calls import EngineCalls
from forgeledger.local.function_pool import FunctionPool, default_concurrency
from forgeledger.local.local_cloud import LocalCloud
from forgeledger.local.queue_poller import QueuePoller
from forgeledger.local.stack import Function, QueueMapping

HERE: Final = Path(__file__).parent


@contextlib.contextmanager
def queue_with_function(
    cloud: LocalCloud, log_dir: Path, name: str, environment: Mapping[str, str], **attributes: str
) -> Iterator[str]:
    """A FIFO queue that feeds the handler in a folder of that name; answers with its address."""
    endpoint_url = cloud.description.endpoint_url
    queue_url = cloud.client("sqs").create_queue(
        QueueName=f"{name}.fifo", Attributes={"FifoQueue": "true", **attributes}
    )["QueueUrl"]
    function = Function(
        logical_id=name,
        name=name,
        arn=f"arn:aws:lambda:{REGION}:000000000000:function:{name}",
        source=HERE / name,
        handler="app.handler",
        timeout_seconds=30,
        memory_mb=512,
        environment=environment,
    )
    mapping = QueueMapping(
        mapping_id=name,
        function=function.logical_id,
        queue_arn=f"arn:aws:sqs:{REGION}:000000000000:{name}.fifo",
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


def made_anew(sqs: Any, queue_url: str) -> None:
    """Empties a FIFO queue of its messages and of what it knows of earlier ones."""
    names = ("FifoQueue", "VisibilityTimeout")
    found = sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=list(names))["Attributes"]
    sqs.delete_queue(QueueUrl=queue_url)
    sqs.create_queue(
        QueueName=queue_url.rpartition("/")[2], Attributes={name: found[name] for name in names}
    )
