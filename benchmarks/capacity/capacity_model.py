"""How many items a second one job and one region finish, what limits them, and how long it takes.

A model in closed form; `benchmarks.capacity.capacity_simulation` plays the same batch by batch, and
a test holds the two against each other. `benchmarks.capacity.capacity_tables` writes what they say
into the docs.
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


def _fitted(points: Mapping[str, float]) -> tuple[float, float]:
    """What each one takes, and what is taken whatever their number."""
    return statistics.linear_regression([int(number) for number in points], list(points.values()))


# By `benchmarks.capacity.capacity_inputs`.
_MEASURED: Final = json.loads(MEASURED.read_text())
_ITEM_SECONDS, _BATCH_SECONDS = _fitted(_MEASURED["secondsOfABatchByItems"])
# A row of the journal: what a compressed event takes, and what it has beside its events.
EVENT_BYTES, ROW_BYTES = _fitted(_MEASURED["bytesOfAJournalRowByEvents"])
# Write units that nobody used are kept for so long. DynamoDB keeps them for longer.
KEPT_UNITS_SECONDS: Final = 1.0
_ROUNDS: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Quotas:
    """What AWS allows in us-east-1 unless asked for more."""

    # FIFO queue in high throughput mode: a group lives in one partition of it.
    calls_per_group: float = 300.0
    calls_per_queue: float = 70_000.0
    messages_per_batch: int = 10
    # Writes a second to one partition key, to a table that is new, and to any table by default.
    partition_units: float = 1_000.0
    table_units: float = 40_000.0
    new_table_units: float = 4_000.0
    # Functions at once, in an account, and for one event source of SQS, which has them at once:
    # how Lambda gets there is left out.
    account_concurrency: int = 1_000
    source_concurrency: int = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """Seconds on Lambda: processor time is measured and converted, waiting is assumed."""

    # Receiving a batch, starting the function and deleting the batch.
    around_batch: float = 0.030
    read: float = WAIT_SECONDS["BatchGetItem"]
    write: float = WAIT_SECONDS["TransactWriteItems"]
    # Processor time of a short item's claim and complete, and of a batch whatever it holds.
    item: float = duration_seconds("intake", _ITEM_SECONDS, 0.0)
    batch: float = duration_seconds("intake", _BATCH_SECONDS, 0.0)
    registered_item: float = duration_seconds("api", _MEASURED["secondsOfARegisteredItem"], 0.0)
    around_request: float = 0.030 + 3 * OTHER_WAIT_SECONDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """A job as it is run. What is not said is as the template and the SDK have it."""

    lanes: int
    items_per_message: float
    intake_concurrency: int = 20
    # Requests that register at once, and lanes that one request writes at once.
    registering_at_once: int = 4
    lanes_at_once: int = 8


_UNIT_BYTES: Final = 1_024


def write_units(items: float, events_per_item: int) -> float:
    """Of a batch of one lane: each item's row, and for each commit the head and a journal row."""
    commits = math.ceil(items / ITEMS_PER_COMMIT)
    journal = ROW_BYTES + EVENT_BYTES * events_per_item * items / commits
    return 2 * (items + commits * (1 + math.ceil(journal / _UNIT_BYTES)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """Items a second, and what keeps them from being more."""

    items: float
    limit: str

    @property
    def seconds_of_a_million(self) -> float:
        return MILLION / self.items


def _least(limits: Mapping[str, float]) -> Rate:
    limit = min(limits, key=lambda name: limits[name])
    return Rate(items=limits[limit], limit=limit)


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    setup: Setup
    quotas: Quotas = Quotas()
    times: Times = Times()

    def batch_seconds(self, items: float) -> float:
        """How long a lane is held by a batch of so many of its items."""
        times, commits = self.times, math.ceil(items / ITEMS_PER_COMMIT)
        calls = commits * (times.read + times.write)
        return times.around_batch + times.batch + calls + items * times.item

    def full_batch(self) -> float:
        return self.quotas.messages_per_batch * self.setup.items_per_message

    def lane(self) -> Rate:
        """One lane with more messages waiting than it can take: one batch after the other."""
        items = self.full_batch()
        return _least(
            {
                "one batch of a group at a time": items / self.batch_seconds(items),
                "write units of a partition": self._by_units(self.quotas.partition_units),
                "calls of a group": self.quotas.calls_per_group * items,
            }
        )

    def job(self, *, new_table: bool = False) -> Rate:
        """All lanes busy, and the table to itself."""
        quotas, setup, lane = self.quotas, self.setup, self.lane()
        units = quotas.new_table_units if new_table else quotas.table_units
        slots = min(setup.intake_concurrency, quotas.source_concurrency)
        return _least(
            {
                lane.limit: setup.lanes * lane.items,
                "concurrency of the intake": slots * self._by_a_slot(rests=setup.lanes > slots),
                "write units of the table": self._by_units(units),
            }
        )

    def region(self) -> Rate:
        """Any number of jobs, and the intake allowed whatever the account is."""
        quotas = self.quotas
        slots = min(quotas.account_concurrency, quotas.source_concurrency)
        return _least(
            {
                "concurrency of the account": slots * self._by_a_slot(rests=True),
                "write units of the table": self._by_units(quotas.table_units),
                "calls of the queue": quotas.calls_per_queue * self.full_batch(),
            }
        )

    def registering(self, *, new_table: bool = False) -> Rate:
        setup, times, quotas = self.setup, self.times, self.quotas
        share = ITEMS_PER_REGISTRATION / setup.lanes
        commits = math.ceil(share / ITEMS_PER_COMMIT)
        rounds = math.ceil(setup.lanes / setup.lanes_at_once)
        seconds = (
            times.around_request
            + ITEMS_PER_REGISTRATION * times.registered_item
            + rounds * commits * (times.read + times.write)
        )
        each = write_units(share, 1) / share
        units = quotas.new_table_units if new_table else quotas.table_units
        return _least(
            {
                "requests at once": setup.registering_at_once * ITEMS_PER_REGISTRATION / seconds,
                "write units of a partition": setup.lanes * quotas.partition_units / each,
                "write units of the table": units / each,
            }
        )

    def batch_at(self, items_per_second: float) -> float:
        """Items of a lane in one batch where fewer come than the lane could take.

        While a batch is at work more messages of its lane come, say a of them on average: they
        are the next batch, or, where none came, the next single one is.
        """
        most = self.quotas.messages_per_batch
        a_second = items_per_second / self.setup.lanes / self.setup.items_per_message
        messages = 1.0
        for _ in range(_ROUNDS):
            came = a_second * self.batch_seconds(messages * self.setup.items_per_message)
            messages = min(most, (messages + came + math.exp(-came)) / 2)
        return messages * self.setup.items_per_message

    def _by_units(self, units: float) -> float:
        items = self.full_batch()
        return units * items / write_units(items, 2)

    def _by_a_slot(self, *, rests: bool) -> float:
        """A function waits while its lane's partition does; a lane that rested has saved up."""
        items = self.full_batch()
        written = write_units(items, 2) / self.quotas.partition_units
        saved = KEPT_UNITS_SECONDS if rests else 0.0
        return items / max(self.batch_seconds(items), written - saved)
