"""What docs/costs.md says beside full messages: quiet workers, small jobs, no registration."""

from collections.abc import Sequence
from typing import Final

from benchmarks.cost.bounds import Bound
from benchmarks.cost.cost_tables import MILLION, Results, money, per_million
from benchmarks.cost.job_meter import PACKING, UNREGISTERED_NAME
from benchmarks.cost.metered_small import ONE_ITEM, SMALL_JOBS
from benchmarks.cost.other_designs import delivery
from benchmarks.cost.usage import Usage, dollars
from benchmarks.markdown import number_table

MAX_UNITS_OF_ONE_ITEM: Final = 40
# A worker that sends each item by itself.
MAX_DOLLARS_OF_QUIET_WORKERS: Final = 7.0
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


def relay_table(results: Results) -> str:
    """What the relay takes of the bill, by the number of items of a lane in a batch."""
    rows = []
    for packing in PACKING:
        job = results[f"{packing} items per message"]
        relay = Usage.of(job["relay"])
        whole = Usage.of(job["usage"]) + delivery(job["items"])
        rows.append(
            [
                str(packing),
                f"{relay.lambda_requests / job['items']:.3f}",
                f"{relay.write_units / job['items']:.3f}",
                f"{relay.read_units / job['items']:.3f}",
                money(per_million(relay, job["items"])),
                f"{dollars(relay) / dollars(whole):.0%}",
            ]
        )
    heads = [
        "items of a lane per batch",
        "its invocations per item",
        "its write units per item",
        "its read units per item",
        "its dollars per million items",
        "of the bill",
    ]
    return number_table(heads, rows)


def quiet_workers(results: Results) -> float:
    """Dollars of a million items, each reported in a message of its own."""
    job = results["1 items per message"]
    return per_million(Usage.of(job["usage"]) + delivery(job["items"]), job["items"])


def unregistered(results: Results) -> str:
    """A job whose items nobody registers: its workers' reports do."""
    job = results[UNREGISTERED_NAME]
    usage = Usage.of(job["usage"])
    amount = per_million(usage + delivery(job["items"]), job["items"])
    return (
        f"A million items of a job with `expectedItems` that nobody registers: ${amount:.2f}, with "
        f"{usage.write_units / job['items']:.2f} write\nunits an item."
    )


def bounds(results: Results) -> Sequence[Bound]:
    quiet = quiet_workers(results)
    units = results[ONE_ITEM.name]["usage"]["write_units"]
    return [
        Bound(
            f"{MILLION:,} items that quiet workers report one at a time: ${quiet:.2f}, at most "
            f"${MAX_DOLLARS_OF_QUIET_WORKERS:.2f}.",
            quiet <= MAX_DOLLARS_OF_QUIET_WORKERS,
        ),
        Bound(
            f"A job of one item, from its creation to its verdict: {units:.0f} write units, at "
            f"most {MAX_UNITS_OF_ONE_ITEM}.",
            units <= MAX_UNITS_OF_ONE_ITEM,
        ),
    ]


def parts(results: Results) -> dict[str, str]:
    return {
        "small": small_table(results),
        "relay": relay_table(results),
        "unregistered": unregistered(results),
    }
