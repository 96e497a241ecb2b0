"""Ask the capacity model and its simulation the same questions and compare the answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from benchmarks.capacity.capacity_model import MILLION, CapacityModel, Setup
from benchmarks.capacity.capacity_simulation import CapacitySimulation, SimulatedRun

LANES: Final = (1, 4, 8, 16, 64)
PACKING: Final = (1, 10, 50, 250)
MILLION_LANES: Final = 16
MILLION_PACKING: Final = (1, 5, 50)
SEED: Final = 7
# The largest relative difference between model and simulation.
TOLERANCE: Final = 0.10
_SIMULATED_SECONDS: Final = 30.0
_OFFERED_SHARES: Final = (0.1, 0.3, 0.5, 0.7, 0.9)


def model_of(lanes: int, items_per_message: float, intake_concurrency: int = 20) -> CapacityModel:
    return CapacityModel(
        setup=Setup(
            lanes=lanes,
            items_per_message=items_per_message,
            intake_concurrency=intake_concurrency,
        )
    )


def drain_backlog(model: CapacityModel, *, seconds: float = _SIMULATED_SECONDS) -> SimulatedRun:
    """A backlog of about so many seconds of work."""
    return simulation_of(model).drain(round(model.job().items * seconds))


def offer_share(model: CapacityModel, share: float) -> SimulatedRun:
    """Messages that arrive at a share of the rate that the model says is possible."""
    return simulation_of(model).offer(model.job().items * share, _SIMULATED_SECONDS)


def simulation_of(model: CapacityModel, *, new_table: bool = False) -> CapacitySimulation:
    quotas = model.quotas
    return CapacitySimulation(
        model.setup,
        quotas,
        model.times,
        table_units=quotas.new_table_units if new_table else quotas.table_units,
        seed=SEED,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The model's and the simulation's answer to one question."""

    question: str
    model: float
    simulated: float
    # What identifies the question in the table.
    cells: Sequence[str]
    limit: str = ""

    @property
    def difference(self) -> float:
        return self.simulated / self.model - 1

    @property
    def exceeds_tolerance(self) -> bool:
        return abs(self.difference) > TOLERANCE


def compare_jobs() -> list[Comparison]:
    """The rate of a backlog, for each number of lanes and of items per message."""
    comparisons = []
    for lanes in LANES:
        for packing in PACKING:
            model = model_of(lanes, packing)
            rate = model.job()
            comparisons.append(
                Comparison(
                    question=f"items/s on {lanes} lanes, {packing} items per message",
                    model=rate.items,
                    simulated=drain_backlog(model).items_per_second,
                    cells=[str(lanes), str(packing)],
                    limit=rate.limit,
                )
            )
    return comparisons


def compare_batches() -> list[Comparison]:
    """The size of batches where fewer items arrive than could be taken."""
    model = model_of(MILLION_LANES, 1)
    rates = {share: model.job().items * share for share in _OFFERED_SHARES}
    return [
        Comparison(
            question=f"items per batch at {rate:,.0f} items/s",
            model=model.batch_size_at(rate),
            simulated=offer_share(model, share).items_per_batch,
            cells=[f"{rate:,.0f}"],
        )
        for share, rate in rates.items()
    ]


def compare_million(
    packings: Sequence[int] = MILLION_PACKING,
) -> list[tuple[Comparison, Comparison]]:
    """Seconds of registering a million items and of working on them, in each kind of table."""
    comparisons = []
    for new_table in (False, True):
        table = "new" if new_table else "in use"
        for packing in packings:
            model = model_of(MILLION_LANES, packing)
            cells = [table, str(packing)]
            registration = model.registration(new_table=new_table)
            work = model.job(new_table=new_table)
            register_run = simulation_of(model, new_table=new_table).register(MILLION)
            work_run = simulation_of(model, new_table=new_table).drain(MILLION)
            comparisons.append(
                (
                    Comparison(
                        question=f"seconds of registering a million, table {table}",
                        model=registration.million_seconds,
                        simulated=register_run.seconds,
                        cells=cells,
                        limit=registration.limit,
                    ),
                    Comparison(
                        question=f"seconds of a million, table {table}, {packing} per message",
                        model=work.million_seconds,
                        simulated=work_run.seconds,
                        cells=cells,
                        limit=work.limit,
                    ),
                )
            )
    return comparisons
