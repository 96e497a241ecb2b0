import json

import pytest

from forgeledger.cli import exit_codes
from forgeledger.sdk.api.transport import HttpResponse

STAYS_CANCELED = (
    "1 item stays canceled while the job runs. What was canceled with it can be resumed when it "
    "has ended again: `forgeledger job reopen --resume` (after `job cancel`, say); what was "
    "canceled by itself can be registered under another id"
)
NO_SUCH_JOB = "01KAJXPF80000APN59HKNHY2PJ-8"


def test_a_job_is_created_and_its_headline_printed(forgeledger):
    ended = forgeledger("job", "create", "nightly", "--lanes", 2, "--expected-items", 5)

    assert ended.code == 0
    assert "RUNNING, 0 of 0 items completed, 2 lanes" in ended.out


def test_quiet_prints_the_id_alone_so_that_a_script_can_keep_it(forgeledger, ledger):
    ended = forgeledger("job", "create", "nightly", "-q")

    assert ledger.status(ended.out.strip()).name == "nightly"


def test_everything_that_was_said_of_a_job_reaches_the_ledger(forgeledger, ledger):
    ended = forgeledger(
        *("job", "create", "nightly", "--json", "--auto-register", "--max-attempts", 3),
        *("--lease-seconds", 60, "--tolerated-failures", 4, "--tolerated-failure-percent", 2.5),
        *("--metadata", '{"team": "billing"}', "--tag", "a", "--tag", "b", "--ttl-days", 7),
        *("--deadline-seconds", 900, "--idempotency-key", "once"),
    )

    document = json.loads(ended.out)
    assert document["policy"] | {"backoffBaseSeconds": 0, "backoffCapSeconds": 0} == {
        "maxAttempts": 3,
        "leaseSeconds": 60,
        "toleratedFailures": 4,
        "toleratedFailurePercent": 2.5,
        "backoffBaseSeconds": 0,
        "backoffCapSeconds": 0,
        "permanentErrors": [],
        "runSeconds": None,
    }
    assert (document["metadata"], document["tags"]) == ({"team": "billing"}, ["a", "b"])
    assert document["ttlDays"] == 7
    assert document["autoRegister"] is True
    assert document["deadlineAt"] is not None


def test_expected_items_need_not_be_registered_on_the_way(forgeledger, ledger):
    words = ("job", "create", "nightly", "--json", "--expected-items", 2)

    default, refused = forgeledger(*words), forgeledger(*words, "--no-auto-register")

    assert json.loads(default.out)["autoRegister"] is True
    assert json.loads(refused.out)["autoRegister"] is False


def test_a_repeated_key_makes_one_job(forgeledger, ledger):
    words = ("job", "create", "nightly", "-q", "--idempotency-key", "once")

    first, second = forgeledger(*words), forgeledger(*words)

    assert first.out == second.out
    assert len(list(ledger.jobs())) == 1


@pytest.mark.parametrize(
    ("key", "rule"),
    [("", "must have 1 to 256 characters"), (" ", "must be printable Latin-1 without a space")],
)
def test_an_empty_key_is_refused_by_its_option_and_makes_no_job(forgeledger, ledger, key, rule):
    ended = forgeledger("job", "create", "nightly", "--idempotency-key", key)

    assert ended.code == exit_codes.USAGE
    assert ended.err.startswith(f"forgeledger: --idempotency-key: {rule}")
    assert list(ledger.jobs()) == []


def test_planned_items_choose_the_lanes_and_nothing_else(forgeledger):
    ended = forgeledger("job", "create", "nightly", "--planned-items", 200_000, "--json")

    job = json.loads(ended.out)
    assert (job["lanes"], job["expectedItems"], job["autoRegister"]) == (16, None, False)


def test_a_job_without_a_file_has_no_message_about_one(forgeledger):
    assert forgeledger("job", "create", "nightly").err == ""


