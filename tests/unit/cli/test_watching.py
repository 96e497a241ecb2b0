import json

import pytest

from forgeledger.cli import exit_codes
from forgeledger.cli.output import Output
from forgeledger.cli.pace import Pace
from forgeledger.cli.watching import JobProgress
from forgeledger.sdk.records import Job
from tests.unit.cli.terminals import Terminal


def job_at(completed, **more):
    fields = {"status": "RUNNING", "total": 100, "lanes": 4, "sealed": True, **more}
    return Job(
        job_id="j",
        name="n",
        completed=completed,
        pending=100 - completed,
        progress=completed / 100,
        **fields,
    )


def test_watching_prints_a_line_for_each_change_and_how_it_ended(forgeledger, ledger, api, world):
    job = ledger.create_job("nightly", items=["a", "b"])
    before = len(api.requests)

    def go_on(number):
        if number == before + 3:
            ledger.commands.complete(job.job_id, "a")
        if number > before + 12:
            api.on_request = None
            ledger.cancel(job.job_id)

    api.on_request = go_on

    ended = forgeledger("job", "watch", job.job_id)

    assert ended.code == exit_codes.JOB_CANCELED
    assert ended.lines[0] == "RUNNING  0%  0 of 2 items completed, 2 pending"
    assert ended.lines[1].startswith("RUNNING  50%  1 of 2 items completed, 1 pending")
    assert ended.lines[-1].startswith(f"{job.job_id}  CANCELED")


def test_watching_with_json_prints_the_job_whenever_it_changed(forgeledger, ledger):
    job = ledger.create_job("nightly", seal=True)

    ended = forgeledger("job", "watch", job.job_id, "--json")

    assert ended.code == 0
    assert [json.loads(line)["status"] for line in ended.lines] == ["COMPLETED"]


def test_the_time_given_is_an_exit_code_of_its_own(forgeledger, ledger):
    job = ledger.create_job("nightly", items=["a"])

    ended = forgeledger("job", "watch", job.job_id, "--timeout", 5)

    assert ended.code == exit_codes.TIMED_OUT
    assert ended.err == f"job {job.job_id} is RUNNING after 5 s: 0 of 1 items finished\n"


@pytest.mark.parametrize(
    ("status", "code"),
    [
        ("COMPLETED", 0),
        ("COMPLETED_WITH_FAILURES", 10),
        ("FAILED", 11),
        ("CANCELED", 12),
        ("RUNNING", 1),
    ],
)
def test_the_exit_code_tells_how_a_job_ended(status, code):
    assert exit_codes.of_status(status) == code


def test_a_terminal_gets_a_bar_with_rate_time_left_failures_and_lanes():
    screen, now = Terminal(), iter(range(100))
    with JobProgress(Output(out=screen), lambda: next(now)) as progress:
        progress(job_at(0))
        progress(job_at(20, failed=1))
        progress.say("worker-1 was [killed]")

    painted = screen.getvalue()
    assert "worker-1 was [killed]" in painted
    assert "21/100" in painted
    assert "1 failed" in painted
    assert "4 lanes  21.0/s  4 s left" in painted


def test_without_a_terminal_what_is_said_is_a_line(capsys):
    with JobProgress(Output(), lambda: 0.0) as progress:
        progress.say("hello")

    assert capsys.readouterr().out == "hello\n"


def test_a_rate_is_that_of_the_last_seconds():
    pace = Pace()
    pace.add(0, 0)
    before = pace.per_second
    for second in range(1, 60):
        pace.add(second, 0 if second < 40 else (second - 40) * 10)

    assert before is None
    assert pace.per_second == pytest.approx(10, rel=0.05)


def test_what_does_not_move_has_no_rate():
    pace = Pace()
    pace.add(0, 5)
    pace.add(1, 5)

    assert pace.per_second is None
