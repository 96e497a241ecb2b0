"""The capacity model's answers as tables, and the simulation's beside them.

`python -m benchmarks.capacity_tables` writes them into docs/capacity.md and prints them; it fails
where the two are further apart than they may be.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.capacity import Model, Quotas, Rate, Setup, Times
from benchmarks.capacity_simulation import CapacitySimulation, Played
from benchmarks.markdown import filled, table, words

PAGE: Final = Path(__file__).parent.parent / "docs" / "capacity.md"
LANES: Final = (1, 4, 8, 16, 64)
PACKING: Final = (1, 10, 50, 250)
MILLION_LANES: Final = 16
MILLION_PACKING: Final = (1, 5, 50)
SEED: Final = 7
# How far model and simulation may be apart.
TOLERANCE: Final = 0.10
_SIMULATED_SECONDS: Final = 30.0
_OFFERED_SHARES: Final = (0.1, 0.3, 0.5, 0.7, 0.9)


def model_of(lanes: int, items_per_message: float, intake_concurrency: int = 20) -> Model:
    return Model(
        setup=Setup(
            lanes=lanes,
            items_per_message=items_per_message,
            intake_concurrency=intake_concurrency,
        )
    )


def drained(model: Model, *, seconds: float = _SIMULATED_SECONDS) -> Played:
    """A backlog that is about so many seconds of work."""
    return _simulation(model).drain(round(model.job().items * seconds))


def offered(model: Model, share: float) -> Played:
    return _simulation(model).offer(model.job().items * share, _SIMULATED_SECONDS)


def _simulation(model: Model) -> CapacitySimulation:
    return CapacitySimulation(
        model.setup,
        model.quotas,
        model.times,
        table_units=model.quotas.table_units,
        seed=SEED,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One answer of the model, and the simulation's to the same question."""

    asked: str
    model: float
    simulated: float
    # What the table says beside the two.
    cells: Sequence[str]
    limit: str = ""

    @property
    def apart(self) -> float:
        return self.simulated / self.model - 1

    @property
    def too_far(self) -> bool:
        return abs(self.apart) > TOLERANCE


def compared_jobs() -> list[Compared]:
    """Each number of lanes with each number of items a message, on a backlog."""
    found = []
    for lanes in LANES:
        for packing in PACKING:
            model = model_of(lanes, packing)
            rate = model.job()
            found.append(
                Compared(
                    asked=f"items/s on {lanes} lanes, {packing} a message",
                    model=rate.items,
                    simulated=drained(model).items_per_second,
                    cells=[str(lanes), str(packing)],
                    limit=rate.limit,
                )
            )
    return found


def compared_batches() -> list[Compared]:
    """How full batches are where fewer items come than could be taken."""
    model = model_of(MILLION_LANES, 1)
    rates = {share: model.job().items * share for share in _OFFERED_SHARES}
    return [
        Compared(
            asked=f"items of a batch at {rate:,.0f} items/s",
            model=model.batch_at(rate),
            simulated=offered(model, share).items_per_batch,
            cells=[f"{rate:,.0f}"],
        )
        for share, rate in rates.items()
    ]


def job_table(compared: Sequence[Compared]) -> str:
    rows = [
        [
            *each.cells,
            f"{each.model:,.0f}",
            f"{each.simulated:,.0f}",
            f"{round(100 * each.apart):+d} %",
            each.limit,
        ]
        for each in compared
    ]
    heads = ["lanes", "items a message", "items/s", "simulated", "apart", "what limits them"]
    return table(heads, rows)


def region_table() -> str:
    rows = []
    for packing in PACKING:
        rate = model_of(MILLION_LANES, packing).region()
        rows.append([str(packing), f"{rate.items:,.0f}", rate.limit])
    return table(["items a message", "items/s of a region", "what limits them"], rows)


def million_table() -> str:
    """How long a million items take, registered first and worked off then."""
    rows = []
    for new_table in (False, True):
        for packing in MILLION_PACKING:
            model = model_of(MILLION_LANES, packing)
            registering = model.registering(new_table=new_table)
            working = model.job(new_table=new_table)
            rows.append(
                [
                    "new" if new_table else "in use",
                    str(packing),
                    _minutes(registering),
                    _minutes(working),
                    _sum_of_minutes([registering, working]),
                    working.limit,
                ]
            )
    heads = [
        "table",
        "items a message",
        "registering",
        "working",
        "both",
        "what limits working",
    ]
    return table(heads, rows)


def batches_table(compared: Sequence[Compared]) -> str:
    rows = [[*each.cells, f"{each.model:.1f}", f"{each.simulated:.1f}"] for each in compared]
    return table(["items/s that come", "items of a lane in a batch", "simulated"], rows)


def assumptions_table() -> str:
    quotas, times = Quotas(), Times()
    rows = [
        [
            "calls a second of one message group (FIFO, high throughput)",
            f"{quotas.calls_per_group:,.0f}",
            "quota",
        ],
        ["calls a second of one FIFO queue", f"{quotas.calls_per_queue:,.0f}", "quota, us-east-1"],
        ["messages of a batch", f"{quotas.messages_per_batch}", "most for FIFO"],
        ["batches of one group at once", "1", "rule of FIFO"],
        [
            "functions at once: account, event source",
            f"{quotas.account_concurrency:,}, {quotas.source_concurrency:,}",
            "default quota",
        ],
        ["intake at once", f"{Setup(lanes=1, items_per_message=1).intake_concurrency}", "template"],
        ["write units a second: partition", f"{quotas.partition_units:,.0f}", "limit"],
        [
            "write units a second: table, new table",
            f"{quotas.table_units:,.0f}, {quotas.new_table_units:,.0f}",
            "default quota",
        ],
        ["around a batch: receive, start, delete", f"{times.around_batch * 1e3:.0f} ms", "assumed"],
        [
            "BatchGetItem, TransactWriteItems",
            f"{times.read * 1e3:.0f} ms, {times.write * 1e3:.0f} ms",
            "assumed",
        ],
        [
            "a batch, each of its items",
            f"{times.batch * 1e3:.1f} ms, {times.item * 1e3:.2f} ms",
            "measured, converted",
        ],
        ["each registered item", f"{times.registered_item * 1e3:.2f} ms", "measured, converted"],
    ]
    return words(["what", "value", "from"], rows)


def model_parts() -> dict[str, str]:
    return {
        "capacity-assumptions": assumptions_table(),
        "capacity-region": region_table(),
        "capacity-million": million_table(),
    }


def _minutes(rate: Rate) -> str:
    return f"{rate.seconds_of_a_million / 60:.1f} min"


def _sum_of_minutes(rates: Sequence[Rate]) -> str:
    return f"{sum(rate.seconds_of_a_million for rate in rates) / 60:.1f} min"


def written(jobs: Sequence[Compared], batches: Sequence[Compared], page: Path = PAGE) -> int:
    """Writes the tables and says what is too far apart; 1 where something is."""
    simulated = {"capacity-job": job_table(jobs), "capacity-batches": batches_table(batches)}
    tables = {**model_parts(), **simulated}
    page.write_text(filled(page.read_text(), tables))
    print("\n\n".join(tables.values()))
    too_far = [each for each in [*jobs, *batches] if each.too_far]
    for each in too_far:
        print(
            f"TOO FAR APART, {each.apart:+.0%}: {each.asked}: {each.model:,.1f} by the model, "
            f"{each.simulated:,.1f} by the simulation"
        )
    return int(bool(too_far))


def main() -> int:
    return written(compared_jobs(), compared_batches())


if __name__ == "__main__":
    sys.exit(main())
