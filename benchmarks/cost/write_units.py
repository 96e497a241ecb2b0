"""Write units of each item transition and of each registered item, as the engine counts them.

The engine doubles the units of a transaction as AWS does: `python -m benchmarks.cost.write_units`.
"""

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.engine_ledger import Call, EngineLedger, ledger_on_engine, write_units
from forgeledger.jobs.model.commands import Command, CommandKind
from forgeledger.jobs.model.ids import lane_of
from forgeledger.jobs.model.items import Failure

RESULT = json.dumps({"pages": 3, "total": "129.90"})
PAYLOAD = json.dumps({"url": "s3://invoices/2026/11/invoice-000017.pdf"})


@dataclass(frozen=True)
class UnitCost:
    what: str
    items: int
    bound: float
    calls: Sequence[Call]

    @property
    def units_per_item(self) -> float:
        return write_units(self.calls) / self.items


def names(number: int) -> list[str]:
    return [f"invoice-{index:06d}" for index in range(number)]


def commands(kind: str, item_ids: Sequence[str], attempt: int | None = None) -> list[Command]:
    return [
        Command(
            kind=CommandKind(kind),
            item_id=item_id,
            command_id=f"{kind}:{item_id}:2f1c7a52",
            attempt=attempt,
            worker_id=None if kind == "register" else "worker-7",
            payload=PAYLOAD if kind == "register" else None,
            result=RESULT if kind == "complete" else None,
            failure=Failure(type="Timeout", message="no answer") if kind == "fail" else None,
        )
        for item_id in item_ids
    ]


def measure_transition(ledger: EngineLedger, kind: str, number: int, bound: float) -> UnitCost:
    """One batch of one kind of command in one lane, on items in the state that it needs."""
    job_id = ledger.new_job(lanes=1)
    item_ids = names(number)
    ledger.lane_writer.apply(job_id, 0, commands("register", item_ids))
    if kind != "claim":
        ledger.lane_writer.apply(job_id, 0, commands("claim", item_ids))
    batch = commands(kind, item_ids, attempt=1)
    calls = ledger.calls_of(lambda: ledger.lane_writer.apply(job_id, 0, batch))
    return UnitCost(f"{kind}, {number} in a batch", number, bound, calls)


def measure_short_items(ledger: EngineLedger, number: int, bound: float) -> UnitCost:
    """A claim and a complete of the same item in one batch write its row once."""
    job_id = ledger.new_job(lanes=1)
    item_ids = names(number)
    ledger.lane_writer.apply(job_id, 0, commands("register", item_ids))
    batch = [
        command
        for item_id in item_ids
        for kind in ("claim", "complete")
        for command in commands(kind, [item_id])
    ]
    calls = ledger.calls_of(lambda: ledger.lane_writer.apply(job_id, 0, batch))
    rows = sum("Put" in action for action in calls[-1].parameters["TransactItems"])
    assert rows == number + 1, "an item was written more than once"
    return UnitCost(f"claim + complete, {number} items", number, bound, calls)


def measure_registration(ledger: EngineLedger, lanes: int, bound: float) -> UnitCost:
    job_id = ledger.new_job(lanes=lanes)
    by_lane: dict[int, list[str]] = {}
    for item_id in names(1_000):
        by_lane.setdefault(lane_of(item_id, lanes), []).append(item_id)

    def register() -> None:
        for lane, item_ids in by_lane.items():
            ledger.lane_writer.apply(job_id, lane, commands("register", item_ids))

    calls = ledger.calls_of(register)
    return UnitCost(f"register 1,000, {lanes} lane{'s' * (lanes > 1)}", 1_000, bound, calls)


def main() -> int:
    with ledger_on_engine() as ledger:
        costs = [
            measure_transition(ledger, "claim", 10, 2.6),
            measure_transition(ledger, "complete", 10, 2.6),
            measure_transition(ledger, "fail", 10, 2.6),
            measure_transition(ledger, "claim", 90, 2.25),
            measure_transition(ledger, "complete", 90, 2.25),
            measure_short_items(ledger, 45, 2.6),
            measure_registration(ledger, 1, 2.2),
            measure_registration(ledger, 4, 2.2),
            measure_registration(ledger, 8, 2.2),
            measure_registration(ledger, 16, 2.2),
        ]
    print(f"{'what':<26}{'write units per item':>22}{'at most':>9}{'requests':>10}")
    for cost in costs:
        print(f"{cost.what:<26}{cost.units_per_item:>22.3f}{cost.bound:>9}{len(cost.calls):>10}")
    return int(any(cost.units_per_item > cost.bound for cost in costs))


if __name__ == "__main__":
    sys.exit(main())
