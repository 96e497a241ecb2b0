"""How a worker ends: the grace time, the release of what still runs, the last flush."""

import logging
from typing import Final

from forgeledger.sdk.delivery import Delivery
from forgeledger.sdk.work.work_tally import WorkTally
from forgeledger.sdk.work.worker_loop import WorkerLoop

_log = logging.getLogger("forgeledger.sdk")

_RELEASE_BLOCK_SECONDS: Final = 1.0
_LAST_FLUSH_SECONDS: Final = 5.0


def shut_down(loop: WorkerLoop) -> Delivery:
    """Gives the running handlers their grace time, releases the unfinished items, and flushes."""
    if not loop.wait_ended(loop.options.grace_seconds):
        _release_running(loop.tally)
    loop.close()
    return loop.reporter.flush(_LAST_FLUSH_SECONDS)


def _release_running(tally: WorkTally) -> None:
    has_room = True
    for item, settlement in tally.running().items():
        _log.warning("item %s of job %s did not end in time", item.item_id, item.job_id)
        try:
            if has_room:
                item.release(block_seconds=_RELEASE_BLOCK_SECONDS)
        except Exception:  # noqa: BLE001 - there is no time to wait for room once per item.
            _log.exception("items that did not end in time are handed back without a release")
            has_room = False
        if not item.is_decided:
            settlement.again(item.item_id, 0)
        tally.end(item)