@pytest.mark.parametrize(
    "words",
    [("--items-file", "a", "--items-file", "b"), ("--lanes", "1", "--lanes=1")],
)
def test_an_option_that_counts_once_is_given_once(forgeledger, ledger, words):
    ended = forgeledger("job", "create", "nightly", *words)

    assert ended.code == exit_codes.USAGE
    assert ended.err == (
        f"forgeledger: {words[0]}: is given more than once (see forgeledger job create --help)\n"
    )
    assert list(ledger.jobs()) == []


def test_a_flag_may_be_given_again(forgeledger, ledger):
    ended = forgeledger(
        "job", "create", "nightly", *("--seal", "--allow-empty") * 2, "-q", "--quiet"
    )

    assert ledger.status(ended.out.strip()).sealed


def test_items_of_a_file_are_registered_with_the_job(forgeledger, ledger, tmp_path):
    file = tmp_path / "items.txt"
    file.write_text("a\n\nb\n", encoding="utf-8")

    ended = forgeledger("job", "create", "nightly", "--items-file", file, "--seal", "-q")

    job = ledger.status(ended.out.strip())
    assert (job.total, job.sealed) == (2, True)


def test_jobs_are_listed_newest_first_as_a_table_or_as_lines_of_json(forgeledger, ledger, world):
    for name in ("old", "new"):
        ledger.create_job(name)
        world.clock.pass_seconds(60)

    as_table = forgeledger("job", "list")
    as_json = forgeledger("job", "list", "--json", "--limit", 1)

    assert [line.split()[1] for line in as_table.lines] == ["NAME", "new", "old"]
    assert [json.loads(line)["name"] for line in as_json.lines] == ["new"]


def test_all_jobs_of_a_status_and_tag_are_listed(forgeledger, ledger):
    wanted = ledger.create_job("wanted", tags=["x"]).job_id
    ledger.create_job("other")
    ledger.cancel(ledger.create_job("canceled", tags=["x"]).job_id)

    ended = forgeledger("job", "list", "--all", "--status", "running", "--tag", "x", "--json")

    assert [json.loads(line)["jobId"] for line in ended.lines] == [wanted]


def test_no_jobs_are_a_remark_and_not_an_output(forgeledger):
    ended = forgeledger("job", "list")

    assert (ended.code, ended.out, ended.err) == (0, "", "no jobs\n")


def test_status_shows_counts_and_where_the_job_stands(forgeledger, ledger, world):
    job = ledger.create_job("nightly", items=["a", "b"], seal=True, tags=["x"], metadata={"k": 1})
    world.clock.pass_seconds(10)
    ledger.commands.complete(job.job_id, "a")

    ended = forgeledger("job", "status", job.job_id)

    shown = {line.split("  ")[0]: line.split("  ")[-1].strip() for line in ended.lines}
    assert shown["status"] == "RUNNING"
    assert (shown["completed"], shown["pending"], shown["progress"]) == ("1", "1", "50.0%")
    assert (shown["rate"], shown["time left"]) == ("0.1 items/s", "10 s")
    assert (shown["tags"], shown["metadata"]) == ("x", '{"k": 1}')


@pytest.mark.parametrize(
    ("before", "word", "remark"),
    [
        (
            "cancel",
            "seal",
            "job_finished: it is CANCELED and not sealed; to continue it: `forgeledger job reopen`",
        ),
        (
            "seal",
            "reopen",
            "job_sealed: it is RUNNING and sealed; a job is reopened after its end",
        ),
    ],
)
def test_a_change_that_came_too_late_says_what_the_job_is(
    forgeledger, ledger, before, word, remark
):
    job = ledger.create_job("nightly", items=["a"])
    forgeledger("job", before, job.job_id)

    ended = forgeledger("job", word, job.job_id)

    assert (ended.code, ended.err) == (exit_codes.REFUSED, f"forgeledger: {remark}\n")
    assert ended.out.startswith(job.job_id)


