"""The checkpoint of a pass that extends the retention of the open jobs."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forgeledger.jobs.model.retention import RetentionCheckpoint
from tests.support.builders import JOB_ID, NOW

AFTER_A_JOB = st.builds(RetentionCheckpoint, job_id=st.text(min_size=1))
WITHIN_A_JOB = st.builds(
    RetentionCheckpoint,
    job_id=st.text(min_size=1),
    due=st.integers(0, 2**53),
    lanes=st.lists(st.none() | st.text(), max_size=5).map(tuple),
    failed=st.booleans(),
)


@given(AFTER_A_JOB | WITHIN_A_JOB)
def test_a_checkpoint_comes_back_from_its_row(checkpoint: RetentionCheckpoint) -> None:
    row = json.loads(json.dumps(checkpoint.to_row()))

    assert RetentionCheckpoint.from_row(row) == checkpoint


def beginning(lanes: int) -> RetentionCheckpoint:
    return RetentionCheckpoint(job_id=JOB_ID, due=NOW, lanes=("",) * lanes)


@pytest.mark.parametrize(
    "row",
    [
        {},
        {"job_id": JOB_ID, "due": NOW, "failed": False},
        {"job_id": JOB_ID, "lanes": None},
        {"lanes": []},
        {**RetentionCheckpoint(job_id=JOB_ID).to_row(), "a_later_field": 1},
    ],
)
def test_without_a_row_of_this_version_there_is_no_checkpoint(row: dict[str, Any]) -> None:
    assert RetentionCheckpoint.from_row(row) is None


def test_a_checkpoint_is_after_a_job_or_within_it() -> None:
    assert not RetentionCheckpoint(job_id=JOB_ID).is_within_job
    assert beginning(lanes=2).is_within_job


def test_each_lane_continues_after_its_own_row_until_it_is_done() -> None:
    start = beginning(lanes=3)

    moved = start.moved(1, "ITEM#a", failed=False).moved(2, None, failed=False)

    assert start.unfinished_lanes == ((0, None), (1, None), (2, None))
    assert moved.unfinished_lanes == ((0, None), (1, "ITEM#a"))
    assert moved.moved(0, None, failed=False).moved(1, None, failed=False).unfinished_lanes == ()


def test_a_failure_in_one_lane_stays_with_the_checkpoint() -> None:
    start = beginning(lanes=2)

    failed = start.moved(0, None, failed=True).moved(1, None, failed=False)

    assert (start.failed, failed.failed) == (False, True)
