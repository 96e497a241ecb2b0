"""Rows vanish some days after they were written, but never before their job is finished."""

from dataclasses import dataclass
from typing import Final

from forgeledger.errors import RowsNotKept, StorageError
from forgeledger.jobs.model.jobs import Job
from forgeledger.jobs.ports import LedgerStore, Place
from forgeledger.runtime import HasTime, Surroundings

_ROWS_A_PAGE: Final = 100
_JOBS_A_PAGE: Final = 100
_SECONDS_A_DAY: Final = 24 * 3_600
# In a place: a lane whose rows are all renewed. No sort key is like it.
_DONE: Final = "-"


@dataclass(slots=True)
class _Pass:
    """How far the keeping of a job got: the row behind which each lane goes on."""

    job_id: str
    # What it gives its rows a later time for. A place that was noted for another is no use.
    due: int
    lanes: list[str]
    # Some rows could not be renewed: the job is not kept, and all is to be looked at again.
    failed: bool = False

    @property
    def place(self) -> Place:
        return self.job_id, str(self.due), str(self.failed), *self.lanes

    def resume(self, place: Place) -> None:
        if place[1:2] == (str(self.due),):
            self.failed, self.lanes = place[2] == str(True), list(place[3:])


@dataclass(frozen=True, slots=True)
class Keeper:
    store: LedgerStore
    around: Surroundings

    def keep_open(
        self, has_time: HasTime, start: Place = ()
    ) -> tuple[dict[str, Exception], Place | None]:
        """Keep the rows of all jobs that run, from this place on.

        The jobs that could not be kept, and the place to go on from; None where time was enough.
        """
        failed: dict[str, Exception] = {}
        place = start
        if len(place) > 1:
            place = self._kept_or_why_not(place[0], has_time, place, failed)
            if len(place) > 1:
                return failed, place
        after = place[0] if place else None
        more = True
        while more:
            job_ids, following = self.store.list_open(after, _JOBS_A_PAGE)
            for job_id in job_ids:
                if not has_time():
                    return failed, () if after is None else (after,)
                place = self._kept_or_why_not(job_id, has_time, (), failed)
                if len(place) > 1:
                    return failed, place
                after = job_id
            more, after = following is not None, following
        return failed, None

    def _kept_or_why_not(
        self, job_id: str, has_time: HasTime, start: Place, failed: dict[str, Exception]
    ) -> Place:
        """Where in the job time ran out, or that it is done with."""
        try:
            view = self.store.load_job(job_id)
            left = () if view is None else self.keep(view.job, has_time, start)
        except Exception as error:  # noqa: BLE001 - one job's trouble must not stop the others.
            failed[job_id] = error
            left = ()
        return left or (job_id,)

    def keep(self, job: Job, has_time: HasTime, start: Place = ()) -> Place:
        """Give the rows of a job that runs for long a later time; where time ran out, or ().

        The time follows from the last keeping and not from the clock, so that a pass which was
        cut short is gone on with and not begun anew.
        """
        due = job.keeping_due
        if job.finished or due is None or self.around.clock() < due:
            return ()
        ttl_seconds = due // 1_000 + job.spec.rules.ttl_days * _SECONDS_A_DAY
        going = _Pass(job.job_id, due, [""] * job.spec.lanes)
        going.resume(start)
        error: StorageError | None = None
        while any(after != _DONE for after in going.lanes):
            # A page of each in turn: a lane is a partition, and its workers need it as well.
            for lane, after in enumerate(going.lanes):
                if after == _DONE:
                    continue
                if not has_time():
                    return going.place
                error = self._renew_a_page(going, lane, ttl_seconds) or error
        if going.failed:
            raise RowsNotKept(job.job_id) from error
        # Looked at last: the pass itself may have taken too long.
        lost = job.rows_may_be_gone(self.around.clock())
        self.store.mark_renewed(job.job_id, due, lost=lost)
        return ()

    def _renew_a_page(self, going: _Pass, lane: int, ttl_seconds: int) -> StorageError | None:
        """Rows that cannot be renewed do not cost those behind them, or other lanes, theirs."""
        after = going.lanes[lane] or None
        try:
            renewed = self.store.renew(going.job_id, lane, after, _ROWS_A_PAGE, ttl_seconds)
            following, error = renewed.after, renewed.error
        except StorageError as unread:
            following, error = None, unread
        going.lanes[lane] = _DONE if following is None else following
        going.failed = going.failed or error is not None
        return error
