"""The notes on a job that may not do what its user expects."""

import pytest

from forgeledger.cli.job_text import percent_done
from forgeledger.jobs.usecases import resume_items
from forgeledger.sdk.errors import NoAnswerError
from forgeledger.sdk.records import Job


def test_a_job_that_is_reopened_without_canceled_items_has_no_note(forgeledger, ledger):
    job = ledger.create_job("nightly", seal=True, allow_empty=True)

    assert forgeledger("job", "reopen", job.job_id).err == ""


@pytest.mark.parametrize(
    ("items", "expected", "note"),
    [
        (
            ["a"],
            3,
            "sealed with 1 of 3 expected items; the others can no longer be registered",
        ),
        ([], 3, "sealed with 0 of 3 expected items, so it completes at once"),
        ([], 1, "sealed with 0 of 1 expected item, so it completes at once"),
    ],
)
def test_a_job_that_is_sealed_before_its_expected_items_came_says_so(
    forgeledger, ledger, items, expected, note
):
    job = ledger.create_job("nightly", items=items, expected_items=expected)
    lines = "\n".join(items)

    created = forgeledger(
        *("job", "create", "n", "--expected-items", expected, "--seal", "--items-file", "-"),
        "--allow-empty",
        stdin=lines,
    )
    sealed = forgeledger("job", "seal", job.job_id)
    shown = forgeledger("job", "status", job.job_id)

    assert created.code == sealed.code == 0
    assert created.err.splitlines()[-1] == f"note: {note}"
    assert sealed.err == f"note: {note}\n"
    assert f"  {note}" in shown.out


def test_a_job_that_has_what_it_expects_is_sealed_without_a_note(forgeledger, ledger):
    job = ledger.create_job("nightly", items=["a"], expected_items=1)
    canceled = ledger.create_job("canceled", items=["a"], expected_items=2)
    ledger.cancel(canceled.job_id)

    assert forgeledger("job", "seal", job.job_id).err == ""
    assert "note" not in forgeledger("job", "status", canceled.job_id).out


def test_a_note_that_cannot_be_made_is_no_error_of_what_is_done(forgeledger, api, ledger):
    job = ledger.create_job("nightly", expected_items=3)

    def unreachable(_number):
        request = api.requests[-1]
        if request.method == "GET":
            raise NoAnswerError("GET", request.url, "refused")

    api.on_request = unreachable
    ended = forgeledger("items", "register", job.job_id, "-", "--seal", stdin="a\n")
    api.on_request = None

    assert (ended.code, ended.err) == (0, "")
    assert ended.out == (
        "1 registered, 0 already existed, 0 rejected; whether the job is sealed is not known\n"
    )
    assert ledger.status(job.job_id).sealed


def test_a_canceled_job_does_not_look_done(forgeledger, ledger, world):
    job = ledger.create_job("nightly", items=["a", "b", "c", "d"])
    empty = ledger.create_job("empty")
    world.clock.pass_seconds(10)
    ledger.commands.complete(job, "a")
    for canceled in (job, empty):
        ledger.cancel(canceled)

    status = forgeledger("job", "status", job.job_id)
    listed = forgeledger("job", "list")
    watched = forgeledger("job", "watch", job.job_id)

    assert "progress     25.0%" in status.lines
    assert "rate         0.1 items/s" in status.lines, "the three were not worked on"
    assert {line.split()[3] for line in listed.lines[1:]} == {"0%", "25%"}
    assert watched.lines[0].startswith("CANCELED  25%")


def test_a_completed_job_is_done_also_without_all_the_items_it_expected(forgeledger, ledger):
    job = ledger.create_job("nightly", expected_items=3, items=["a"], seal=True)
    ledger.commands.complete(job, "a")

    ended = forgeledger("job", "status", job.job_id)

    assert "progress     100.0%" in ended.lines


@pytest.mark.parametrize(
    ("progress", "whole", "tenths"),
    [
        (0.0, "0%", "0.0%"),
        (0.29, "29%", "29.0%"),
        (0.995, "99%", "99.5%"),
        (0.999999, "99%", "99.9%"),
        (1.0, "100%", "100.0%"),
    ],
)
def test_a_percentage_is_rounded_down(progress, whole, tenths):
    job = Job(job_id="j", name="n", status="RUNNING", lanes=1, progress=progress)

    assert (percent_done(job), percent_done(job, decimals=1)) == (whole, tenths)


def test_items_that_failed_and_a_standstill_are_seen_at_a_glance(forgeledger, ledger, world):
    job = ledger.create_job("nightly", items=["a", "b"], seal=True, policy={"maxAttempts": 2})
    ledger.commands.fail(job, "a", "boom")
    ledger.seal(job)
    world.clock.pass_seconds(7_200)

    status = forgeledger("job", "status", job.job_id)
    listed = forgeledger("job", "list")
    watched = forgeledger("job", "watch", job.job_id, "--timeout", 1)
    why = forgeledger("job", "why", job.job_id)

    assert "retrying     1" in status.lines
    assert "unchanged    2 h 00 min" in status.lines
    assert not any(line.startswith(("rate", "time left")) for line in status.lines)
    assert listed.lines[0].split()[3:7] == ["DONE", "FAILED", "RETRYING", "TOTAL"]
    assert listed.lines[1].split()[3:7] == ["0%", "0", "1", "2"]
    assert watched.lines[0] == (
        "RUNNING  0%  0 of 2 items completed, 2 pending, 1 retrying  unchanged for 2 h 00 min"
    )
    assert "1 unfinished item has failed before." in why.lines


def test_a_job_is_reopened_with_the_items_that_were_canceled_with_it(forgeledger, ledger):
    job = ledger.create_job("nightly", items=["a", "b"])
    ledger.commands.cancel(job.job_id, "b")
    ledger.cancel(job.job_id)

    ended = forgeledger("job", "reopen", job.job_id, "--resume")

    assert ended.code == 0
    assert (ledger.status(job.job_id).pending, ledger.status(job.job_id).canceled) == (1, 1)


def test_a_resume_that_goes_on_says_so(forgeledger, ledger, monkeypatch):
    monkeypatch.setattr(resume_items, "ITEMS_RESUMED_AT_ONCE", 1)
    job = ledger.create_job("nightly", items=["a", "b"], lanes=1)
    ledger.cancel(job.job_id)

    ended = forgeledger("job", "reopen", job.job_id, "--resume")
    status = forgeledger("job", "status", job.job_id)
    watched = forgeledger("job", "watch", job.job_id, "--timeout", 1)
    why = forgeledger("job", "why", job.job_id)

    assert (ended.code, "are being resumed" in ended.err) == (0, True)
    assert "status       RUNNING, resuming" in status.lines
    assert watched.lines[0].startswith("RUNNING, resuming  0%")
    assert "Items that were canceled with it are being resumed." in why.lines
    forgeledger("job", "reopen", job.job_id, "--resume")
    after = forgeledger("job", "status", job.job_id)
    assert "status       RUNNING" in after.lines
