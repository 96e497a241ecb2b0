"""Rows vanish some days after they were written, but never before their job is finished."""

from collections.abc import Callable
from dataclasses import dataclass

from forgeledger.domain.jobs import Job
from forgeledger.ports import LedgerStore, Place
from forgeledger.usecases.surroundings import Surroundings

_ROWS_A_PAGE = 400
_JOBS_A_PAGE = 100
_SECONDS_A_DAY = 24 * 3_600


@dataclass(frozen=True, slots=True)
class Keeper:
    store: LedgerStore
    around: Surroundings

    def keep_open(
        self, has_time: Callable[[], bool], start: Place = ()
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
        self,
        job_id: str,
        has_time: Callable[[], bool],
        start: Place,
        failed: dict[str, Exception],
    ) -> Place:
        """Where in the job time ran out, or that it is done with."""
        try:
            view = self.store.load_job(job_id)
            left = () if view is None else self.keep(view.job, has_time, start)
        except Exception as error:  # noqa: BLE001 - one job's trouble must not stop the others.
            failed[job_id] = error
            left = ()
        return left or (job_id,)

    def keep(self, job: Job, has_time: Callable[[], bool], start: Place = ()) -> Place:
        """Give the rows of a job that runs for long a later time; where time ran out, or ().

        The time follows from the last renewal and not from the clock, so that a run which was cut
        short is gone on with and not begun anew.
        """
        due = job.keeping_due
        if job.finished or due is None or self.around.clock() < due:
            return ()
        ttl_seconds = due // 1_000 + job.spec.rules.ttl_days * _SECONDS_A_DAY
        lane, after = (int(start[1]), start[2]) if start else (0, "")
        while lane < job.spec.lanes:
            if not has_time():
                return job.job_id, str(lane), after
            left = self.store.renew(job.job_id, lane, after or None, _ROWS_A_PAGE, ttl_seconds)
            lane, after = (lane + 1, "") if left is None else (lane, left)
        self.store.mark_renewed(job.job_id, due)
        return ()
