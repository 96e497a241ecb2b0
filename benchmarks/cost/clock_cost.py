"""What the clock costs a month on an idle ledger, where the parameter `Execution` is on."""

from pathlib import Path
from typing import Final

from benchmarks import lambda_time
from benchmarks.cost import prices
from benchmarks.cost.usage import Usage, dollars
from benchmarks.markdown import number_table
from forgeledger.clock.model.due import SHARDS
from forgeledger.local.template import load_template

_TEMPLATE: Final = Path(__file__).parent.parent.parent / "template.yaml"
_MONTH_MINUTES: Final = 730 * 60
# Lambda polls an idle queue with this many long polls at a time, each of this length.
_POLLERS: Final = 5
_POLLS_A_MINUTE: Final = 60 // 20
# Measured: processor time of a tick without anything due, and the bytes of its log line.
_TICK_SECONDS: Final = 0.014
_TICK_LOG_BYTES: Final = 300
# Its queries are made eight at a time, and each reads nothing.
_WAITS: Final = 2
_UNITS_A_QUERY: Final = 0.5


def clock_alarms() -> int:
    resources = load_template(_TEMPLATE.read_text())["Resources"].values()
    return sum(
        resource["Type"] == "AWS::CloudWatch::Alarm" and resource.get("Condition") == "ExecutionOn"
        for resource in resources
    )


def ticks() -> Usage:
    """The ticks of a month."""
    waited = _WAITS * lambda_time.OTHER_WAIT_SECONDS
    return Usage(
        lambda_requests=1,
        lambda_gb_seconds=lambda_time.gb_seconds("relay", _TICK_SECONDS, waited, 1),
        read_units=SHARDS * _UNITS_A_QUERY,
        log_bytes=_TICK_LOG_BYTES + lambda_time.LOG_LINE_BYTES,
    ).times(_MONTH_MINUTES)


def clock_table() -> str:
    polls = Usage(sqs_standard_requests=_POLLERS * _POLLS_A_MINUTE * _MONTH_MINUTES)
    running = [
        (f"empty receives of {_POLLERS} pollers", dollars(polls)),
        (f"{_MONTH_MINUTES:,} ticks", dollars(ticks())),
    ]
    alarms = clock_alarms()
    amounts = [
        *running,
        ("**the clock, idle**", sum(amount for _, amount in running)),
        (f"{alarms} metrics with an alarm", alarms * prices.ALARMS.per_unit),
    ]
    rows = [[name, f"{amount:.2f}"] for name, amount in amounts]
    return number_table(["with `Execution` on, per month more", "dollars"], rows)
