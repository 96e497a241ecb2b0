"""The WORK row survives its encoding, and stays small."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forgeledger.errors import StorageCorrupt
from forgeledger.execution.model.flight import FLIGHT_DUE_ROWS
from forgeledger.execution.model.work import LaneWork, Work
from forgeledger.execution.storage.work_rows import decode_work, encode_work, unchanged
from forgeledger.jobs.model.due_rows import DueKey
from tests.support.builders import JOB_ID, NOW, make_job
from tests.support.row_sizes import row_bytes

_offsets = st.integers(0, 10**9)
_times = st.just(0) | st.integers(NOW - 10**9, NOW + 10**11)


@st.composite
def works(draw: st.DrawFn) -> Work:
    lanes = []
    for _ in range(draw(st.integers(1, 4))):
        taken = draw(_offsets)
        sent = taken - draw(st.integers(0, min(taken, 50)))
        lanes.append(
            LaneWork(
                taken=taken,
                sent=sent,
                handed=draw(_offsets),
                next_due=draw(_times),
                sweep_at=draw(_times),
                swept_at=draw(_times),
                seen=draw(_offsets),
            )
        )
    due = [
        DueKey(
            job_id=JOB_ID, lane=lane, due_at=draw(st.integers(0, NOW * 2)), offset=draw(_offsets)
        )
        for lane in range(draw(st.integers(0, 3)))
    ]
    return Work(
        job_id=JOB_ID,
        lanes=tuple(lanes),
        version=draw(st.integers(1, 10**9)),
        due=tuple(due),
        owner=draw(st.text(max_size=36)),
        taken_at=draw(st.integers(0, NOW * 2)),
        searched_at=draw(_times),
        search_wait_ms=draw(_offsets),
        search_lane=draw(st.none() | st.integers(0, 63)),
    )


@given(works())
def test_a_row_decodes_to_what_was_encoded(work: Work) -> None:
    assert decode_work(encode_work(make_job(), work)) == work


def full(lanes: int) -> Work:
    """As it is in a large job, in the middle of a flight."""
    lane = LaneWork(
        taken=150_000,
        sent=149_000,
        handed=70_000,
        next_due=NOW + 60_000,
        sweep_at=NOW + 300_000,
        swept_at=NOW - 300_000,
        seen=149_999,
    )
    due = DueKey(job_id=JOB_ID, lane=lanes - 1, due_at=NOW - 1_000, offset=149_999)
    return Work(
        job_id=JOB_ID,
        lanes=(lane,) * lanes,
        version=9_999,
        due=(due,) * FLIGHT_DUE_ROWS,
        owner="01234567-89ab-cdef-0123-456789abcdef",
        taken_at=NOW,
        searched_at=NOW,
        search_wait_ms=3_600_000,
    )


@pytest.mark.parametrize(("lanes", "units"), [(1, 1), (4, 1), (16, 2), (64, 4)])
def test_a_flight_writes_few_units_whatever_it_reserves(lanes: int, units: int) -> None:
    settled = full(lanes).settled()

    reserved_bytes = row_bytes(encode_work(make_job(), full(lanes)))
    settled_bytes = row_bytes(encode_work(make_job(), settled))

    assert reserved_bytes <= units * 1_024
    assert settled_bytes < reserved_bytes


def test_without_due_rows_a_flight_of_sixteen_lanes_is_one_unit() -> None:
    work = replace(full(16), due=())

    assert row_bytes(encode_work(make_job(), work)) <= 1_024


def test_only_the_first_version_may_create_the_row() -> None:
    first, later = replace(full(1), version=1), replace(full(1), version=2)

    assert unchanged(first) == {"ConditionExpression": "attribute_not_exists(PK)"}
    assert unchanged(later)["ExpressionAttributeValues"] == {":v": {"N": "1"}}


def test_a_row_that_cannot_be_read_is_corrupt() -> None:
    row = {**encode_work(make_job(), full(1)), "lanes": {"S": "[[1]]"}}

    with pytest.raises(StorageCorrupt, match="WORK"):
        decode_work(row)
