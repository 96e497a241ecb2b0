"""Load a job or a lane that must exist."""

from collections.abc import Sequence

from forgeledger.errors import JobNotFound
from forgeledger.jobs.ports import JobStore, JobView, LaneStore, LaneView


def require_job(jobs: JobStore, job_id: str) -> JobView:
    view = jobs.load_job(job_id)
    if view is None:
        raise JobNotFound(job_id)
    return view


def require_lane(
    lanes: LaneStore, job_id: str, lane: int, item_ids: Sequence[str], *, with_job: bool = False
) -> LaneView:
    view = lanes.load_lane(job_id, lane, item_ids, with_job=with_job)
    if view is None:
        raise JobNotFound(job_id)
    return view
