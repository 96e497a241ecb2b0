"""`job report` and `job retry`."""

import json

import pytest

from forgeledger.cli import exit_codes
from forgeledger.sdk.failure import Failure


@pytest.fixture
def failed(ledger):
    job = ledger.create_job("nightly", items=["a"], seal=True, policy={"toleratedFailures": 0})
    ledger.commands.claim(job.job_id, "a")
    ledger.commands.fail(job.job_id, "a", Failure(type="Broken", retryable=False))
    ledger.seal(job)
    return job.job_id


def test_a_report_says_how_a_job_went(forgeledger, failed):
    ended = forgeledger("job", "report", failed)

    assert ended.code == exit_codes.DONE
    for text in ("FAILED", "tolerance", "epoch 1", "1 item: 1 failed", "Broken: 1"):
        assert text in ended.out


def test_as_json_it_is_the_apis(forgeledger, failed):
    document = json.loads(forgeledger("job", "report", failed, "--json").out)

    assert (document["final"], document["outcome"]) == (True, "FAILED")


def test_of_a_job_that_runs_there_is_no_outcome_yet(forgeledger, ledger):
    job_id = ledger.create_job("nightly").job_id

    ended = forgeledger("job", "report", job_id)

    assert "none yet" in ended.out
    assert "0 items" in ended.out


def test_a_failed_job_of_one_item_is_retried(forgeledger, ledger, failed):
    first, again = forgeledger("job", "retry", failed), forgeledger("job", "retry", failed)

    assert (first.code, again.code) == (exit_codes.DONE, exit_codes.DONE)
    assert "RUNNING" in first.out
    assert "it was retried already; nothing changed" in again.err
    assert ledger.status(failed).epoch == 2


def test_any_other_job_is_not(forgeledger, ledger):
    running = ledger.create_job("nightly", items=["a"]).job_id
    larger = ledger.create_job("nightly", items=["a", "b"]).job_id

    refused, wrong = forgeledger("job", "retry", running), forgeledger("job", "retry", larger)

    assert (refused.code, "not_failed" in refused.err) == (exit_codes.REFUSED, True)
    assert wrong.code == exit_codes.USAGE
    assert "is for jobs of one item; the job has 2" in wrong.err
