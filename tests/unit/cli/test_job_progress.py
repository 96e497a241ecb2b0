import json
import shlex

import pytest

from forgeledger.cli import exit_codes
from forgeledger.cli.deployment import Where
from forgeledger.cli.job_progress import JobProgress
from forgeledger.cli.job_text import unsealed_note
from forgeledger.cli.output import Output
from forgeledger.sdk.records import Job
from tests.unit.cli.terminals import Terminal


def job_at(completed, **more):
    fields = {"status": "RUNNING", "total": 100, "lanes": 4, "sealed": True, **more}
    fields = {"pending": fields["total"] - completed, "progress": completed / 100, **fields}
    return Job(job_id="j", name="n", completed=completed, **fields)


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
    job = ledger.create_job("nightly", seal=True, allow_empty=True)

    ended = forgeledger("job", "watch", job.job_id, "--json")

    assert ended.code == 0
    assert [json.loads(line)["status"] for line in ended.lines] == ["COMPLETED"]


def test_watching_with_json_prints_a_job_that_stands_still_once(forgeledger, ledger, world):
    job = ledger.create_job("nightly", items=["a"], seal=True)
    world.clock.pass_seconds(60)

    ended = forgeledger("job", "watch", job.job_id, "--json", "--timeout", 30)

    assert [json.loads(line)["unchangedSeconds"] for line in ended.lines] == [60]


def test_the_time_given_is_an_exit_code_of_its_own(forgeledger, ledger):
    job = ledger.create_job("nightly", items=["a"])

    ended = forgeledger("job", "watch", job.job_id, "--timeout", 5)

    assert ended.code == exit_codes.TIMED_OUT
    assert ended.err.splitlines()[-1] == (
        f"job {job.job_id} is RUNNING after 5 s: 0 of 1 items finished; "
        "it is not sealed, and only a sealed job can complete"
    )


def test_watching_a_job_that_is_not_sealed_says_once_that_it_cannot_complete(forgeledger, ledger):
    job = ledger.create_job("nightly", items=["a"])

    watched = forgeledger("job", "watch", job.job_id, "--timeout", 30)
    for_programs = forgeledger("job", "watch", job.job_id, "--timeout", 30, "--json")

    note = (
        f"job {job.job_id} is not sealed, and only a sealed job can complete; if no more items "
        f"will come: forgeledger job seal {job.job_id}"
    )
    assert watched.err.splitlines()[0] == for_programs.err.splitlines()[0] == note
    assert watched.err.count("forgeledger job seal") == 1
    assert "seal" not in watched.out


def test_watching_a_sealed_job_says_nothing_of_sealing(forgeledger, ledger):
    job = ledger.create_job("nightly", items=["a"], seal=True)

    ended = forgeledger("job", "watch", job.job_id, "--timeout", 5)

    assert ended.err == f"job {job.job_id} is RUNNING after 5 s: 0 of 1 items finished\n"


def test_the_command_that_seals_is_the_one_that_is_reported(forgeledger, ledger):
    job = ledger.create_job("nightly")
    before = forgeledger("job", "status", job.job_id)
    command = before.out.partition("items will come: forgeledger ")[2].splitlines()[0]

    forgeledger(*command.split())
    after = forgeledger("job", "status", job.job_id)

    assert ledger.status(job.job_id).sealed
    assert "seal" in before.out
    assert "can complete" not in after.out


@pytest.mark.parametrize(
    ("where", "options"),
    [
        (Where(), ""),
        (Where(local=True), " --local"),
        (Where(stack="my stack"), " --stack 'my stack'"),
        (Where(stack="s", api_url="http://a"), " --stack s --api-url http://a"),
        (Where(command_queue_url="http://q"), ""),
    ],
)
def test_a_suggested_command_speaks_to_the_same_ledger(where, options):
    note = unsealed_note(job_at(1, sealed=False), where)

    assert note.endswith(f": forgeledger job seal j{options}")


@pytest.mark.parametrize("words", [("status",), ("why",), ("watch", "--timeout", 5)])
def test_a_command_that_is_suggested_runs_as_it_stands(forgeledger, ledger, words):
    job = ledger.create_job("nightly", items=["a"])
    without_variable = {"FORGELEDGER_API_URL": ""}
    address = ("--api-url", "http://api.test")

    ended = forgeledger("job", words[0], job.job_id, *words[1:], *address, **without_variable)
    command = (ended.out + ended.err).partition("items will come: forgeledger ")[2].splitlines()[0]
    sealed = forgeledger(*shlex.split(command), **without_variable)

    assert sealed.code == 0, sealed.err
    assert ledger.status(job.job_id).sealed


