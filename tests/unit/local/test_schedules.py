"""Schedules: which expressions run locally, and that a failure does not end them."""

import threading
import time

import pytest

from forgeledger.local.function_process import InvocationFailed
from forgeledger.local.schedules import ScheduleRunner, interval_seconds
from forgeledger.local.stack import Schedule


@pytest.mark.parametrize(
    ("expression", "seconds"),
    [
        ("rate(1 minute)", 60),
        ("rate(5 minutes)", 300),
        ("rate(1 hour)", 3600),
        (" rate(2 days) ", 172_800),
        ("rate(0 minutes)", None),
        ("rate(1 week)", None),
        ("cron(0 12 * * ? *)", None),
    ],
)
def test_a_rate_has_a_period_and_other_expressions_have_none(expression, seconds):
    assert interval_seconds(expression) == seconds


@pytest.mark.parametrize(
    "failure", [InvocationFailed("RuntimeError", "no", "r"), OSError("no process can be started")]
)
def test_a_rule_fires_again_after_its_function_failed(failure):
    runs, twice = [], threading.Event()
    schedule = Schedule(name="r", function="f", expression="rate(1 minute)", payload={"x": 1})

    def invoke(event):
        runs.append(event)
        if len(runs) == 2:
            twice.set()
        raise failure

    runner = ScheduleRunner(schedule, invoke, 0.001)
    runner.start()

    assert twice.wait(60)
    runner.halt()
    runner.join(time.monotonic() + 60)
    assert runs[:2] == [{"x": 1}, {"x": 1}]
