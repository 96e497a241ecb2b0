"""From what was measured to the tables of docs/costs.md."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from benchmarks.cost import prices
from benchmarks.cost.job_meter import PACKING
from benchmarks.cost.other_designs import (
    all_designs,
    delivery,
    distributed_map,
    forgeledger,
    measured_job,
)
from benchmarks.cost.prices import AS_OF, PRICES, REGION, Service
from benchmarks.cost.usage import Usage, bill, by_service, dollars
from benchmarks.markdown import table, words
from forgeledger.jobs.messages.reconcile_requests import measurements
from forgeledger.jobs.model.reconciliation import MaintenanceReport

SIZES: Final = (1_000, 100_000, 1_000_000)
MILLION: Final = 1_000_000
DOLLARS_A_MILLION: Final = 4.0
SHARE_OF_STANDARD: Final = 0.1
TEMPLATE: Final = Path(__file__).parent.parent.parent / "template.yaml"
MONTH_SECONDS: Final = 730 * 3_600
# Names with their dimensions: those that each scheduled round of the relay sends, eight of the
# intake, two for each of about four pairs of route and status.
ROUND_METRICS: Final = len(list(measurements(MaintenanceReport(jobs=(), round_complete=True))))
METRICS: Final = ROUND_METRICS + 8 + 2 * 4
# Lambda's own for a queue that is quiet, each waiting as long as a receive may.
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
    heads = ["service", "what", "price", "for each", "published by", "copied", "read"]
    return words(heads, rows)


def prices_read() -> str:
    return f"{REGION} as of {AS_OF}, without free tiers and volume discounts."


def job_table(results: Results) -> str:
    """Dollars of a job by service and price."""
    designs = [forgeledger(items, results).usage for items in SIZES]
    bills = [bill(usage) for usage in designs]
    rows = [
        [f"{price.service.value}, {price.what}", *(_money(each.get(price, 0.0)) for each in bills)]
        for price in PRICES
        if any(price in each for each in bills)
    ]
    rows.append(["**all**", *(f"**{_money(dollars(usage))}**" for usage in designs)])
    pairs = zip(SIZES, designs, strict=True)
    rows.append(["for a million items", *(_money(_a_million(u, n)) for n, u in pairs)])
    return table(["", *(f"{items:,} items" for items in SIZES)], rows)


def usage_table(results: Results) -> str:
    """What one item used, and how much of it was what."""
    told = [results[name] for items in SIZES if (name := f"job of {items}") in results]
    each = [Usage.of(one["usage"]).times(1 / one["items"]) for one in told]
    rows = [
        ["lanes", *(str(one["lanes"]) for one in told)],
        ["write units", *(f"{usage.write_units:.3f}" for usage in each)],
        ["read units", *(f"{usage.read_units:.3f}" for usage in each)],
        ["SQS requests", *(f"{usage.sqs_fifo_requests:.4f}" for usage in each)],
        ["invocations", *(f"{usage.lambda_requests:.4f}" for usage in each)],
        ["GB-seconds", *(f"{usage.lambda_gb_seconds:.5f}" for usage in each)],
        ["stored bytes", *(f"{usage.stored_bytes:.0f}" for usage in each)],
        ["log bytes", *(f"{usage.log_bytes:.0f}" for usage in each)],
        ["requests, all", *(f"{one['requests'] / one['items']:.4f}" for one in told)],
    ]
    return table(["for each item", *(f"{one['items']:,} items" for one in told)], rows)


def designs_table(results: Results) -> str:
    by_size = [all_designs(items, results) for items in SIZES]
    ours = dollars(by_size[-1][0].usage)
    rows = [
        [
            same[-1].name,
            *(_money(dollars(design.usage)) for design in same),
            f"{dollars(same[-1].usage) / ours:.2f}",
            same[-1].lacks or "-",
        ]
        for same in zip(*by_size, strict=True)
    ]
    heads = ["", *(f"{items:,} items" for items in SIZES), "times ours", "does not give"]
    return table(heads, rows)


def services_table(results: Results) -> str:
    """A million items by each design, by service."""
    rows = []
    for design in all_designs(MILLION, results):
        sums = by_service(design.usage)
        rows.append([design.name, *(_money(sums.get(service, 0.0)) for service in Service)])
    return table(["a million items", *(service.value for service in Service)], rows)


def packing_table(results: Results) -> str:
    standard = _standard_children()
    amounts = _by_packing(results)
    rows = []
    for items_per_message in PACKING:
        told = results[f"{items_per_message} items a message"]
        amount = amounts[items_per_message]
        rows.append(
            [
                str(items_per_message),
                f"{Usage.of(told['usage']).write_units / told['items']:.2f}",
                f"{told['requests'] / told['items']:.2f}",
                _money(amount),
                f"{amount / standard:.3f}",
            ]
        )
    heads = [
        "items of a lane in a batch",
        "write units",
        "requests",
        "dollars a million items",
        f"of {STANDARD}",
    ]
    return table(heads, rows)


def packing_bounds(results: Results) -> str:
    """In which packings the bounds, which are about full batches, would be missed."""
    amounts = _by_packing(results)
    bounds = {
        f"${DOLLARS_A_MILLION:.2f} a million": DOLLARS_A_MILLION,
        "a tenth of Distributed Map with standard children": SHARE_OF_STANDARD
        * _standard_children(),
    }
    lines = []
    for what, bound in bounds.items():
        missed = [str(packing) for packing, amount in amounts.items() if amount > bound]
        told = f"missed with {_listed(missed)} items" if missed else "kept with any number of items"
        lines.append(f"- The bound of {what} is {told} of a lane in a batch.")
    return "\n".join(lines)


def only_start(results: Results) -> str:
    """What would be, were less of a standard child billed than is assumed."""
    ours = dollars(forgeledger(MILLION, results).usage)
    start = _standard_children() - MILLION * prices.TRANSITIONS.each
    missed = ours > SHARE_OF_STANDARD * start
    return (
        f"Were only the start of a standard child billed, a million would be ${start:.2f} and "
        f"ForgeLedger {ours / start:.3f} of that, about\n1/{start / ours:.0f}: "
        f"{'the bound of a tenth would be missed' if missed else 'less than a tenth as well'}."
    )


def verdicts(results: Results) -> Sequence[tuple[str, bool]]:
    """What was promised, and whether it was kept."""
    designs = {design.name: design for design in all_designs(MILLION, results)}
    ours, standard = (dollars(designs[name].usage) for name in ("ForgeLedger", STANDARD))
    largest = measured_job(MILLION, results)["items"]
    how = "measured" if largest == MILLION else f"counted up from {largest:,}"
    share = (
        f"{ours / standard:.3f} of Distributed Map with standard children "
        f"(${standard:.2f}), at most {SHARE_OF_STANDARD}."
    )
    return [
        (
            f"A million items, {how}: ${ours:.2f}, at most ${DOLLARS_A_MILLION:.2f}.",
            ours <= DOLLARS_A_MILLION,
        ),
        (share, ours <= SHARE_OF_STANDARD * standard),
    ]


def month_table() -> str:
    """What a deployment costs by the month, whatever is done with it."""
    template = TEMPLATE.read_text()
    alarms = template.count("Type: AWS::CloudWatch::Alarm")
    polls = POLLERS * MONTH_SECONDS / POLL_SECONDS
    at_rest = [
        (f"{alarms} alarms", alarms * prices.ALARMS.each),
        ("1 dashboard", prices.DASHBOARDS.each),
        (
            f"{ROUND_METRICS} custom metrics, which the scheduled rounds send in every hour",
            ROUND_METRICS * prices.METRICS.each,
        ),
        (f"empty receives of {POLLERS} pollers", dollars(Usage(sqs_fifo_requests=polls))),
    ]
    other = METRICS - ROUND_METRICS
    amounts = [
        *at_rest,
        ("**idle, altogether**", sum(each for _, each in at_rest)),
        (f"{other} other metrics, if sent in every hour", other * prices.METRICS.each),
        ("the same, sent in one hour", other * prices.METRICS.each * 3_600 / MONTH_SECONDS),
    ]
    return table(["by the month", "dollars"], [[what, f"{each:.2f}"] for what, each in amounts])


def parts(results: Results) -> dict[str, str]:
    return {
        "prices-read": prices_read(),
        "prices": price_table(),
        "month": month_table(),
        "job": job_table(results),
        "usage": usage_table(results),
        "designs": designs_table(results),
        "services": services_table(results),
        "only-start": only_start(results),
        "packing": packing_table(results),
        "packing-bounds": packing_bounds(results),
    }


def _standard_children() -> float:
    """A million items by Distributed Map, one standard child each."""
    return next(dollars(each.usage) for each in distributed_map(MILLION) if each.name == STANDARD)


def _by_packing(results: Results) -> dict[int, float]:
    """Dollars of a million items, by how many of a lane are taken in together."""
    amounts = {}
    for packing in PACKING:
        told = results[f"{packing} items a message"]
        usage = Usage.of(told["usage"]) + delivery(told["items"])
        amounts[packing] = _a_million(usage, told["items"])
    return amounts


def _listed(words: Sequence[str]) -> str:
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last


def _a_million(usage: Usage, items: int) -> float:
    return dollars(usage) / items * MILLION


def _money(amount: float) -> str:
    if not amount:
        return "-"
    if amount < 0.000_1:
        return "<0.0001"
    return f"{amount:.2f}" if amount >= 0.095 else f"{amount:.2g}"
