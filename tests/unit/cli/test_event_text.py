"""Journal events as text: who worked, and who asked over HTTP."""

import json


def test_an_event_says_who_asked_for_it(forgeledger, ledger):
    job = ledger.create_job("nightly", items=["a"])
    ledger.commands.claim(job.job_id, "a", worker_id="w-1")

    text = forgeledger("job", "events", job.job_id)
    item = forgeledger("job", "item", job.job_id, "a")
    as_json = forgeledger("job", "events", job.job_id, "--json")

    assert text.lines[-1].split("  ")[2:] == ["claimed", "a", "attempt 1", "w-1", "by operator"]
    assert item.lines[-1].split()[-3:] == ["w-1", "by", "operator"]
    assert json.loads(as_json.lines[-1])["clientId"] == "operator"


def test_an_event_that_nobody_asked_for_ends_without_a_name(forgeledger, ledger):
    job = ledger.create_job("nightly")
    ledger.seal(job.job_id)

    ended = forgeledger("job", "events", job.job_id)

    completed = next(line for line in ended.lines if "job.completed" in line)
    assert completed.split("  ")[1:] == ["job", "job.completed", "COMPLETED"]
