"""What it reads to find what holds a large job up, on the metered table.

`python -m benchmarks.cost.why_reads [--items 1000000]`: a job of 16 lanes whose items have rows of
about 200 bytes, all completed but a few. Rows are written directly; the last commands are real.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from benchmarks.cost.metered_table import MeteredTables
from benchmarks.cost.prices import READ_UNITS
from benchmarks.markdown import number_table
from benchmarks.sample_items import item_name
from forgeledger.bootstrap.storage import ledger_store
from forgeledger.fast_dataclass import replace
from forgeledger.jobs.model.commands import Command, CommandKind
from forgeledger.jobs.model.ids import lane_of, make_job_id
from forgeledger.jobs.model.items import Item, ItemState
from forgeledger.jobs.model.job_lifecycle import create
from forgeledger.jobs.model.jobs import JobSpec
from forgeledger.jobs.model.lanes import Counts, LaneRules
from forgeledger.jobs.storage.head_rows import encode_head
from forgeledger.jobs.storage.item_rows import encode_item
from forgeledger.jobs.storage.keys import lane_pk
from forgeledger.jobs.usecases.apply_commands import LaneWriter
from forgeledger.jobs.usecases.explain_job import Explainer, Explanation
from forgeledger.runtime import Runtime
from tests.simulation.arguments import positive
from tests.support.row_sizes import row_bytes

LANES: Final = 16
# Of one request about a million items.
MOST_READ_UNITS: Final = 30_000
MOST_PAGES: Final = 20
MOST_DOLLARS: Final = 0.01
NOW: Final = 1_795_255_200_000
_TABLE: Final = "ledger"
_ITEMS: Final = 1_000_000


class MeteredClient:
    """A client of DynamoDB on a metered table, which counts the pages of items of each lane."""

    def __init__(self) -> None:
        self.tables = MeteredTables()
        self.pages: Counter[str] = Counter()

    def __getattr__(self, name: str) -> Any:
        operation = "".join(word.capitalize() for word in name.split("_"))

        def call(**request: Any) -> Any:
            if "FilterExpression" in request:
                self.pages[request["ExpressionAttributeValues"][":pk"]["S"]] += 1
            return self.tables.perform(operation, request)

        return call


@dataclass(frozen=True, slots=True, kw_only=True)
class WhyReads:
    """One request that asks why a job is not done."""

    explanation: Explanation
    read_units: float
    most_pages: int
    row_bytes: float

    @property
    def dollars(self) -> float:
        return self.read_units * READ_UNITS.per_unit


class LargeJob:
    def __init__(self, items: int) -> None:
        self.client = MeteredClient()
        self._runtime = Runtime(clock=lambda: NOW, parallel=_one_by_one)
        self.store = ledger_store(self.client, _TABLE, self._runtime)
        self.job_id = make_job_id(NOW, 1, LANES)
        self._bytes = 0
        self._write(items)

    def claim(self, item_ids: Iterable[str]) -> None:
        """By a worker that will not be heard of again."""
        writer = LaneWriter(self.store, self._runtime)
        for item_id in item_ids:
            claim = Command(
                kind=CommandKind.CLAIM, item_id=item_id, worker_id="w-3", command_id=item_id
            )
            writer.apply(self.job_id, lane_of(item_id, LANES), [claim])

    def ask(self) -> WhyReads:
        self.client.pages.clear()
        before = self.client.tables.read_units
        explainer = Explainer(jobs=self.store, lanes=self.store, runtime=self._runtime)
        explanation = explainer.explain(self.job_id)
        return WhyReads(
            explanation=explanation,
            read_units=self.client.tables.read_units - before,
            most_pages=max(self.client.pages.values()),
            row_bytes=self._bytes / explanation.counts.total,
        )

    def _write(self, items: int) -> None:
        """All completed, except the last item of each lane, which waits for a worker."""
        names: list[list[str]] = [[] for _ in range(LANES)]
        for name in map(item_name, range(items)):
            names[lane_of(name, LANES)].append(name)
        rules = LaneRules(lease_seconds=60)
        spec = JobSpec(job_id=self.job_id, name="large", lanes=LANES, rules=rules, created_at=NOW)
        job, heads, fact = create(spec)
        self.store.create_job(job, heads, fact)
        for head, in_lane in zip(heads, names, strict=True):
            pk = lane_pk(self.job_id, head.lane)
            for offset, item in enumerate(_items(in_lane)):
                row = encode_item(pk, replace(item, offset=offset), NOW // 1_000)
                self._bytes += row_bytes(row)
                self.client.put_item(TableName=_TABLE, Item=row)
            counts = Counts(pending=1, completed=len(in_lane) - 1)
            written = replace(head, offset=len(in_lane), counts=counts)
            self.client.put_item(TableName=_TABLE, Item=encode_head(written))


def last_of_lanes(items: int) -> list[str]:
    """The last item of each lane, by name, in the order of the lanes."""
    last = {lane_of(name, LANES): name for name in map(item_name, range(items))}
    return [last[lane] for lane in range(LANES)]


def _items(names: Sequence[str]) -> Iterator[Item]:
    done = Item(
        item_id="",
        state=ItemState.COMPLETED,
        attempt=1,
        worker_id="worker-7",
        created_at=NOW,
        claimed_at=NOW,
        finished_at=NOW,
        updated_at=NOW,
        seen=("OO9kE08r", "pC2xT41v"),
    )
    for name in names[:-1]:
        yield replace(done, item_id=name)
    yield Item(
        item_id=names[-1], state=ItemState.PENDING, created_at=NOW, updated_at=NOW, seen=("OO9k",)
    )


def _one_by_one(function: Any, arguments: Sequence[Any]) -> list[Any]:
    return [function(argument) for argument in arguments]


def main(items: int) -> int:
    job = LargeJob(items)
    job.claim(last_of_lanes(items)[-1:])
    reads = job.ask()
    found = reads.explanation
    print(
        number_table(
            [
                "items",
                "row, bytes",
                "scanned",
                "to the end",
                "read units",
                "most pages a lane",
                "$",
            ],
            [
                [
                    f"{found.counts.total:,}",
                    f"{reads.row_bytes:.0f}",
                    f"{found.items_scanned:,}",
                    "yes" if found.following is None else "no",
                    f"{reads.read_units:,.0f}",
                    str(reads.most_pages),
                    f"{reads.dollars:.4f}",
                ]
            ],
        )
    )
    print("found:", *(item.item_id for item in found.oldest_in_progress))
    missed = reads.read_units > MOST_READ_UNITS or reads.most_pages > MOST_PAGES
    return int(missed or reads.dollars > MOST_DOLLARS or found.following is not None)


if __name__ == "__main__":
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--items", type=positive, default=_ITEMS)
    sys.exit(main(arguments.parse_args().items))
