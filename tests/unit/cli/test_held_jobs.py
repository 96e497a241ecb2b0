"""Jobs that start at a time, and jobs that are paused, on the command line."""

from datetime import UTC, datetime, timedelta

import pytest


@pytest.fixture
def later(world):
    """An hour from now."""
    return datetime.fromtimestamp(world.clock.now / 1000, UTC) + timedelta(hours=1)


@pytest.fixture
def scheduled(ledger, later):
    return ledger.create_job("nightly", items=["a"], seal=True, execute_at=later).job_id


@pytest.fixture
def job_id(ledger):
    return ledger.create_job("nightly", items=["a"]).job_id


def test_a_job_is_created_with_the_time_of_its_start(forgeledger, ledger, later):
    ended = forgeledger("job", "create", "nightly", "--execute-at", later.isoformat(), "--quiet")

    job = ledger.status(ended.out.strip())
    assert (ended.code, job.status, job.execute_at) == (0, "SCHEDULED", later)


def test_a_start_that_is_over_is_refused_by_the_name_of_its_option(forgeledger):
    ended = forgeledger("job", "create", "nightly", "--execute-at", "2020-01-01T00:00:00Z")

    assert ended.code == 2
    assert "at most 1 s is taken as now" in ended.err


def test_the_status_says_what_a_scheduled_job_waits_for(forgeledger, scheduled, later):
    ended = forgeledger("job", "status", scheduled)

    begin = f"{later:%Y-%m-%d %H:%M:%S}"
    assert f"waits for its start at {begin}; to start it now: forgeledger job start " in ended.out
    assert f"starts       {begin}" in ended.out


def test_a_scheduled_job_is_started(forgeledger, scheduled):
    started = forgeledger("job", "start", scheduled)
    again = forgeledger("job", "start", scheduled)

    assert (started.code, started.err) == (0, "")
    assert f"{scheduled}  RUNNING, sealed" in started.out
    assert (again.code, again.err) == (0, "it was started already; nothing changed\n")


def test_a_job_is_paused_until_a_time_and_resumed(forgeledger, ledger, job_id, later):
    paused = forgeledger("job", "pause", job_id, "--until", later.isoformat())
    shown = forgeledger("job", "status", job_id)
    listed = forgeledger("job", "list")
    resumed = forgeledger("job", "resume", job_id)

    until = f"{later:%Y-%m-%d %H:%M:%S}"
    assert f"{job_id}  RUNNING, paused, 0 of 1 item completed" in paused.out
    assert f"paused until {until}; to go on now: forgeledger job resume {job_id}" in shown.out
    assert "RUNNING, paused" in listed.out
    assert (resumed.code, ledger.status(job_id).held) == (0, False)


def test_a_pause_without_an_end_lasts_until_the_resume(forgeledger, job_id):
    forgeledger("job", "pause", job_id)

    again = forgeledger("job", "pause", job_id)
    why = forgeledger("job", "why", job_id)

    assert again.err == "it was paused already; nothing changed\n"
    assert any(line.startswith("It is paused, and grants no claims.") for line in why.lines)


def test_why_of_a_scheduled_job_says_how_to_start_it(forgeledger, scheduled, later):
    ended = forgeledger("job", "why", scheduled)

    assert (
        f"It starts at {later:%Y-%m-%d %H:%M:%S}, and grants no claims before. To start it now: "
        f"forgeledger job start {scheduled}"
    ) in ended.lines


@pytest.mark.parametrize("change", ["pause", "resume"])
def test_a_scheduled_job_is_neither_paused_nor_resumed(forgeledger, scheduled, change):
    ended = forgeledger("job", change, scheduled)

    assert ended.code == 4
    assert "job_scheduled" in ended.err


def test_a_job_that_has_ended_is_not_resumed(forgeledger, ledger, job_id):
    ledger.cancel(job_id)

    ended = forgeledger("job", "resume", job_id)

    assert ended.code == 4
    assert "to run it again: `forgeledger job reopen`" in ended.err


def test_the_journal_says_which_lanes_are_held_and_until_when(forgeledger, job_id, later):
    forgeledger("job", "pause", job_id, "--until", later.isoformat())

    ended = forgeledger("job", "events", job_id)

    assert any("the lane is open, held" in line for line in ended.lines)
    assert any("job.paused" in line and "RUNNING until " in line for line in ended.lines)
