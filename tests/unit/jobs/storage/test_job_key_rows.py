"""A job's key costs rows of its own, and a job without one costs what it did."""

from dataclasses import replace

import pytest

from forgeledger.errors import StorageCorrupt
from forgeledger.jobs.model.job_keys import KeyClaim
from forgeledger.jobs.model.jobs import JobStatus
from forgeledger.jobs.storage.job_key_rows import claim_actions, decode_key_holder, ttl_actions
from forgeledger.jobs.storage.job_rows import encode_header
from forgeledger.jobs.storage.keys import job_key_key
from tests.support.builders import NOW, make_job


def test_the_header_of_a_job_without_a_key_has_no_attribute_more():
    assert not {"jobKey", "clientId", "keyMoved"} & encode_header(make_job()).keys()


def test_a_job_without_a_key_has_no_action_more():
    running = make_job()
    finished = replace(running, status=JobStatus.COMPLETED, finished_at=NOW)

    assert claim_actions("table", running, None) == []
    assert ttl_actions("table", running, finished) == []


def test_a_key_is_written_with_its_job_with_each_end_and_with_each_return_only():
    running = make_job(job_key="k")
    finished = replace(running, status=JobStatus.COMPLETED, finished_at=NOW)
    sealed = replace(running, facts=2)

    written = [
        len(claim_actions("table", running, KeyClaim(fingerprint="f"))),
        len(ttl_actions("table", running, sealed)),
        len(ttl_actions("table", running, finished)),
        len(ttl_actions("table", finished, running)),
    ]

    assert written == [1, 0, 1, 1]


def test_a_row_without_a_job_is_corrupt():
    with pytest.raises(StorageCorrupt, match="JOBKEY#operator#k JOBKEY"):
        decode_key_holder(job_key_key("operator", "k"))
