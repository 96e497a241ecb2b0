"""What an item costs in jobs of 100 to 1,000,000 items: a table, a plot, and the bound it keeps."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from benchmarks.markdown import table
from benchmarks.other_designs import delivery
from benchmarks.plot import Line, svg
from benchmarks.usage import Usage, dollars

SIZES: Final = (100, 1_000, 10_000, 100_000, 1_000_000)
ENGINE_SIZES: Final = SIZES[:-1]
BASE: Final = 1_000
BOUND_AT: Final = 100_000
MORE_AT_MOST: Final = 0.10
FIXED_LANES: Final = 8
FIXED_SIZES: Final = (1_000, 10_000, 100_000)

Told = Mapping[str, Any]
Results = Mapping[str, Told]
Measure = Callable[[Told], float]


def _usage(told: Told) -> Usage:
    return Usage.of(told["usage"])


# All of one item; memory is of one invocation.
MEASURES: Final[Mapping[str, Measure]] = {
    "cost": lambda told: dollars(_usage(told) + delivery(told["items"])) / told["items"] * 1e6,
    "processor time": lambda told: told["processorSeconds"] / told["items"] * 1e6,
    "requests": lambda told: told["requests"] / told["items"],
    "write units": lambda told: _usage(told).write_units / told["items"],
    "read units": lambda told: _usage(told).read_units / told["items"],
}
MEMORY: Final = "memory"
_BOUND: Final = ("cost", "processor time", "requests")
_HEADS: Final = (
    "lanes",
    "cost, $ a million",
    "processor time, µs",
    "requests",
    "write units",
    "read units",
    "memory of an invocation, MB",
)


def growth_table(results: Results) -> str:
    return _table(results, [f"job of {items}" for items in SIZES])


def fixed_table(results: Results) -> str:
    return _table(results, [f"job of {items}, {FIXED_LANES} lanes" for items in FIXED_SIZES])


def _table(results: Results, names: Sequence[str]) -> str:
    rows = []
    for told in (results[name] for name in names if name in results):
        figures = [measure(told) for measure in MEASURES.values()]
        cost, time, *others = figures
        cells = [f"{cost:.2f}", f"{time:.0f}", *(f"{each:.3f}" for each in others)]
        rows.append([f"{told['items']:,}", str(told["lanes"]), *cells, f"{_megabytes(told):.1f}"])
    return table(["items", *_HEADS], rows)


def engine_table(engine: Results) -> str:
    names = [f"job of {items}" for items in ENGINE_SIZES]
    rows = [
        [
            f"{told['items']:,}",
            f"{told['requests'] / told['items']:.3f}",
            f"{told['writeUnits'] / told['items']:.3f}",
            f"{told['processorSeconds'] / told['items'] * 1e6:.0f}",
            f"{told['mostKilobytes'] / 1_000:.0f}",
            f"{told['itemsPerSecond']:,}",
            f"{told['load']:.1f}",
        ]
        for told in (engine[name] for name in names if name in engine)
    ]
    heads = [
        "items",
        "requests",
        "write units",
        "processor time, µs",
        "largest function process, MB",
        "items/s",
        "load",
    ]
    return table(heads, rows)


def plot(results: Results) -> str:
    """Everything as a multiple of what it is in a job of a thousand items."""
    told = [results[name] for items in SIZES if (name := f"job of {items}") in results]
    lines = []
    for name, measure in [*MEASURES.items(), (MEMORY, _megabytes)]:
        base = measure(results[f"job of {BASE}"])
        points = [(one["items"], measure(one) / base) for one in told]
        lines.append(Line(name, points, dashed=name == MEMORY))
    return svg(
        "What one item takes, by the size of its job",
        "items in the job",
        f"times what it is at {BASE:,} items; memory: of one invocation",
        lines,
        most=3.0,
    )


def verdicts(results: Results) -> list[tuple[str, bool]]:
    base, grown = results[f"job of {BASE}"], results[f"job of {BOUND_AT}"]
    found = []
    for name in _BOUND:
        before = MEASURES[name](base)
        if name == "processor time":
            # Of jobs that ran in the same process, before it and after it.
            before = grown["processorSecondsOfAThousandBeside"] / BASE * 1e6
        times = MEASURES[name](grown) / before
        line = (
            f"{name.capitalize()} of an item at {BOUND_AT:,} items: {times:.2f} times that at "
            f"{BASE:,}, at most {1 + MORE_AT_MOST:.2f}."
        )
        found.append((line, times <= 1 + MORE_AT_MOST))
    return found


def _megabytes(told: Told) -> float:
    return float(told["mostBytesOfAnInvocation"]) / 1e6
