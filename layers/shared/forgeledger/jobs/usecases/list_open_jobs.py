"""Go through all open jobs, page by page."""

from collections.abc import Iterator

from forgeledger.jobs.ports import JobLists

_JOBS_A_PAGE = 100


def open_job_ids(lists: JobLists, after: str | None) -> Iterator[str]:
    """Ids of all jobs that run or have unpublished facts, after `after`."""
    more = True
    while more:
        job_ids, after = lists.list_open(after, _JOBS_A_PAGE)
        yield from job_ids
        more = after is not None
