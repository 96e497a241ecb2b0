"""How many items per second one job and one region finish, and what limits them: in closed form.

`benchmarks.capacity.capacity_simulation` simulates the same, and a test compares the two.
`benchmarks.capacity.capacity_tables` writes the results into the docs.
"""

import json
import math
import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.lambda_time import OTHER_WAIT_SECONDS, WAIT_SECONDS, duration_seconds
from forgeledger.jobs.model.limits import ITEMS_PER_COMMIT, ITEMS_PER_REGISTRATION

MEASURED: Final = Path(__file__).parent.parent / "results" / "capacity.json"
MILLION: Final = 1_000_000


def _fit_line(points: Mapping[str, float]) -> tuple[float, float]:
    """Slope and intercept: what one more takes, and what is taken in any case."""
    return statistics.linear_regression([int(number) for number in points], list(points.values()))


# Written by `benchmarks.capacity.capacity_inputs`.
_MEASURED: Final = json.loads(MEASURED.read_text())
_ITEM_SECONDS, _BATCH_SECONDS = _fit_line(_MEASURED["batchSecondsByItems"])
# A journal row: the bytes of each compressed event, and those of a row without events.
EVENT_BYTES, ROW_BYTES = _fit_line(_MEASURED["journalRowBytesByEvents"])
# Unused write units of this many seconds are available for bursts. DynamoDB retains more.
BURST_SECONDS: Final = 1.0
_ITERATIONS: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Quotas:
    """What AWS allows in us-east-1 unless a quota is raised."""

    # FIFO queue in high throughput mode: each message group lives in one partition.
    calls_per_group: float = 300.0
    calls_per_queue: float = 70_000.0
    messages_per_batch: int = 10
    # Write units per second of one partition key, of a table, and of a new table.
    partition_units: float = 1_000.0
    table_units: float = 40_000.0
    new_table_units: float = 4_000.0
    # Concurrent invocations of an account, and of one SQS event source. Scaling up takes no time.
    account_concurrency: int = 1_000
    source_concurrency: int = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """Seconds on Lambda: processor time is measured and converted, waits are assumed."""

    # Receive a batch, start the function, delete the batch.
    around_batch: float = 0.030
    read: float = WAIT_SECONDS["BatchGetItem"]
    write: float = WAIT_SECONDS["TransactWriteItems"]
    # Processor time of a short item's claim and complete, and of a batch without items.
    item: float = duration_seconds("intake", _ITEM_SECONDS, 0.0)
    batch: float = duration_seconds("intake", _BATCH_SECONDS, 0.0)
    registered_item: float = duration_seconds("api", _MEASURED["registeredItemSeconds"], 0.0)
    around_request: float = 0.030 + 3 * OTHER_WAIT_SECONDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """How a job is run; the defaults are those of the template and the SDK."""

    lanes: int
    items_per_message: float
    intake_concurrency: int = 20
    # Registration requests at a time, and lanes that one request writes at a time.
    parallel_requests: int = 4
    parallel_lanes: int = 8


_UNIT_BYTES: Final = 1_024


