"""List jobs, from the sparse indexes over the headers."""

from collections.abc import Sequence
from typing import Final

from forgeledger.aws.dynamodb.attributes import text
from forgeledger.fast_dataclass import replace
from forgeledger.jobs.model.jobs import JobStatus
from forgeledger.jobs.model.progress import Progress
from forgeledger.jobs.ports import JobView
from forgeledger.jobs.storage.job_rows import decode_header
from forgeledger.jobs.storage.keys import (
    JOBS_BY_STATUS,
    JOBS_OPEN,
    OPEN_SHARDS,
    PROGRESS_SK,
    header_key,
    job_pk,
    open_shard,
    progress_key,
    status_shards,
)
from forgeledger.jobs.storage.ledger_table import LedgerTable
from forgeledger.jobs.storage.progress_rows import decode_progress

# Otherwise a rare tag or name would read all jobs.
_ROUNDS: Final = 5


class JobIndex(LedgerTable):
    def list_jobs(
        self,
        status: JobStatus | None,
        tag: str | None,
        before: str | None,
        limit: int,
        *,
        name: str | None = None,
    ) -> tuple[tuple[JobView, ...], str | None]:
        views: list[JobView] = []
        for _ in range(_ROUNDS):
            job_ids, more = self._newest(status, before, limit)
            for view in self._headers(job_ids):
                job = view.job
                # The index lags behind the headers, which decide.
                if status is not None and job.status is not status:
                    continue
                if tag is not None and tag not in job.spec.tags:
                    continue
                if name is not None and not job.spec.is_named(name):
                    continue
                if len(views) == limit:
                    return tuple(views), views[-1].job.job_id
                views.append(view)
            if not more:
                return tuple(views), None
            before = job_ids[-1]
            if len(views) == limit:
                break
        return tuple(views), before

    def list_open(self, after: str | None, limit: int) -> tuple[tuple[str, ...], str | None]:
        """Shard by shard, since all of them are wanted and their order does not matter."""
        job_ids: list[str] = []
        for shard in range(0 if after is None else open_shard(after), OPEN_SHARDS):
            left = limit - len(job_ids)
            if left == 0:
                # The next shards may be empty, which the next page finds.
                return tuple(job_ids), job_ids[-1]
            part, more = self._job_ids(JOBS_OPEN, "open", str(shard), left, after, newest=False)
            job_ids += part
            if more:
                return tuple(job_ids), job_ids[-1]
            after = None
        return tuple(job_ids), None

    def _newest(
        self, status: JobStatus | None, before: str | None, limit: int
    ) -> tuple[list[str], bool]:
        """Ids of one status or of all, merged from a page of each of their shards."""
        statuses = JobStatus if status is None else (status,)
        shards = [shard for listed in statuses for shard in status_shards(listed.value)]
        pages = self._parallel(
            lambda shard: self._job_ids(
                JOBS_BY_STATUS, "jobStatus", shard, limit, before, newest=True
            ),
            shards,
        )
        # A job whose status changes meanwhile may be in two of them.
        job_ids = {job_id for part, _ in pages for job_id in part}
        more = any(part_has_more for _, part_has_more in pages)
        merged = sorted(job_ids, reverse=True)
        return merged[:limit], more or len(merged) > limit

    def _job_ids(
        self, index: str, attribute: str, value: str, limit: int, bound: str | None, *, newest: bool
    ) -> tuple[list[str], bool]:
        condition, values = "#attribute = :value", {":value": text(value)}
        if bound is not None:
            condition += f" AND jobId {'<' if newest else '>'} :bound"
            values[":bound"] = text(bound)
        rows, more = self._table.query(
            limit,
            forward=not newest,
            IndexName=index,
            KeyConditionExpression=condition,
            ExpressionAttributeNames={"#attribute": attribute},
            ExpressionAttributeValues=values,
        )
        return [row["jobId"]["S"] for row in rows], more

    def _headers(self, job_ids: Sequence[str]) -> list[JobView]:
        """With their progress, of which a new job has none."""
        keys = [key_of(job_id) for job_id in job_ids for key_of in (header_key, progress_key)]
        views: list[JobView] = []
        progress: dict[str, Progress] = {}
        for row in self._table.read(keys):
            if row["SK"]["S"] == PROGRESS_SK:
                progress[row["PK"]["S"]] = decode_progress(row)
            else:
                views.append(decode_header(row))
        views.sort(key=lambda view: view.job.job_id, reverse=True)
        return [
            replace(view, progress=progress.get(job_pk(view.job.job_id), Progress()))
            for view in views
        ]
