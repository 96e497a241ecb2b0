"""The table's keys: which row stands where.

| PK                 | SK                | row                                   |
|--------------------|-------------------|---------------------------------------|
| JOB#{jobId}        | JOB               | header of a job                       |
| JOB#{jobId}        | FACT#{number}     | what happened to the job as a whole   |
| JOB#{jobId}        | PROGRESS          | its counts as last rolled up          |
| JOB#{jobId}        | WORK              | how far its items are handed out      |
| JOB#{jobId}#{lane} | LANE              | head of a lane                        |
| JOB#{jobId}#{lane} | ITEM#{itemId}     | an item                               |
| JOB#{jobId}#{lane} | LOG#{offset}      | the events of one commit              |
| JOB#{jobId}#{lane} | DUE#{ms}#{offset} | when a pending item may be handed out |
| JOBKEY#{clientId}#{jobKey} | JOBKEY    | the job that a client's key names     |
| CHECKPOINT         | {pass}            | where a pass over all jobs stopped    |
"""

from typing import Final

from forgeledger.aws.dynamodb.attributes import Row
from forgeledger.aws.dynamodb.key_ranges import key
from forgeledger.clock.model.due import SHARDS
from forgeledger.jobs.model.ids import last_digit

HEADER_SK: Final = "JOB"
PROGRESS_SK: Final = "PROGRESS"
HEAD_SK: Final = "LANE"
JOB_KEY_SK: Final = "JOBKEY"
ITEM_PREFIX: Final = "ITEM#"
DUE_PREFIX: Final = "DUE#"
FACT_PREFIX: Final = "FACT#"

# Header rows by status, and those of jobs that run or have unpublished facts. Both indexes are
# sparse: commits of lanes are not in them. Their keys are spread over shards, since one partition
# takes a thousand writes a second, and a throttled index throttles the whole table.
JOBS_BY_STATUS: Final = "jobs-by-status"
JOBS_OPEN: Final = "jobs-open"
STATUS_SHARDS: Final = 4
OPEN_SHARDS: Final = 16


def job_pk(job_id: str) -> str:
    return f"JOB#{job_id}"


def lane_pk(job_id: str, lane: int) -> str:
    return f"JOB#{job_id}#{lane}"


def lane_of_pk(pk: str) -> int:
    return int(pk.rpartition("#")[2])


def item_sk(item_id: str) -> str:
    return f"{ITEM_PREFIX}{item_id}"


def item_id_of(row: Row) -> str:
    return str(row["SK"]["S"]).removeprefix(ITEM_PREFIX)


def due_sk(due_at: int, offset: int) -> str:
    """Padded, so that the rows stand in the order of time."""
    return f"{DUE_PREFIX}{due_at:013d}#{offset:012d}"


def fact_sk(number: int) -> str:
    return f"{FACT_PREFIX}{number:012d}"


def status_shard(status: str, job_id: str) -> str:
    """The key of a job in the index of jobs by status."""
    return f"{status}#{last_digit(job_id) % STATUS_SHARDS}"


def status_of(shard: str) -> str:
    return shard.partition("#")[0]


def status_shards(status: str) -> list[str]:
    return [f"{status}#{shard}" for shard in range(STATUS_SHARDS)]


def open_shard(job_id: str) -> int:
    """The key of a job in the index of open jobs."""
    return last_digit(job_id) % OPEN_SHARDS


def due_shard(job_id: str) -> str:
    """The key of a job in the index of what is due."""
    return str(last_digit(job_id) % SHARDS)


def checkpoint_key(work: str) -> Row:
    return key("CHECKPOINT", work)


def job_key_key(client_id: str, job_key: str) -> Row:
    return key(f"JOBKEY#{client_id}#{job_key}", JOB_KEY_SK)


def header_key(job_id: str) -> Row:
    return key(job_pk(job_id), HEADER_SK)


def progress_key(job_id: str) -> Row:
    return key(job_pk(job_id), PROGRESS_SK)


def head_key(job_id: str, lane: int) -> Row:
    return key(lane_pk(job_id, lane), HEAD_SK)