def write_units(items: float, events_per_item: int) -> float:
    """Of one lane's batch: a row for each item, for each commit a head and a journal row."""
    commits = math.ceil(items / ITEMS_PER_COMMIT)
    journal = ROW_BYTES + EVENT_BYTES * events_per_item * items / commits
    return 2 * (items + commits * (1 + math.ceil(journal / _UNIT_BYTES)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """Items per second, and what limits them."""

    items: float
    limit: str

    @property
    def million_seconds(self) -> float:
        return MILLION / self.items


def _lowest(limits: Mapping[str, float]) -> Rate:
    limit = min(limits, key=lambda name: limits[name])
    return Rate(items=limits[limit], limit=limit)


@dataclass(frozen=True, slots=True, kw_only=True)
class CapacityModel:
    setup: Setup
    quotas: Quotas = Quotas()
    times: Times = Times()

    def batch_seconds(self, items: float) -> float:
        """How long a batch of so many items locks its lane."""
        times, commits = self.times, math.ceil(items / ITEMS_PER_COMMIT)
        calls = commits * (times.read + times.write)
        return times.around_batch + times.batch + calls + items * times.item

    def full_batch(self) -> float:
        return self.quotas.messages_per_batch * self.setup.items_per_message

    def lane(self) -> Rate:
        """One lane with a backlog of messages: one batch after the other."""
        items = self.full_batch()
        return _lowest(
            {
                "one batch per group at a time": items / self.batch_seconds(items),
                "write units of a partition": self._rate_by_units(self.quotas.partition_units),
                "API calls per group": self.quotas.calls_per_group * items,
            }
        )

    def job(self, *, new_table: bool = False) -> Rate:
        """All lanes have a backlog, and no other job writes to the table."""
        quotas, setup, lane = self.quotas, self.setup, self.lane()
        units = quotas.new_table_units if new_table else quotas.table_units
        slots = min(setup.intake_concurrency, quotas.source_concurrency)
        return _lowest(
            {
                lane.limit: setup.lanes * lane.items,
                "concurrency of the intake": slots
                * self._rate_of_a_slot(saves_units=setup.lanes > slots),
                "write units of the table": self._rate_by_units(units),
            }
        )

    def region(self) -> Rate:
        """Any number of jobs; the intake may use the whole concurrency of the account."""
        quotas = self.quotas
        slots = min(quotas.account_concurrency, quotas.source_concurrency)
        return _lowest(
            {
                "concurrency of the account": slots * self._rate_of_a_slot(saves_units=True),
                "write units of the table": self._rate_by_units(quotas.table_units),
                "API calls of the queue": quotas.calls_per_queue * self.full_batch(),
            }
        )

    def registration(self, *, new_table: bool = False) -> Rate:
        setup, times, quotas = self.setup, self.times, self.quotas
        share = ITEMS_PER_REGISTRATION / setup.lanes
        commits = math.ceil(share / ITEMS_PER_COMMIT)
        lane_rounds = math.ceil(setup.lanes / setup.parallel_lanes)
        seconds = (
            times.around_request
            + ITEMS_PER_REGISTRATION * times.registered_item
            + lane_rounds * commits * (times.read + times.write)
        )
        units_per_item = write_units(share, 1) / share
        units = quotas.new_table_units if new_table else quotas.table_units
        return _lowest(
            {
                "parallel requests": setup.parallel_requests * ITEMS_PER_REGISTRATION / seconds,
                "write units of a partition": setup.lanes * quotas.partition_units / units_per_item,
                "write units of the table": units / units_per_item,
            }
        )

    def batch_size_at(self, items_per_second: float) -> float:
        """Items per batch of a lane that gets fewer items than it could take.

        The messages that arrive while a batch runs are the next batch. If none arrive, the next
        batch is the next single message.
        """
        most = self.quotas.messages_per_batch
        messages_per_second = items_per_second / self.setup.lanes / self.setup.items_per_message
        messages = 1.0
        for _ in range(_ITERATIONS):
            seconds = self.batch_seconds(messages * self.setup.items_per_message)
            arrived = messages_per_second * seconds
            messages = min(most, (messages + arrived + math.exp(-arrived)) / 2)
        return messages * self.setup.items_per_message

    def _rate_by_units(self, units: float) -> float:
        items = self.full_batch()
        return units * items / write_units(items, 2)

    def _rate_of_a_slot(self, *, saves_units: bool) -> float:
        """Of one concurrent invocation, which waits for the write units of its lane's partition.

        With more lanes than invocations a lane pauses, and its partition saves units for a burst.
        """
        items = self.full_batch()
        written = write_units(items, 2) / self.quotas.partition_units
        saved = BURST_SECONDS if saves_units else 0.0
        return items / max(self.batch_seconds(items), written - saved)
