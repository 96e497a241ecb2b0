"""The capacity model's answers as tables, and the simulation's beside them.

`python -m benchmarks.capacity_tables` writes them into docs/capacity.md and prints them.
"""

import sys
from collections.abc import Sequence
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


def job_table() -> str:
    rows = []
    for lanes in LANES:
        for packing in PACKING:
            model = model_of(lanes, packing)
            rate = model.job()
            played = drained(model)
            rows.append(
                [
                    str(lanes),
                    str(packing),
                    f"{rate.items:,.0f}",
                    f"{played.items_per_second:,.0f}",
                    f"{round(100 * (played.items_per_second / rate.items - 1)):+d} %",
                    rate.limit,
                ]
            )
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


def batches_table() -> str:
    """How full batches are where fewer items come than could be taken."""
    model = model_of(MILLION_LANES, 1)
    rows = []
    for share in _OFFERED_SHARES:
        rate = model.job().items * share
        played = offered(model, share)
        rows.append(
            [f"{rate:,.0f}", f"{model.batch_at(rate):.1f}", f"{played.items_per_batch:.1f}"]
        )
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


def simulated_parts() -> dict[str, str]:
    return {"capacity-job": job_table(), "capacity-batches": batches_table()}


def _minutes(rate: Rate) -> str:
    return f"{rate.seconds_of_a_million / 60:.1f} min"


def _sum_of_minutes(rates: Sequence[Rate]) -> str:
    return f"{sum(rate.seconds_of_a_million for rate in rates) / 60:.1f} min"


def main() -> int:
    tables = {**model_parts(), **simulated_parts()}
    PAGE.write_text(filled(PAGE.read_text(), tables))
    print("\n\n".join(tables.values()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
