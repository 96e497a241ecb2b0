"""Which items this process has ended lately: their ends may still be on their way."""

import threading
from collections import OrderedDict
from typing import Final

from forgeledger.sdk.work.work_message import WorkMessage

_MOST_ENDED: Final = 10_000


class EndedItems:
    """Thread-safe. With each item, or dispatch of it, the number under which it ended last."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._numbers: OrderedDict[tuple[str, str, int | None], int] = OrderedDict()

    def note(self, work: WorkMessage, number: int) -> None:
        key = work.job_id, work.item_id, work.dispatch
        with self._lock:
            self._numbers[key] = number
            self._numbers.move_to_end(key)
            if len(self._numbers) > _MOST_ENDED:
                self._numbers.popitem(last=False)

    def latest(self, work: WorkMessage) -> int | None:
        with self._lock:
            return self._numbers.get((work.job_id, work.item_id, work.dispatch))
