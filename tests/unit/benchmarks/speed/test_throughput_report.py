"""The bound is for claiming and completing; wrong counts fail the run as well."""

from collections import Counter

from benchmarks.call_log import Tally
from benchmarks.design_forgeledger import CountErrors
from benchmarks.speed.crash_report import CrashRuns
from benchmarks.speed.throughput_report import (
    DIRECT,
    LEDGER,
    SAFE,
    DesignRuns,
    Run,
    exit_status,
    print_rates,
)

OFTEN = "often"


def make_run(*, items=100, register=1.0, work=1.0, lost=0, crashes=0):
    tally = Tally(Counter({("worker", "SendMessageBatch"): 10}), write_units=400.0, crashes=crashes)
    return Run(items, register, work, tally, CountErrors(lost, 0), load=2.0, http_requests=10)


def status_of(ledger, safe, *, lost_in_crashes=0):
    designs = {LEDGER: DesignRuns([ledger]), SAFE: DesignRuns([safe]), DIRECT: DesignRuns([safe])}
    crashed = CrashRuns([make_run(crashes=9, lost=lost_in_crashes)])
    return exit_status(designs, {LEDGER: crashed, OFTEN: crashed}, OFTEN)


def test_rounds_count_by_their_time():
    runs = DesignRuns([make_run(items=100, work=1.0), make_run(items=300, work=3.0, register=7.0)])

    assert runs.work_rate == 100
    assert runs.register_rate == 50
    assert runs.total_rate == 400 / 12
    assert runs.requests_per_item == 40 / 400


def test_a_design_has_one_line_in_the_table(capsys):
    print_rates({LEDGER: DesignRuns([make_run()])})

    line = capsys.readouterr().out.splitlines()[-1]
    assert line.split() == [LEDGER, "100", "100", "100", "50", "0.200", "4.00", "2.0"]


def test_five_times_as_fast_is_enough_and_registration_is_reported_separately(capsys):
    assert status_of(make_run(register=3.0, work=1.0), make_run(register=0.0, work=5.0)) == 0

    line = capsys.readouterr().out.splitlines()[2]
    assert line.split() == ["safe", "5.0", "1.2"]


def test_claiming_and_completing_that_takes_too_long_fails_the_bound(capsys):
    failed = status_of(make_run(register=0.0, work=1.1), make_run(register=9.0, work=5.0))

    assert failed == 1
    assert "not 5.0 times as fast" in capsys.readouterr().out


def test_a_lost_item_fails_however_fast_it_was_lost():
    assert status_of(make_run(work=0.1, lost=1), make_run(work=10.0)) == 1
    assert status_of(make_run(work=0.1), make_run(work=10.0), lost_in_crashes=1) == 1
