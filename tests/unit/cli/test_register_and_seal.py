"""What `items register --seal` says of the job afterwards: its state, not the option."""

import json

import pytest

from forgeledger.cli import exit_codes

NOT_SEALED = "job_finished: it is CANCELED and not sealed; to continue it: `forgeledger job reopen`"


@pytest.fixture
def job(ledger):
    return ledger.create_job("nightly")


def test_a_job_that_was_sealed_by_it_is_said_to_be_sealed(forgeledger, job):
    ended = forgeledger("items", "register", job.job_id, "-", "--seal", stdin="a\n")

    assert (ended.code, ended.err) == (0, "")
    assert ended.out == "1 registered, 0 already existed, 0 rejected, sealed\n"


def test_a_canceled_job_is_not_said_to_be_sealed(forgeledger, ledger, job):
    ledger.cancel(job.job_id)

    ended = forgeledger("items", "register", job.job_id, "-", "--seal", stdin="a\n")

    assert ended.code == exit_codes.REFUSED
    assert ended.out == "0 registered, 0 already existed, 1 rejected, not sealed\n"
    assert ended.err.splitlines() == [
        "a: job_closed",
        f"forgeledger: {NOT_SEALED}",
    ]


def test_known_items_of_an_ended_job_do_not_hide_that_it_is_not_sealed(forgeledger, ledger, job):
    ledger.register(job, ["a"])
    ledger.cancel(job.job_id)

    ended = forgeledger("items", "register", job.job_id, "-", "--seal", "--json", stdin="a\n")

    assert ended.code == exit_codes.REFUSED
    answer = json.loads(ended.out)
    assert (answer["rejected"], answer["sealed"]) == (0, False)


def test_without_the_option_json_has_the_jobs_state_as_well(forgeledger, ledger, job):
    ledger.seal(job.job_id)

    ended = forgeledger("items", "register", job.job_id, "-", "--json", stdin="late\n")

    assert json.loads(ended.out)["sealed"] is True
