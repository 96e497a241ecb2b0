"""The capacity model's answers as tables, and the simulation's beside them.

`python -m benchmarks.capacity.capacity_tables` writes them into docs/capacity.md and prints them;
it fails where the two are further apart than they may be.
"""

import sys
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import Final

from benchmarks.capacity.capacity_comparison import (
    MILLION_LANES,
    PACKING,
    Compared,
    compared_batches,
    compared_jobs,
    compared_million,
    model_of,
)
from benchmarks.capacity.capacity_model import Quotas, Setup, Times
from benchmarks.markdown import filled, table, words

PAGE: Final = Path(__file__).parent.parent.parent / "docs" / "capacity.md"


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


def million_table(compared: Sequence[tuple[Compared, Compared]]) -> str:
    """How long a million items take, registered first and worked off then."""
    rows = []
    for registering, working in compared:
        both = registering.model + working.model
        simulated = registering.simulated + working.simulated
        rows.append(
            [
                *working.cells,
                f"{registering.model / 60:.1f} min",
                f"{working.model / 60:.1f} min",
                f"{both / 60:.1f} min",
                f"{simulated / 60:.1f} min",
                f"{round(100 * (simulated / both - 1)):+d} %",
                working.limit,
            ]
        )
    heads = [
        "table",
        "items a message",
        "registering",
        "working",
        "both",
        "simulated",
        "apart",
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
        ["functions at once: account", f"{quotas.account_concurrency:,}", "default quota"],
        [
            "functions at once: event source, from the first moment",
            f"{quotas.source_concurrency:,}",
            "Lambda's most; no ramp",
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
    }


def written(
    jobs: Sequence[Compared],
    million: Sequence[tuple[Compared, Compared]],
    batches: Sequence[Compared],
    page: Path = PAGE,
) -> int:
    """Writes the tables and says what is too far apart; 1 where something is."""
    simulated = {
        "capacity-job": job_table(jobs),
        "capacity-million": million_table(million),
        "capacity-batches": batches_table(batches),
    }
    tables = {**model_parts(), **simulated}
    page.write_text(filled(page.read_text(), tables))
    print("\n\n".join(tables.values()))
    too_far = [each for each in [*jobs, *chain(*million), *batches] if each.too_far]
    for each in too_far:
        print(
            f"TOO FAR APART, {each.apart:+.0%}: {each.asked}: {each.model:,.1f} by the model, "
            f"{each.simulated:,.1f} by the simulation"
        )
    return int(bool(too_far))


def main() -> int:
    return written(compared_jobs(), compared_million(), compared_batches())


if __name__ == "__main__":
    sys.exit(main())
