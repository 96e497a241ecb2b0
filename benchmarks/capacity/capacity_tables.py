"""Write the answers of the capacity model and its simulation into docs/capacity.md.

`python -m benchmarks.capacity.capacity_tables` also prints the tables. It fails where model and
simulation differ by more than the tolerance.
"""

import sys
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import Final

from benchmarks.capacity.capacity_comparison import (
    MILLION_LANES,
    PACKING,
    Comparison,
    compare_batches,
    compare_jobs,
    compare_million,
    model_of,
)
from benchmarks.capacity.capacity_model import Quotas, Setup, Times
from benchmarks.markdown import fill_markers, number_table, text_table

PAGE: Final = Path(__file__).parent.parent.parent / "docs" / "capacity.md"


def job_table(comparisons: Sequence[Comparison]) -> str:
    rows = [
        [
            *comparison.cells,
            f"{comparison.model:,.0f}",
            f"{comparison.simulated:,.0f}",
            _percent(comparison.difference),
            comparison.limit,
        ]
        for comparison in comparisons
    ]
    heads = ["lanes", "items per message", "items/s", "items/s, simulated", "difference", "limit"]
    return number_table(heads, rows)


def region_table() -> str:
    rows = []
    for packing in PACKING:
        rate = model_of(MILLION_LANES, packing).region()
        rows.append([str(packing), f"{rate.items:,.0f}", rate.limit])
    return number_table(["items per message", "items/s of a region", "limit"], rows)


def million_table(comparisons: Sequence[tuple[Comparison, Comparison]]) -> str:
    """How long a million items take that are all registered before the work begins."""
    rows = []
    for registration, work in comparisons:
        both = registration.model + work.model
        simulated = registration.simulated + work.simulated
        rows.append(
            [
                *work.cells,
                *(f"{seconds / 60:.1f} min" for seconds in (registration.model, work.model)),
                *(f"{seconds / 60:.1f} min" for seconds in (both, simulated)),
                _percent(simulated / both - 1),
                work.limit,
            ]
        )
    heads = ["table", "items per message", "registration", "work", "both", "both, simulated"]
    return number_table([*heads, "difference", "limit of the work"], rows)


def batches_table(comparisons: Sequence[Comparison]) -> str:
    rows = [
        [*comparison.cells, f"{comparison.model:.1f}", f"{comparison.simulated:.1f}"]
        for comparison in comparisons
    ]
    return number_table(["arriving items/s", "items of a lane per batch", "simulated"], rows)


def assumptions_table() -> str:
    quotas, times = Quotas(), Times()
    intake_concurrency = Setup(lanes=1, items_per_message=1).intake_concurrency
    rows = [
        [
            "API calls per second of one message group (FIFO, high throughput)",
            f"{quotas.calls_per_group:,.0f}",
            "quota",
        ],
        [
            "API calls per second of one FIFO queue",
            f"{quotas.calls_per_queue:,.0f}",
            "quota, us-east-1",
        ],
        ["messages per batch", f"{quotas.messages_per_batch}", "maximum of FIFO queues"],
        ["batches of one message group at a time", "1", "rule of FIFO queues"],
        [
            "concurrent invocations of an account",
            f"{quotas.account_concurrency:,}",
            "default quota",
        ],
        [
            "concurrent invocations of one event source, from the first moment",
            f"{quotas.source_concurrency:,}",
            "Lambda's maximum; no scale-up time",
        ],
        ["concurrent invocations of the intake", f"{intake_concurrency}", "template"],
        ["write units per second of a partition", f"{quotas.partition_units:,.0f}", "limit"],
        [
            "write units per second of a table, of a new table",
            f"{quotas.table_units:,.0f}, {quotas.new_table_units:,.0f}",
            "default quota",
        ],
        [
            "around a batch: receive, start, delete",
            f"{times.around_batch * 1e3:.0f} ms",
            "assumed",
        ],
        [
            "BatchGetItem, TransactWriteItems",
            f"{times.read * 1e3:.0f} ms, {times.write * 1e3:.0f} ms",
            "assumed",
        ],
        [
            "processor time of a batch, and of each of its items",
            f"{times.batch * 1e3:.1f} ms, {times.item * 1e3:.2f} ms",
            "measured, converted",
        ],
        [
            "processor time of each registered item",
            f"{times.registered_item * 1e3:.2f} ms",
            "measured, converted",
        ],
    ]
    return text_table(["what", "value", "source"], rows)


def model_parts() -> dict[str, str]:
    return {
        "capacity-assumptions": assumptions_table(),
        "capacity-region": region_table(),
    }


def write_page(
    jobs: Sequence[Comparison],
    million: Sequence[tuple[Comparison, Comparison]],
    batches: Sequence[Comparison],
    page: Path = PAGE,
) -> int:
    """Write and print the tables; 1 where model and simulation differ too much."""
    tables = {
        **model_parts(),
        "capacity-job": job_table(jobs),
        "capacity-million": million_table(million),
        "capacity-batches": batches_table(batches),
    }
    page.write_text(fill_markers(page.read_text(), tables))
    print("\n\n".join(tables.values()))
    comparisons = [*jobs, *chain(*million), *batches]
    differing = [comparison for comparison in comparisons if comparison.exceeds_tolerance]
    for comparison in differing:
        print(
            f"TOO DIFFERENT, {comparison.difference:+.0%}: {comparison.question}: "
            f"{comparison.model:,.1f} by the model, {comparison.simulated:,.1f} by the simulation"
        )
    return int(bool(differing))


def _percent(difference: float) -> str:
    return f"{round(100 * difference):+d} %"


def main() -> int:
    return write_page(compare_jobs(), compare_million(), compare_batches())


if __name__ == "__main__":
    sys.exit(main())
