"""A worker that runs while its test does."""

import threading

from botocore.exceptions import ClientError

from forgeledger.sdk.backoff import Backoff
from forgeledger.sdk.errors import UndeliveredError
from tests.support.builders import JOB_ID

QUICKLY = Backoff(attempts=3, first_seconds=0.001, most_seconds=0.002)


def work(item_id, **fields):
    return {"jobId": JOB_ID, "itemId": item_id, **fields}


class Running:
    """Runs the worker in a thread."""

    def __init__(self, worker):
        self.worker = worker
        self.summary = None
        self.error = None
        self.thread = threading.Thread(target=self._run, daemon=True)

    def _run(self):
        try:
            self.summary = self.worker.run()
        except (ClientError, UndeliveredError) as error:
            self.error = error

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.worker.stop()
        self.thread.join(20)
        assert not self.thread.is_alive()


def dispatched(item_id, attempt=1, **fields):
    """A work message as the ledger sends it."""
    return work(item_id, attempt=attempt, redelivery="ledger", leaseSeconds=300, **fields)


def dispatched_batch(*item_ids, **fields):
    items = [{"itemId": item_id, "attempt": 1} for item_id in item_ids]
    message = {"jobId": JOB_ID, "redelivery": "ledger", "leaseSeconds": 300}
    return {**message, "items": items, **fields}