@pytest.mark.parametrize(
    ("more", "note"),
    [
        ({"sealed": True}, None),
        ({"status": "FAILED"}, None),
        ({"ending": "FAILED"}, None),
        ({"ending": "CANCELED"}, None),
        (
            {},
            ", and only a sealed job can complete; if no more items will come: forgeledger job",
        ),
        (
            {"expected_items": 1_200},
            ": it seals itself once its 1,200 expected items are registered; to seal it now: forge",
        ),
        (
            {"expected_items": 1, "total": 0},
            ": it seals itself once its 1 expected item is registered",
        ),
        ({"expected_items": 100, "epoch": 2}, ", and only a sealed job can complete"),
        ({"expected_items": 101, "epoch": 2}, ": it seals itself once its 101 expected items"),
    ],
)
def test_what_has_to_happen_to_a_job_that_is_not_sealed(more, note):
    printed = unsealed_note(job_at(1, **{"sealed": False, **more}), Where())

    if note is None:
        assert printed is None
    else:
        assert printed.startswith(f"not sealed{note}")


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
def test_the_exit_code_says_how_a_job_ended(status, code):
    assert exit_codes.of_status(status) == code


def test_a_terminal_gets_a_bar_with_rate_time_left_failures_and_lanes():
    screen, now = Terminal(), iter(range(100))
    with JobProgress(Output(out=screen), lambda: next(now), Where()) as progress:
        progress(job_at(0))
        progress(job_at(20, failed=1, retrying=3, items_per_second=21.0, eta_seconds=4))
        progress.say("worker-1 was [killed]")

    painted = screen.getvalue()
    assert "worker-1 was [killed]" in painted
    assert "seal" not in painted
    assert "21/100" in painted
    assert "1 failed" in painted
    assert "  3 retrying  4 lanes  21.0/s  4 s left" in painted


def test_the_bar_of_a_job_whose_items_are_resumed_says_so():
    screen, now = Terminal(), iter(range(100))

    with JobProgress(Output(out=screen), lambda: next(now), Where()) as progress:
        progress(job_at(20, resuming=True))

    assert "  resuming  4 lanes" in screen.getvalue()


def test_above_the_bar_stands_once_that_the_job_is_not_sealed():
    screen, now = Terminal(), iter(range(100))
    with JobProgress(Output(out=screen), lambda: next(now), Where()) as progress:
        progress(job_at(0, sealed=False))
        progress(job_at(20, sealed=False))

    assert screen.getvalue().count("job j is not sealed, and only") == 1


def test_without_a_terminal_what_is_said_is_a_line(capsys):
    with JobProgress(Output(), lambda: 0.0, Where()) as progress:
        progress.say("hello")

    assert capsys.readouterr().out == "hello\n"


def test_the_bar_of_a_job_that_stands_still_says_so_and_promises_no_end():
    screen = Terminal()
    with JobProgress(Output(out=screen), lambda: 0.0, Where()) as progress:
        progress(job_at(99, items_per_second=0.0, unchanged_seconds=400))

    painted = screen.getvalue()
    assert "4 lanes  unchanged for 6 min 40 s" in painted
    assert "left" not in painted


@pytest.mark.parametrize("is_terminal", [True, False])
def test_nothing_is_at_a_hundred_percent_while_something_is_left(is_terminal, capsys):
    screen = Terminal()
    with JobProgress(Output(out=screen) if is_terminal else Output(), lambda: 0.0, Where()) as bar:
        bar(job_at(99_999, total=100_000, progress=0.999999))

    painted = screen.getvalue() + capsys.readouterr().out
    assert "99%" in painted
    assert "100%" not in painted


def test_that_a_job_came_to_a_standstill_is_a_line_of_its_own(capsys):
    times = iter(range(0, 1_000, 10))
    with JobProgress(Output(), lambda: next(times), Where()) as progress:
        progress(job_at(5, items_per_second=2.0, eta_seconds=48))
        progress(job_at(5, items_per_second=0.0, unchanged_seconds=70))
        progress(job_at(5, items_per_second=0.0, unchanged_seconds=80))

    lines = capsys.readouterr().out.splitlines()
    assert [line.rpartition("  ")[2] for line in lines] == ["48 s left", "unchanged for 70 s"]
