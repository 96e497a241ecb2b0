"""The bound holds for claiming and completing, and wrong counts fail it as well."""

from collections import Counter

from benchmarks.call_log import Tally
from benchmarks.design_forgeledger import Wrongs
from benchmarks.speed.crash_report import Crashed
from benchmarks.speed.throughput_report import DIRECT, OURS, SAFE, Run, Runs, table, verdict

OFTEN = "often"


def make_run(*, items=100, register=1.0, work=1.0, lost=0, crashes=0):
    tally = Tally(Counter({("worker", "SendMessageBatch"): 10}), write_units=400.0, crashes=crashes)
    return Run(items, register, work, tally, Wrongs(lost, 0), load=2.0, http_requests=10)


def judged(ours, safe, *, lost_in_crashes=0):
    designs = {OURS: Runs([ours]), SAFE: Runs([safe]), DIRECT: Runs([safe])}
    crashed = Crashed([make_run(crashes=9, lost=lost_in_crashes)])
    return verdict(designs, {OURS: crashed, OFTEN: crashed}, OFTEN)


def test_rounds_count_by_their_time():
    runs = Runs([make_run(items=100, work=1.0), make_run(items=300, work=3.0, register=7.0)])

    assert runs.worked_a_second == 100
    assert runs.registered_a_second == 50
    assert runs.items_a_second == 400 / 12
    assert runs.requests_an_item == 40 / 400


def test_a_design_has_one_line_in_the_table(capsys):
    table({OURS: Runs([make_run()])})

    line = capsys.readouterr().out.splitlines()[-1]
    assert line.split() == [OURS, "100", "100", "100", "50", "0.200", "4.00", "2.0"]


def test_five_times_as_fast_is_enough_and_registering_is_told_beside_it(capsys):
    assert judged(make_run(register=3.0, work=1.0), make_run(register=0.0, work=5.0)) == 0

    told = capsys.readouterr().out.splitlines()[2]
    assert told.split() == ["safe", "5.0", "1.2"]


def test_claiming_and_completing_that_takes_too_long_fails_the_bound(capsys):
    failed = judged(make_run(register=0.0, work=1.1), make_run(register=9.0, work=5.0))

    assert failed == 1
    assert "not 5.0 times as fast" in capsys.readouterr().out


def test_a_lost_item_fails_however_fast_it_was_lost():
    assert judged(make_run(work=0.1, lost=1), make_run(work=10.0)) == 1
    assert judged(make_run(work=0.1), make_run(work=10.0), lost_in_crashes=1) == 1
