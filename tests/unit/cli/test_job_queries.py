import json

import pytest

from forgeledger.cli import exit_codes


@pytest.fixture
def job(ledger):
    return ledger.create_job(
        "nightly", items=["a", "b", "c"], lanes=1, policy={"maxAttempts": 2, "leaseSeconds": 60}
    )


def test_items_are_listed_by_state(forgeledger, ledger, job):
    ledger.commands.fail(job.job_id, "b", ValueError("bad"))
    ledger.commands.complete(job.job_id, "c")

    every = forgeledger("job", "items", job.job_id)
    pending = forgeledger("job", "items", job.job_id, "--state", "pending", "--all", "--json")

    assert [line.split()[0] for line in every.lines] == ["ITEM", "a", "b", "c"]
    assert '"type": "ValueError"' in every.lines[2]
    assert [json.loads(line)["itemId"] for line in pending.lines] == ["a", "b"]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--limit", 2), (2, "only the first 2; --all lists all, --limit another number\n")),
        (("--limit", 3), (3, "")),
        (("--limit", 2, "--all"), (3, "")),
    ],
)
def test_a_list_that_is_cut_says_so(forgeledger, ledger, job, options, expected):
    ledger.create_job("second")
    ledger.create_job("third")

    items = forgeledger("job", "items", job.job_id, *options, "--json")
    jobs = forgeledger("job", "list", *options, "--json")

    assert (len(items.lines), items.err) == expected
    assert (len(jobs.lines), jobs.err) == expected


@pytest.mark.parametrize(
    ("limit", "requests", "remark"),
    [
        (1, 1, "only the first 1; --all lists all, --limit another number\n"),
        (2, 1, "there may be more than the first 2; --all lists all, --limit another number\n"),
        (3, 2, ""),
    ],
)
def test_no_page_is_fetched_only_to_say_that_there_is_one(
    forgeledger, api, job, monkeypatch, *, limit, requests, remark
):
    monkeypatch.setattr("forgeledger.cli.commands.job_queries.PAGE_ROWS", 2)
    before = len(api.requests)

    ended = forgeledger("job", "items", job.job_id, "--limit", limit, "--json")

    assert (len(ended.lines), ended.err) == (limit, remark)
    assert len(api.requests) - before == requests


def test_an_item_is_shown_with_all_that_happened_to_it(forgeledger, ledger, job):
    ledger.commands.claim(job.job_id, "a", worker_id="w-1")
    ledger.commands.fail(job.job_id, "a", ValueError("bad"))
    ledger.commands.complete(job.job_id, "a", result={"pages": 3})

    ended = forgeledger("job", "item", job.job_id, "a")

    types = [line.split()[2] for line in ended.lines[ended.lines.index("") + 1 :]]
    assert types == ["registered", "claimed", "failed", "completed"]
    assert "ValueError: bad, due " in ended.out
    assert 'result    {"pages": 3}' in ended.lines


def test_an_unknown_item_is_not_found(forgeledger, job):
    ended = forgeledger("job", "item", job.job_id, "nobody")

    assert ended.code == exit_codes.NOT_FOUND


def test_names_that_would_move_the_cursor_are_shown_and_not_obeyed(forgeledger, ledger, job):
    ledger.register(job.job_id, ["x\x1b[2Jy"])

    ended = forgeledger("job", "items", job.job_id)

    assert "\x1b" not in ended.out
    assert "x\\x1b[2Jy" in ended.out


def test_events_are_printed_in_order_and_go_on_from_a_cursor(forgeledger, ledger, job):
    first = forgeledger("job", "events", job.job_id, "--cursor")
    ledger.commands.complete(job.job_id, "a")

    then = forgeledger("job", "events", job.job_id, "--from", first.err.strip(), "--json")

    assert [line.split()[3] for line in first.lines] == ["job.created", *["registered"] * 3]
    assert [json.loads(line)["type"] for line in then.lines] == ["completed"]


def test_each_event_is_printed_with_its_date(forgeledger, job, ledger):
    day = ledger.status(job.job_id).created_at.date().isoformat()

    listed = forgeledger("job", "events", job.job_id)
    item = forgeledger("job", "item", job.job_id, "a")

    assert {line.split()[0] for line in listed.lines} == {day}
    assert item.lines[-1].startswith(day)


def test_no_more_events_are_printed_than_asked_for(forgeledger, job):
    ended = forgeledger("job", "events", job.job_id, "--limit", 2)

    assert len(ended.lines) == 2


def test_following_events_ends_with_the_job(forgeledger, ledger, job, api):
    def cancel_later(number):
        if number == before + 4:
            api.on_request = None
            ledger.cancel(job.job_id)

    before = len(api.requests)
    api.on_request = cancel_later

    ended = forgeledger("job", "events", job.job_id, "--follow", "--json")

    types = [json.loads(line)["type"] for line in ended.lines]
    assert types[0] == "job.created"
    assert "job.canceled" in types


def test_the_history_of_a_canceled_item_says_that_its_lane_closed(forgeledger, ledger, job):
    ledger.register(job.job_id, ["never begun"])
    ledger.cancel(job.job_id)

    ended = forgeledger("job", "item", job.job_id, "never begun")

    assert ended.lines[-1].endswith("the lane is closed, by operator")
    assert "gated" in ended.lines[-1]


def test_rejected_commands_show_what_was_asked_and_why_not(forgeledger, ledger, job):
    ledger.commands.complete(job.job_id, "a")
    ledger.commands.fail(job.job_id, "a", ValueError("late"))

    ended = forgeledger("job", "events", job.job_id)

    assert "rejected  a  fail, already_completed, ValueError: late" in ended.out


def test_a_key_is_not_sent_to_another_machine_in_plain_text(forgeledger, api):
    ended = forgeledger("job", "list", FORGELEDGER_API_KEY="sekret")

    assert ended.code == exit_codes.USAGE
    assert ended.err.startswith("forgeledger: api_url: needs https:// in front")
    assert "sekret" not in ended.err
    assert api.requests == []
