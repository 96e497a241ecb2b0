"""How far a job's items have been handed out."""

from forgeledger.fast_dataclass import fast_frozen, replace
from forgeledger.jobs.model.due_rows import DueKey

# Whoever reserved a flight has so long to send it; then another may take it over.
RESERVATION_MS = 30_000


@fast_frozen
class LaneWork:
    """Of one lane. An item counts as handed out from when it is passed until it is resolved."""

    # Registrations below this offset are passed.
    taken: int = 0
    # Those below this one are sent as well.
    sent: int = 0
    # How many registrations and due rows were passed since the lane's journal began.
    handed: int = 0
    # When the earliest due row that was left is due; 0: none was.
    next_due: int = 0
    # When its leases are looked at next; 0: nothing has been in progress yet.
    sweep_at: int = 0
    # When they were last looked at, and where the journal ended when that was last considered.
    swept_at: int = 0
    seen: int = 0


@fast_frozen
class Work:
    """Written under the condition that its version is the one that was read.

    Between `taken` and `sent`, and with `due`, it is a reservation: these items count already, and
    their messages are being sent.
    """

    job_id: str
    lanes: tuple[LaneWork, ...]
    version: int = 0
    # Due rows whose messages are being sent.
    due: tuple[DueKey, ...] = ()
    owner: str = ""
    taken_at: int = 0
    # When a search for lost messages began last, and how long to wait until the next one.
    searched_at: int = 0
    search_wait_ms: int = 0
    # The lane with which that search goes on; None: it is through.
    search_lane: int | None = None

    @property
    def in_flight(self) -> bool:
        return bool(self.due) or any(lane.sent != lane.taken for lane in self.lanes)

    def reserved_by_another(self, me: str, now: int) -> bool:
        return self.in_flight and self.owner != me and now - self.taken_at < RESERVATION_MS

    def with_lane(self, lane: int, at: LaneWork) -> "Work":
        return replace(self, lanes=(*self.lanes[:lane], at, *self.lanes[lane + 1 :]))

    def next_version(self) -> "Work":
        return replace(self, version=self.version + 1)

    def settled(self) -> "Work":
        """All that was reserved has been sent."""
        lanes = tuple(replace(lane, sent=lane.taken) for lane in self.lanes)
        return replace(self, lanes=lanes, due=())
