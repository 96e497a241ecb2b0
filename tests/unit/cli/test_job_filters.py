"""`job list` by name, `job items` by type of error and worker."""

import json


def test_jobs_are_listed_by_a_part_of_their_name(forgeledger, ledger):
    wanted = ledger.create_job("invoices of November")
    ledger.create_job("letters")

    ended = forgeledger("job", "list", "--name", "OF NOV", "--json")

    assert [json.loads(line)["jobId"] for line in ended.lines] == [wanted.job_id]


def test_items_are_listed_by_type_of_error_and_worker(forgeledger, ledger):
    job = ledger.create_job("nightly", items=["a", "b", "c"])
    ledger.commands.claim(job.job_id, "a", worker_id="w-1")
    for item_id, kind in (("a", "Timeout"), ("b", "Timeout"), ("c", "Other")):
        ledger.commands.fail(job.job_id, item_id, type(kind, (Exception,), {})("x"))

    by_type = forgeledger("job", "items", job.job_id, "--error-type", "Timeout", "--json")
    by_both = forgeledger(
        "job", "items", job.job_id, "--error-type", "Timeout", "--worker-id", "w-1", "--json"
    )

    assert {json.loads(line)["itemId"] for line in by_type.lines} == {"a", "b"}
    assert [json.loads(line)["itemId"] for line in by_both.lines] == ["a"]
