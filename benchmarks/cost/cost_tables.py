"""The tables and bounds of docs/costs.md from the stored results."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from benchmarks.cost import prices
from benchmarks.cost.bounds import Bound
from benchmarks.cost.clock_cost import clock_alarms, clock_table
from benchmarks.cost.job_meter import PACKING
from benchmarks.cost.other_designs import (
    all_designs,
    delivery,
    distributed_map,
    forgeledger,
    measured_job,
)
from benchmarks.cost.prices import AS_OF, PRICES, REGION, Service
from benchmarks.cost.usage import Usage, bill_of, by_service, dollars
from benchmarks.markdown import number_table, text_table
from forgeledger.jobs.messages.reconcile_requests import measurements
from forgeledger.jobs.model.reconciliation import MaintenanceReport

SIZES: Final = (1_000, 100_000, 1_000_000)
MILLION: Final = 1_000_000
MAX_DOLLARS_PER_MILLION: Final = 4.0
MAX_SHARE_OF_STANDARD: Final = 0.1
TEMPLATE: Final = Path(__file__).parent.parent.parent / "template.yaml"
MONTH_SECONDS: Final = 730 * 3_600
# Custom metrics, by name and dimensions: those of each scheduled round of the relay, ten of the
# intake, requests without a key, and two for each of about four pairs of route and status. Those
# that are sent in a failure alone are left out.
ROUND_METRICS: Final = len(list(measurements(MaintenanceReport(jobs=(), round_complete=True))))
METRICS: Final = ROUND_METRICS + 10 + 1 + 2 * 4
# Lambda polls an idle queue with this many long polls at a time, each of this length.
POLLERS: Final = 5
POLL_SECONDS: Final = 20
STANDARD: Final = "Distributed Map, standard"

Results = Mapping[str, Mapping[str, Any]]


def price_table() -> str:
    rows = [
        [
            price.service.value,
            price.what,
            "free" if not price.dollars else f"${price.dollars:g}",
            f"{price.unit}" if price.per == 1 else f"million {price.unit}",
            price.source,
            price.copied,
            f"{price.read}",
        ]
        for price in PRICES
    ]
    heads = ["service", "what", "price", "per", "published in", "copy of", "read on"]
    return text_table(heads, rows)


def prices_read() -> str:
    return f"{REGION} as of {AS_OF}, without free tiers and volume discounts."


def job_table(results: Results) -> str:
    """Dollars of a job by service and price."""
    usages = [forgeledger(items, results).usage for items in SIZES]
    bills = [bill_of(usage) for usage in usages]
    rows = [
        [f"{price.service.value}, {price.what}", *(money(bill.get(price, 0.0)) for bill in bills)]
        for price in PRICES
        if any(price in bill for bill in bills)
    ]
    rows.append(["**total**", *(f"**{money(dollars(usage))}**" for usage in usages)])
    rows.append(["per million items", *map(money, map(per_million, usages, SIZES))])
    return number_table(["", *(f"{items:,} items" for items in SIZES)], rows)


def usage_table(results: Results) -> str:
    jobs = [results[name] for items in SIZES if (name := f"job of {items}") in results]
    usages = [Usage.of(job["usage"]).times(1 / job["items"]) for job in jobs]
    rows = [
        ["lanes", *(str(job["lanes"]) for job in jobs)],
        ["write units", *(f"{usage.write_units:.3f}" for usage in usages)],
        ["read units", *(f"{usage.read_units:.3f}" for usage in usages)],
        ["SQS requests", *(f"{usage.sqs_fifo_requests:.4f}" for usage in usages)],
        ["invocations", *(f"{usage.lambda_requests:.4f}" for usage in usages)],
        ["GB-seconds", *(f"{usage.lambda_gb_seconds:.5f}" for usage in usages)],
        ["stored bytes", *(f"{usage.stored_bytes:.0f}" for usage in usages)],
        ["log bytes", *(f"{usage.log_bytes:.0f}" for usage in usages)],
        ["all requests", *(f"{job['requests'] / job['items']:.4f}" for job in jobs)],
    ]
    return number_table(["per item", *(f"{job['items']:,} items" for job in jobs)], rows)


def designs_table(results: Results) -> str:
    by_size = [all_designs(items, results) for items in SIZES]
    ledger_dollars = dollars(by_size[-1][0].usage)
    rows = [
        [
            sizes[-1].name,
            *(money(dollars(design.usage)) for design in sizes),
            f"{dollars(sizes[-1].usage) / ledger_dollars:.2f}",
            sizes[-1].lacks or "-",
        ]
        for sizes in zip(*by_size, strict=True)
    ]
    heads = ["", *(f"{items:,} items" for items in SIZES), "times ForgeLedger", "lacks"]
    return number_table(heads, rows)


def services_table(results: Results) -> str:
    rows = []
    for design in all_designs(MILLION, results):
        sums = by_service(design.usage)
        rows.append([design.name, *(money(sums.get(service, 0.0)) for service in Service)])
    heads = ["dollars per million items", *(service.value for service in Service)]
    return number_table(heads, rows)


def packing_table(results: Results) -> str:
    standard = _standard_dollars()
    amounts = _dollars_by_packing(results)
    rows = []
    for packing in PACKING:
        job = results[f"{packing} items per message"]
        rows.append(
            [
                str(packing),
                f"{Usage.of(job['usage']).write_units / job['items']:.2f}",
                f"{job['requests'] / job['items']:.2f}",
                money(amounts[packing]),
                f"{amounts[packing] / standard:.3f}",
            ]
        )
    heads = [
        "items of a lane per batch",
        "write units per item",
        "requests per item",
        "dollars per million items",
        f"times {STANDARD}",
    ]
    return number_table(heads, rows)


def packing_bounds(results: Results) -> str:
    """With which packings a million items would miss the bounds, which hold for full batches."""
    amounts = _dollars_by_packing(results)
    limits = {
        f"${MAX_DOLLARS_PER_MILLION:.2f} per million items": MAX_DOLLARS_PER_MILLION,
        "a tenth of Distributed Map with standard children": MAX_SHARE_OF_STANDARD
        * _standard_dollars(),
    }
    lines = []
    for name, limit in limits.items():
        missed = [str(packing) for packing, amount in amounts.items() if amount > limit]
        result = f"missed with {_join(missed)} items" if missed else "met with any number of items"
        lines.append(f"- The bound of {name} is {result} of a lane per batch.")
    return "\n".join(lines)


def start_only(results: Results) -> str:
    """The comparison if AWS billed less of a standard child than is assumed."""
    ledger_dollars = dollars(forgeledger(MILLION, results).usage)
    start = _standard_dollars() - MILLION * prices.TRANSITIONS.per_unit
    missed = ledger_dollars > MAX_SHARE_OF_STANDARD * start
    result = "the bound of a tenth would be missed" if missed else "less than a tenth as well"
    return (
        f"If AWS billed only the start of a standard child, a million items would cost "
        f"${start:.2f} there,\nand ForgeLedger {ledger_dollars / start:.3f} of that, about "
        f"1/{start / ledger_dollars:.0f}: {result}."
    )


def bounds(results: Results) -> Sequence[Bound]:
    designs = {design.name: design for design in all_designs(MILLION, results)}
    ledger, standard = (dollars(designs[name].usage) for name in ("ForgeLedger", STANDARD))
    largest = measured_job(MILLION, results)["items"]
    how = "measured" if largest == MILLION else f"extrapolated from {largest:,}"
    return [
        Bound(
            f"A million items, {how}: ${ledger:.2f}, at most ${MAX_DOLLARS_PER_MILLION:.2f}.",
            ledger <= MAX_DOLLARS_PER_MILLION,
        ),
        Bound(
            f"This is {ledger / standard:.3f} times the price of Distributed Map with standard "
            f"children (${standard:.2f}), at most {MAX_SHARE_OF_STANDARD}.",
            ledger <= MAX_SHARE_OF_STANDARD * standard,
        ),
    ]


def month_table() -> str:
    """What a deployment costs per month in addition to its jobs."""
    # An alarm on several metrics is billed for each of them.
    template = TEMPLATE.read_text()
    alarms = template.count("Namespace: ") - template.count("MetricNamespace: ") - clock_alarms()
    # That of the reference worker, which is off unless asked for.
    alarms -= template.count("Condition: WorkerOn\n    Properties:\n      AlarmDescription")
    polls = POLLERS * MONTH_SECONDS / POLL_SECONDS
    idle = [
        (f"{alarms} metrics with an alarm", alarms * prices.ALARMS.per_unit),
        ("1 dashboard", prices.DASHBOARDS.per_unit),
        (
            f"{ROUND_METRICS} custom metrics that the scheduled rounds send in every hour",
            ROUND_METRICS * prices.METRICS.per_unit,
        ),
        (f"empty receives of {POLLERS} pollers", dollars(Usage(sqs_fifo_requests=polls))),
    ]
    other = METRICS - ROUND_METRICS
    amounts = [
        *idle,
        ("**idle, total**", sum(amount for _, amount in idle)),
        (f"{other} other metrics, if sent in every hour", other * prices.METRICS.per_unit),
        ("the same, if sent in one hour", other * prices.METRICS.per_unit * 3_600 / MONTH_SECONDS),
    ]
    rows = [[name, f"{amount:.2f}"] for name, amount in amounts]
    return number_table(["per month", "dollars"], rows)


def parts(results: Results) -> dict[str, str]:
    return {
        "prices-read": prices_read(),
        "prices": price_table(),
        "month": month_table(),
        "clock": clock_table(),
        "job": job_table(results),
        "usage": usage_table(results),
        "designs": designs_table(results),
        "services": services_table(results),
        "start-only": start_only(results),
        "packing": packing_table(results),
        "packing-bounds": packing_bounds(results),
    }


def _standard_dollars() -> float:
    """A million items by Distributed Map, each a standard child."""
    designs = distributed_map(MILLION)
    return next(dollars(design.usage) for design in designs if design.name == STANDARD)


def _dollars_by_packing(results: Results) -> dict[int, float]:
    """Per million items, by the number of items of a lane in a batch."""
    amounts = {}
    for packing in PACKING:
        job = results[f"{packing} items per message"]
        amounts[packing] = per_million(
            Usage.of(job["usage"]) + delivery(job["items"]), job["items"]
        )
    return amounts


def _join(words: Sequence[str]) -> str:
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last


def per_million(usage: Usage, items: int) -> float:
    return dollars(usage) / items * MILLION


def money(amount: float) -> str:
    if not amount:
        return "-"
    if amount < 0.000_1:
        return "<0.0001"
    return f"{amount:.2f}" if amount >= 0.095 else f"{amount:.2g}"
