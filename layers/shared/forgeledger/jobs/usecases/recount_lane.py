"""Count a lane's items, and correct its head where the two differ."""

from dataclasses import dataclass
from enum import Enum, auto

from forgeledger.errors import StorageCorrupt
from forgeledger.jobs.model.lane_decision import decide
from forgeledger.jobs.model.lane_tally import Tally
from forgeledger.jobs.ports import LaneStore
from forgeledger.jobs.usecases.load_job import require_lane
from forgeledger.runtime import HasTime, Runtime

# A wrong head must not change while it is corrected. Each try reads only what was committed since
# the one before, and is as likely to succeed as any other commit.
_TRIES = 20
_ITEMS_A_PAGE = 1_000
_COMMITS_A_PAGE = 100


class RecountResult(Enum):
    RIGHT = auto()
    # It was wrong and is corrected.
    CORRECTED = auto()
    # It is wrong, and the lane changes too fast to be corrected.
    WRONG = auto()
    # Time ran out before all was counted.
    UNFINISHED = auto()


@dataclass(frozen=True, slots=True)
class Recounter:
    lanes: LaneStore
    runtime: Runtime

    def recount(self, job_id: str, lane: int, has_time: HasTime) -> RecountResult:
        tally = Tally(require_lane(self.lanes, job_id, lane, ()).head)
        if not self._read_items(tally, has_time):
            return RecountResult.UNFINISHED
        for tries in range(_TRIES):
            head = require_lane(self.lanes, job_id, lane, ()).head
            if not self._catch_up(tally, head.offset, has_time):
                return RecountResult.UNFINISHED
            counted = tally.counted(head)
            if counted.agrees_with(head):
                return RecountResult.RIGHT
            correction = decide(head, {}, (counted,), self.runtime.clock()).commits[0]
            if self.lanes.commit_lane(correction, self.runtime.new_id()):
                return RecountResult.CORRECTED
            self.runtime.pause(min(tries, 2))
        return RecountResult.WRONG

    def _read_items(self, tally: Tally, has_time: HasTime) -> bool:
        job_id, lane = tally.head.job_id, tally.head.lane
        after: str | None = None
        while has_time():
            page = self.lanes.list_items(job_id, lane, after, _ITEMS_A_PAGE)
            for item in page.items:
                tally.add(item)
            after = page.next_after
            if after is None:
                return True
        return False

    def _catch_up(self, tally: Tally, offset: int, has_time: HasTime) -> bool:
        """Bring the tally to this offset, which is the end of a commit."""
        job_id, lane = tally.head.job_id, tally.head.lane
        while tally.head.offset < offset:
            if not has_time():
                return False
            at = tally.head.offset
            for row in self.lanes.read_journal(job_id, lane, at, _COMMITS_A_PAGE):
                if row.offset != tally.head.offset:
                    break
                if row.offset < offset:
                    tally.follow(row.entries)
            if tally.head.offset == at:
                raise StorageCorrupt(f"JOB#{job_id}#{lane} LOG#{at}", "the commit is missing")
        return True
