"""What a job costs by itself: the table and bound of jobs of few items, from the stored results."""

from collections.abc import Sequence
from typing import Final

from benchmarks.cost.bounds import Bound
from benchmarks.cost.cost_tables import Results, money
from benchmarks.cost.metered_small import ONE_ITEM, SMALL_JOBS
from benchmarks.cost.usage import Usage, dollars
from benchmarks.markdown import number_table

MAX_UNITS_OF_ONE_ITEM: Final = 40
_THOUSAND: Final = 1_000


def small_table(results: Results) -> str:
    """Jobs of few items, without the delivery of the items to workers."""
    rows = []
    for small in SMALL_JOBS:
        job = results[small.name]
        usage = Usage.of(job["usage"])
        rows.append(
            [
                str(small.items),
                str(small.lanes),
                f"{usage.write_units:.0f}",
                f"{usage.read_units:.0f}",
                f"{job['requests']:.0f}",
                f"{usage.lambda_requests:.0f}",
                money(dollars(usage) * _THOUSAND),
            ]
        )
    units = ["write units", "read units", "requests", "invocations"]
    return number_table(["items", "lanes", *units, "dollars per thousand jobs"], rows)


def bounds(results: Results) -> Sequence[Bound]:
    units = results[ONE_ITEM.name]["usage"]["write_units"]
    return [
        Bound(
            f"A job of one item, from its creation to its verdict: {units:.0f} write units, at "
            f"most {MAX_UNITS_OF_ONE_ITEM}.",
            units <= MAX_UNITS_OF_ONE_ITEM,
        )
    ]


def parts(results: Results) -> dict[str, str]:
    return {"small": small_table(results)}
