"""What an item takes in jobs of 100 to 1,000,000 items: tables, a plot, and bounds."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from benchmarks.cost.bounds import Bound
from benchmarks.cost.other_designs import delivery
from benchmarks.cost.plot import Line, Panel, svg
from benchmarks.cost.usage import Usage, dollars
from benchmarks.markdown import number_table

SIZES: Final = (100, 1_000, 10_000, 100_000, 1_000_000)
ENGINE_SIZES: Final = SIZES[:-1]
BASE: Final = 1_000
# The engine takes too long for a larger job; the cost model has a bound there as well.
BOUND_AT: Final = 100_000
MODEL_BOUNDS_AT: Final = (BOUND_AT, SIZES[-1])
MAX_INCREASE: Final = 0.10
FIXED_LANES: Final = 8
FIXED_SIZES: Final = (1_000, 10_000, 100_000)

Figures = Mapping[str, Any]
Results = Mapping[str, Figures]
Measure = Callable[[Figures], float]


def _usage(job: Figures) -> Usage:
    return Usage.of(job["usage"])


# Each per item; cost in dollars per million items, time in microseconds.
MEASURES: Final[Mapping[str, Measure]] = {
    "cost": lambda job: dollars(_usage(job) + delivery(job["items"])) / job["items"] * 1e6,
    "processor time": lambda job: job["processorSeconds"] / job["items"] * 1e6,
    "requests": lambda job: job["requests"] / job["items"],
    "write units": lambda job: _usage(job).write_units / job["items"],
    "read units": lambda job: _usage(job).read_units / job["items"],
}
MEMORY: Final = "memory"
TIME: Final = "processor time"
_TIME_RATIO: Final = "processorTimeRatio"
_BOUNDED: Final = ("cost", TIME, "requests")
_HEADS: Final = (
    "items",
    "lanes",
    "cost, $ per million items",
    "processor time, times that at 1,000 items",
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
        [*_cells(job, job.get(_TIME_RATIO)), f"{_megabytes(job):.1f}"]
        for job in (results[name] for name in names if name in results)
    ]
    return number_table([*_HEADS, "memory of an invocation, MB"], rows)


def engine_table(engine: Results) -> str:
    rows = [
        [
            *_cells(job, ratio_on_engine(job, TIME)),
            f"{job['peakProcessKilobytes'] / 1_000:.0f}",
            f"{job['itemsPerSecond']:,}",
            f"{job['load']:.1f}",
        ]
        for job in _on_engine(engine)
    ]
    heads = [*_HEADS, "largest function process, MB", "items/s", "load"]
    return number_table(heads, rows)


def _cells(job: Figures, time_ratio: float | None) -> list[str]:
    """Processor time as a ratio only: seconds depend on the machine and on its load."""
    cost, _, *others = (measure(job) for measure in MEASURES.values())
    time = "-" if time_ratio is None else f"{time_ratio:.2f}"
    figures = [f"{cost:.2f}", time, *(f"{other:.3f}" for other in others)]
    return [f"{job['items']:,}", str(job["lanes"]), *figures]


def ratio_in_model(results: Results, job: Figures, name: str) -> float:
    """What an item takes, relative to an item of a job of a thousand."""
    if name == TIME:
        # To reference jobs in the same process, between the job's slices.
        return float(job[_TIME_RATIO])
    return MEASURES[name](job) / MEASURES[name](results[f"job of {BASE}"])


def ratio_on_engine(job: Figures, name: str) -> float:
    """The same, relative to the jobs of a thousand that ran directly before and after it."""
    return MEASURES[name](job) / MEASURES[name](job["reference"])


def plot(results: Results, engine: Results) -> str:
    """Everything relative to a job of a thousand items."""
    jobs = [results[name] for items in SIZES if (name := f"job of {items}") in results]
    base = _megabytes(results[f"job of {BASE}"])
    in_model = [
        Line(
            name,
            [
                (job["items"], ratio_in_model(results, job, name))
                for job in jobs
                if name != TIME or _TIME_RATIO in job
            ],
        )
        for name in MEASURES
    ]
    memory = [(job["items"], _megabytes(job) / base) for job in jobs]
    engine_jobs = _on_engine(engine)
    on_engine = [
        Line(name, [(job["items"], ratio_on_engine(job, name)) for job in engine_jobs])
        for name in MEASURES
    ]
    peak = "peakProcessKilobytes"
    processes = [(job["items"], job[peak] / job["reference"][peak]) for job in engine_jobs]
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
        max_y=3.5,
    )


def bounds(results: Results) -> list[Bound]:
    return [
        _bound(name, items, ratio_in_model(results, results[f"job of {items}"], name))
        for items in MODEL_BOUNDS_AT
        for name in _BOUNDED
    ]


def engine_bounds(engine: Results) -> list[Bound]:
    """Empty where no job of that size was measured."""
    job = engine.get(f"job of {BOUND_AT}")
    if job is None:
        return []
    return [
        _bound(f"on the engine, {name}", BOUND_AT, ratio_on_engine(job, name)) for name in _BOUNDED
    ]


def _bound(what: str, items: int, ratio: float) -> Bound:
    text = (
        f"{what.capitalize()} per item at {items:,} items: {ratio:.2f} times that at "
        f"{BASE:,}, at most {1 + MAX_INCREASE:.2f}."
    )
    return Bound(text, ratio <= 1 + MAX_INCREASE)


def _on_engine(engine: Results) -> list[Figures]:
    return [engine[name] for items in ENGINE_SIZES if (name := f"job of {items}") in engine]


def _megabytes(job: Figures) -> float:
    return float(job["peakInvocationBytes"]) / 1e6
