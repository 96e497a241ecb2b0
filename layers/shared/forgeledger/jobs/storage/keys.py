"""The table's keys: which row stands where.

| PK                 | SK               | row                                       |
|--------------------|------------------|-------------------------------------------|
| JOB#{jobId}        | JOB              | header of a job                           |
| JOB#{jobId}        | FACT#{number}    | what happened to the job as a whole       |
| JOB#{jobId}        | PROGRESS         | its counts as last rolled up              |
| JOB#{jobId}#{lane} | LANE             | head of a lane                            |
| JOB#{jobId}#{lane} | ITEM#{itemId}    | an item                                   |
| JOB#{jobId}#{lane} | LOG#{offset}     | the events of one commit                  |
| CHECKPOINT         | {pass}           | where a pass over all jobs stopped        |
"""

from typing import Final

from forgeledger.aws.dynamodb.attributes import Row
from forgeledger.aws.dynamodb.key_ranges import key

HEADER_SK: Final = "JOB"
PROGRESS_SK: Final = "PROGRESS"
HEAD_SK: Final = "LANE"
ITEM_PREFIX: Final = "ITEM#"
FACT_PREFIX: Final = "FACT#"

# Header rows by status, and those of jobs that run or have unpublished facts. Both indexes are
# sparse: nothing that the intake writes is in them.
JOBS_BY_STATUS: Final = "jobs-by-status"
JOBS_OPEN: Final = "jobs-open"
OPEN_MARK: Final = "1"


def job_pk(job_id: str) -> str:
    return f"JOB#{job_id}"


def lane_pk(job_id: str, lane: int) -> str:
    return f"JOB#{job_id}#{lane}"


def item_sk(item_id: str) -> str:
    return f"{ITEM_PREFIX}{item_id}"


def fact_sk(number: int) -> str:
    return f"{FACT_PREFIX}{number:012d}"


def checkpoint_key(work: str) -> Row:
    return key("CHECKPOINT", work)


def header_key(job_id: str) -> Row:
    return key(job_pk(job_id), HEADER_SK)


def progress_key(job_id: str) -> Row:
    return key(job_pk(job_id), PROGRESS_SK)


def head_key(job_id: str, lane: int) -> Row:
    return key(lane_pk(job_id, lane), HEAD_SK)