@pytest.mark.parametrize(
    ("word", "now"), [("seal", "sealed"), ("cancel", "canceled"), ("reopen", "open")]
)
def test_a_change_that_was_made_before_says_already(forgeledger, ledger, word, now):
    job = ledger.create_job("nightly", items=["a"])
    if word == "reopen":
        ledger.cancel(job.job_id)

    first = forgeledger("job", word, job.job_id)
    second = forgeledger("job", word, job.job_id)

    stays = f"note: {STAYS_CANCELED}\n" if word == "reopen" else ""
    assert (first.code, first.err) == (0, stays)
    assert (second.code, second.err) == (0, f"it was {now} already; nothing changed\n{stays}")


def test_what_the_note_on_canceled_items_says_can_be_done(forgeledger, ledger):
    job = ledger.create_job("nightly", items=["a"])
    ledger.cancel(job.job_id)
    forgeledger("job", "reopen", job.job_id)
    assert "job_running" in forgeledger("job", "reopen", job.job_id, "--resume").err

    forgeledger("job", "cancel", job.job_id)
    resumed = forgeledger("job", "reopen", job.job_id, "--resume")

    assert resumed.code == 0
    assert ledger.item(job.job_id, "a").state == "PENDING"


@pytest.mark.parametrize(
    ("word", "state"), [("seal", "RUNNING, sealed"), ("cancel", "CANCELED"), ("reopen", "RUNNING")]
)
def test_a_job_is_led_through_its_life(forgeledger, ledger, word, state):
    job = ledger.create_job("nightly", items=["a", "b"])
    if word == "reopen":
        ledger.cancel(job.job_id)

    ended = forgeledger("job", word, job.job_id)

    assert ended.code == 0
    assert f"  {state}" in ended.out


@pytest.mark.parametrize("words", [("status",), ("watch",)])
def test_a_job_with_failures_of_which_none_failed_says_how_that_came(forgeledger, ledger, words):
    job = ledger.create_job("nightly", items=["a", "b"], lanes=1)
    ledger.commands.complete(job.job_id, "a")
    ledger.cancel(job.job_id)
    ledger.reopen(job.job_id)
    ledger.seal(job.job_id)

    ended = forgeledger("job", *words, job.job_id)

    assert ledger.status(job.job_id).status == "COMPLETED_WITH_FAILURES"
    assert "1 item was canceled; the job is COMPLETED only if all its items are" in ended.out


def test_an_unknown_job_is_one_line_and_its_own_exit_code(forgeledger):
    ended = forgeledger("job", "status", NO_SUCH_JOB)

    assert ended.code == exit_codes.NOT_FOUND
    assert ended.err.startswith("forgeledger: unknown_job: ")
    assert len(ended.err.splitlines()) == 1


def test_a_server_without_jobs_is_distinguished_from_a_job_that_does_not_exist(
    forgeledger, api, monkeypatch
):
    foreign = HttpResponse(status=404, body=b"<?xml?><Error><Code>NoSuchBucket</Code></Error>")
    monkeypatch.setattr(type(api), "__call__", lambda *_: foreign)

    ended = forgeledger("job", "status", NO_SUCH_JOB)

    assert ended.code == exit_codes.USAGE
    question = "is it a ForgeLedger API? GET http://api.test/"
    assert ended.err.startswith(f"forgeledger: api_url: {question}")


@pytest.mark.parametrize("tail", ["/why", "/../../health", "/"])
def test_an_id_with_a_slash_is_that_of_no_job(forgeledger, ledger, tail):
    wrong = ledger.create_job("nightly").job_id + tail

    ended = forgeledger("job", "status", wrong)

    assert ended.code == exit_codes.NOT_FOUND
    assert ended.err == f"forgeledger: unknown_job: There is no job {wrong}.\n"


def test_a_refused_change_is_one_line_and_its_own_exit_code(forgeledger, ledger):
    job = ledger.create_job("nightly", seal=True, allow_empty=True)

    ended = forgeledger("job", "cancel", job.job_id)

    assert ended.code == exit_codes.REFUSED
    assert len(ended.err.splitlines()) == 1
