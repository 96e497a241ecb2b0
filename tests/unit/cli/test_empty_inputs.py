"""An input without items completes no job by accident."""

import pytest

from forgeledger.cli import exit_codes

NO_ITEMS = "no items were given, and a job without items completes as soon as it is sealed"


@pytest.mark.parametrize("more", [(), ("-q",), ("--json",)])
@pytest.mark.parametrize("text", ["", "\n\n"])
def test_a_file_without_items_is_reported_with_the_job(forgeledger, ledger, tmp_path, more, text):
    file = tmp_path / "empty.txt"
    file.write_text(text, encoding="utf-8")

    words = ("--items-file", file, "--seal", "--allow-empty")
    ended = forgeledger("job", "create", "nightly", *words, *more)

    (job,) = ledger.jobs()
    assert (ended.code, job.is_complete) == (0, True)
    assert job.job_id in ended.out
    assert ended.err == f"{file}: the input has no items\n"


@pytest.mark.parametrize("words", [(), ("--items-file", "-"), ("--expected-items", "3")])
def test_a_job_of_nothing_is_not_sealed_by_accident(forgeledger, ledger, words):
    ended = forgeledger("job", "create", "nightly", "--seal", *words, stdin="\n")

    assert ended.code == exit_codes.USAGE
    assert ended.err == f"forgeledger: --seal: {NO_ITEMS}; --allow-empty permits that\n"
    assert list(ledger.jobs()) == []


@pytest.mark.parametrize("text", ["", "\n\n"])
def test_a_job_is_not_sealed_by_an_empty_input(forgeledger, ledger, text):
    job = ledger.create_job("nightly")

    ended = forgeledger("items", "register", job.job_id, "-", "--seal", stdin=text)

    assert (ended.code, ended.out) == (exit_codes.USAGE, "")
    assert ended.err == f"forgeledger: --seal: {NO_ITEMS}; --allow-empty permits that\n"
    assert not ledger.status(job).sealed


def test_an_empty_input_seals_a_job_for_which_that_is_meant(forgeledger, ledger):
    job = ledger.create_job("nightly")
    words = ("items", "register", job.job_id, "-", "--seal", "--allow-empty")

    ended = forgeledger(*words, stdin="")

    assert (ended.code, ledger.status(job).status) == (0, "COMPLETED")
    assert ended.out == "0 registered, 0 already existed, 0 rejected, sealed\n"


def test_an_empty_input_without_seal_is_no_error(forgeledger, ledger):
    job = ledger.create_job("nightly")

    ended = forgeledger("items", "register", job.job_id, "-", stdin="")

    assert (ended.code, ended.err) == (0, "the input has no items\n")
