"""The WORK row in the table."""

from forgeledger.aws.dynamodb.table import Table
from forgeledger.execution.model.work import LaneWork, Work
from forgeledger.execution.storage.work_rows import decode_work, encode_work, unchanged, work_key
from forgeledger.jobs.model.ids import lanes_of
from forgeledger.jobs.model.jobs import Job


class DynamoWorkStore:
    def __init__(self, table: Table) -> None:
        self._table = table

    def load_work(self, job_id: str) -> Work:
        row = self._table.read_one(work_key(job_id))
        if row is not None:
            return decode_work(row)
        return Work(job_id=job_id, lanes=(LaneWork(),) * (lanes_of(job_id) or 0))

    def save_work(self, job: Job, work: Work) -> bool:
        return self._table.put(encode_work(job, work), **unchanged(work))
