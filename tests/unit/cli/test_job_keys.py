"""`job create --job-key`: a name of one's own, which makes one job."""

import json

import pytest

from forgeledger.cli import exit_codes

CREATE = ("job", "create", "report", "--job-key", "report-2026-11")
EXISTED = "note: a job with this key existed already, and is the one that is shown"


def test_a_repeated_key_makes_one_job_and_says_so(forgeledger, ledger):
    first, second = forgeledger(*CREATE, "-q"), forgeledger(*CREATE, "-q")

    assert first.out == second.out
    assert (first.err.strip(), second.err.strip()) == ("", EXISTED)
    assert len(list(ledger.jobs())) == 1


def test_another_specification_is_refused(forgeledger, ledger):
    forgeledger(*CREATE)

    refused = forgeledger(*CREATE, "--ttl-days", 7)

    assert refused.code == exit_codes.REFUSED
    assert "job_key_reused: The jobKey names the job " in refused.err
    assert len(list(ledger.jobs())) == 1


def test_the_key_of_a_canceled_job_makes_a_new_one_when_asked_for(forgeledger, ledger):
    old = forgeledger(*CREATE, "-q").out.strip()
    forgeledger("job", "cancel", old)

    new = forgeledger(*CREATE, "--job-key-reuse", "after-failure", "-q").out.strip()

    assert new != old
    assert ledger.status(old).job_key_moved_to == new
    facts = forgeledger("job", "status", old).out
    assert "report-2026-11" in facts
    assert new in facts
    refused = forgeledger("job", "reopen", old)
    assert (refused.code, "job_key_reused" in refused.err) == (exit_codes.REFUSED, True)


def test_as_json_the_answer_says_whether_the_job_is_new(forgeledger, ledger):
    created = [json.loads(forgeledger(*CREATE, "--json").out)["created"] for _ in range(2)]

    assert created == [True, False]


@pytest.mark.parametrize(
    "words", [("--job-key", ""), ("--job-key", "k", "--job-key-reuse", "always")]
)
def test_a_wrong_option_is_refused_and_makes_no_job(forgeledger, ledger, words):
    ended = forgeledger("job", "create", "report", *words)

    assert ended.code == exit_codes.USAGE
    assert words[-2] in ended.err
    assert list(ledger.jobs()) == []


def test_reuse_without_a_key_is_refused(forgeledger, ledger):
    ended = forgeledger("job", "create", "report", "--job-key-reuse", "after-failure")

    assert ended.code == exit_codes.USAGE
    assert "--job-key-reuse: is for jobs with a jobKey" in ended.err
