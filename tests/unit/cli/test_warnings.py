"""Warnings of the API go to the standard error, each once."""

import json

WARNING = "warning: colour is no field of this object and is ignored\n"


def test_a_job_is_created_with_a_warning_of_what_was_ignored(forgeledger, api):
    api.more_fields = {"colour": 1}

    ended = forgeledger("job", "create", "nightly", "--json")

    assert (ended.code, ended.err) == (0, WARNING)
    assert json.loads(ended.out)["warnings"][0]["field"] == "colour"


def test_a_registration_of_many_requests_warns_once(forgeledger, ledger, api):
    job = ledger.create_job("nightly")
    api.more_fields = {"colour": 1}

    ended = forgeledger(
        *("items", "register", job.job_id, "-", "--seal"),
        stdin="".join(f"item-{number}\n" for number in range(2_500)),
    )

    assert (ended.code, ended.err) == (0, WARNING)


def test_the_journal_shows_what_a_command_had_in_vain(forgeledger, ledger, api):
    job = ledger.create_job("nightly", items=["a"])
    api.more_fields = {"colour": 1}
    ledger.commands.complete(job, "a")

    ended = forgeledger("job", "item", job.job_id, "a")

    assert ended.lines[-1].endswith("ignored colour, by operator")
