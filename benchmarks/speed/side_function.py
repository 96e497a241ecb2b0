"""A queue and a function next to the ledger's own, run by the same local runner."""

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
    """The URL of a FIFO queue that triggers the handler in the folder `name`."""
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


def recreate_queue(sqs: Any, queue_url: str) -> None:
    """Empty a FIFO queue of its messages and of its deduplication history."""
    names = ("FifoQueue", "VisibilityTimeout")
    answer = sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=list(names))
    attributes = {name: answer["Attributes"][name] for name in names}
    sqs.delete_queue(QueueUrl=queue_url)
    sqs.create_queue(QueueName=queue_url.rpartition("/")[2], Attributes=attributes)
