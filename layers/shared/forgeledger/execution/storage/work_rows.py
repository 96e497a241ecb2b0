"""The WORK row of a job: how far its items are handed out, as short as it can be."""

from collections.abc import Sequence
from typing import Any, Final

from forgeledger.aws.dynamodb.attributes import (
    Row,
    compact_json,
    decoder,
    number,
    numbers,
    optional_number,
    parse_json,
    text,
    ttl_of,
)
from forgeledger.execution.model.work import LaneWork, Work
from forgeledger.jobs.model.due_rows import DueKey
from forgeledger.jobs.model.jobs import Job
from forgeledger.jobs.storage.keys import job_pk

WORK_SK: Final = "WORK"


def work_key(job_id: str) -> Row:
    return {"PK": text(job_pk(job_id)), "SK": text(WORK_SK)}


def encode_work(job: Job, work: Work) -> Row:
    """Times are milliseconds after `at`; `sent` is how far it lags behind `taken`."""
    at = work.taken_at
    lanes = [
        [lane.taken, lane.taken - lane.sent, lane.handed, *_lane_rest(at, lane)]
        for lane in work.lanes
    ]
    due = [[row.lane, row.due_at - at, row.offset] for row in work.due]
    return {
        **work_key(work.job_id),
        "lanes": text(compact_json(lanes)),
        "due": text(compact_json(due)),
        "owner": text(work.owner),
        **numbers(
            v=work.version,
            at=at,
            searchedAt=work.searched_at,
            searchWait=work.search_wait_ms,
            searchLane=work.search_lane,
            ttl=ttl_of(at, job.spec.rules.ttl_days),
        ),
    }


@decoder
def decode_work(row: Row) -> Work:
    job_id, at = row["PK"]["S"].removeprefix("JOB#"), int(row["at"]["N"])
    lanes: list[list[int | None]] = parse_json(row["lanes"]["S"])
    due: list[list[int]] = parse_json(row["due"]["S"])
    return Work(
        job_id=job_id,
        version=int(row["v"]["N"]),
        lanes=tuple(_lane(at, values) for values in lanes),
        due=tuple(
            DueKey(job_id=job_id, lane=lane, due_at=at + after, offset=offset)
            for lane, after, offset in due
        ),
        owner=row["owner"]["S"],
        taken_at=at,
        searched_at=int(row["searchedAt"]["N"]),
        search_wait_ms=int(row["searchWait"]["N"]),
        search_lane=optional_number(row, "searchLane"),
    )


def unchanged(work: Work) -> dict[str, Any]:
    """The condition under which this version is written."""
    if work.version == 1:
        return {"ConditionExpression": "attribute_not_exists(PK)"}
    return {
        "ConditionExpression": "v = :v",
        "ExpressionAttributeValues": {":v": number(work.version - 1)},
    }


def _lane_rest(at: int, lane: LaneWork) -> list[int | None]:
    times = (lane.next_due, lane.sweep_at, lane.swept_at)
    return [*(time - at if time else None for time in times), lane.seen]


def _lane(at: int, values: Sequence[int | None]) -> LaneWork:
    taken, lag, handed, next_due, sweep_at, swept_at, seen = values
    assert taken is not None
    assert lag is not None
    assert handed is not None
    assert seen is not None
    return LaneWork(
        taken=taken,
        sent=taken - lag,
        handed=handed,
        next_due=0 if next_due is None else at + next_due,
        sweep_at=0 if sweep_at is None else at + sweep_at,
        swept_at=0 if swept_at is None else at + swept_at,
        seen=seen,
    )
