"""What an item costs in jobs of 100 to 1,000,000 items: a table, a plot, and the bound it keeps."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from benchmarks.cost.other_designs import delivery
from benchmarks.cost.plot import Line, Panel, svg
from benchmarks.cost.usage import Usage, dollars
from benchmarks.markdown import table

SIZES: Final = (100, 1_000, 10_000, 100_000, 1_000_000)
ENGINE_SIZES: Final = SIZES[:-1]
BASE: Final = 1_000
# The cost model is held to the same bound in a larger job, which takes too long on the engine.
BOUND_AT: Final = 100_000
MODEL_BOUNDS_AT: Final = (BOUND_AT, SIZES[-1])
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
TIME: Final = "processor time"
_TIMES: Final = "processorTimesAThousand"
_BOUND: Final = ("cost", TIME, "requests")
_HEADS: Final = (
    "items",
    "lanes",
    "cost, $ a million",
    "processor time, µs",
    "times that of 1,000 beside",
    "requests",
    "write units",
    "read units",
)


def growth_table(results: Results) -> str:
    return _model_table(results, [f"job of {items}" for items in SIZES])


def fixed_table(results: Results) -> str:
    return _model_table(results, [f"job of {items}, {FIXED_LANES} lanes" for items in FIXED_SIZES])


def _model_table(results: Results, names: Sequence[str]) -> str:
    rows = [
        [*_cells(told, told.get(_TIMES)), f"{_megabytes(told):.1f}"]
        for told in (results[name] for name in names if name in results)
    ]
    return table([*_HEADS, "memory of an invocation, MB"], rows)


def engine_table(engine: Results) -> str:
    rows = [
        [
            *_cells(told, times_on_engine(told, TIME)),
            f"{told['mostKilobytes'] / 1_000:.0f}",
            f"{told['itemsPerSecond']:,}",
            f"{told['load']:.1f}",
        ]
        for told in _on_engine(engine)
    ]
    heads = [*_HEADS, "largest function process, MB", "items/s", "load"]
    return table(heads, rows)


def _cells(told: Told, times: float | None) -> list[str]:
    """Seconds that were not held against others of their time say nothing, and are left out."""
    cost, time, *others = (measure(told) for measure in MEASURES.values())
    held = ["-", "-"] if times is None else [f"{time:.0f}", f"{times:.2f}"]
    figures = [f"{cost:.2f}", *held, *(f"{other:.3f}" for other in others)]
    return [f"{told['items']:,}", str(told["lanes"]), *figures]


def times_in_model(results: Results, told: Told, name: str) -> float:
    """What an item takes, as a multiple of what one of a thousand takes."""
    if name == TIME:
        # Of jobs that ran in the same process, between its parts.
        return float(told[_TIMES])
    return MEASURES[name](told) / MEASURES[name](results[f"job of {BASE}"])


def times_on_engine(told: Told, name: str) -> float:
    """The same, of the jobs of a thousand that ran before it and after it."""
    return MEASURES[name](told) / MEASURES[name](told["beside"])


def plot(results: Results, engine: Results) -> str:
    """Everything as a multiple of what it is in a job of a thousand items."""
    told = [results[name] for items in SIZES if (name := f"job of {items}") in results]
    base = _megabytes(results[f"job of {BASE}"])
    in_model = [
        Line(
            name,
            [
                (one["items"], times_in_model(results, one, name))
                for one in told
                if name != TIME or _TIMES in one
            ],
        )
        for name in MEASURES
    ]
    memory = [(one["items"], _megabytes(one) / base) for one in told]
    real = _on_engine(engine)
    on_engine = [
        Line(name, [(one["items"], times_on_engine(one, name)) for one in real])
        for name in MEASURES
    ]
    processes = [
        (one["items"], one["mostKilobytes"] / one["beside"]["mostKilobytes"]) for one in real
    ]
    return svg(
        f"What one item takes, as a multiple of what it takes in a job of {BASE:,} items",
        "items in the job",
        [
            Panel(
                "The real handlers on services that count as AWS bills; memory is of an invocation",
                [*in_model, Line(MEMORY, memory, dashed=True)],
            ),
            Panel(
                "On the local engine; memory is of the largest function process",
                [*on_engine, Line(MEMORY, processes, dashed=True)],
            ),
        ],
        most=3.5,
    )


def verdicts(results: Results) -> list[tuple[str, bool]]:
    return [
        _verdict(name, items, times_in_model(results, results[f"job of {items}"], name))
        for items in MODEL_BOUNDS_AT
        for name in _BOUND
    ]


def engine_verdicts(engine: Results) -> list[tuple[str, bool]]:
    """Nothing is said where no job of that size was measured."""
    grown = engine.get(f"job of {BOUND_AT}")
    if grown is None:
        return []
    return [
        _verdict(f"on the engine, {name}", BOUND_AT, times_on_engine(grown, name))
        for name in _BOUND
    ]


def _verdict(what: str, items: int, times: float) -> tuple[str, bool]:
    line = (
        f"{what.capitalize()} of an item at {items:,} items: {times:.2f} times that at "
        f"{BASE:,}, at most {1 + MORE_AT_MOST:.2f}."
    )
    return line, times <= 1 + MORE_AT_MOST


def _on_engine(engine: Results) -> list[Told]:
    return [engine[name] for items in ENGINE_SIZES if (name := f"job of {items}") in engine]


def _megabytes(told: Told) -> float:
    return float(told["mostBytesOfAnInvocation"]) / 1e6
