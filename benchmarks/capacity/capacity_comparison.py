"""The capacity model and the simulation of the same, asked the same questions."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from benchmarks.capacity.capacity_model import MILLION, Model, Setup
from benchmarks.capacity.capacity_simulation import CapacitySimulation, Played

LANES: Final = (1, 4, 8, 16, 64)
PACKING: Final = (1, 10, 50, 250)
MILLION_LANES: Final = 16
MILLION_PACKING: Final = (1, 5, 50)
SEED: Final = 7
# How far model and simulation may be apart.
TOLERANCE: Final = 0.10
_SIMULATED_SECONDS: Final = 30.0
_OFFERED_SHARES: Final = (0.1, 0.3, 0.5, 0.7, 0.9)


def model_of(lanes: int, items_per_message: float, intake_concurrency: int = 20) -> Model:
    return Model(
        setup=Setup(
            lanes=lanes,
            items_per_message=items_per_message,
            intake_concurrency=intake_concurrency,
        )
    )


def drained(model: Model, *, seconds: float = _SIMULATED_SECONDS) -> Played:
    """A backlog that is about so many seconds of work."""
    return simulation(model).drain(round(model.job().items * seconds))


def offered(model: Model, share: float) -> Played:
    return simulation(model).offer(model.job().items * share, _SIMULATED_SECONDS)


def simulation(model: Model, *, new_table: bool = False) -> CapacitySimulation:
    quotas = model.quotas
    return CapacitySimulation(
        model.setup,
        quotas,
        model.times,
        table_units=quotas.new_table_units if new_table else quotas.table_units,
        seed=SEED,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One answer of the model, and the simulation's to the same question."""

    asked: str
    model: float
    simulated: float
    # What the table says beside the two.
    cells: Sequence[str]
    limit: str = ""

    @property
    def apart(self) -> float:
        return self.simulated / self.model - 1

    @property
    def too_far(self) -> bool:
        return abs(self.apart) > TOLERANCE


def compared_jobs() -> list[Compared]:
    """Each number of lanes with each number of items a message, on a backlog."""
    found = []
    for lanes in LANES:
        for packing in PACKING:
            model = model_of(lanes, packing)
            rate = model.job()
            found.append(
                Compared(
                    asked=f"items/s on {lanes} lanes, {packing} a message",
                    model=rate.items,
                    simulated=drained(model).items_per_second,
                    cells=[str(lanes), str(packing)],
                    limit=rate.limit,
                )
            )
    return found


def compared_batches() -> list[Compared]:
    """How full batches are where fewer items come than could be taken."""
    model = model_of(MILLION_LANES, 1)
    rates = {share: model.job().items * share for share in _OFFERED_SHARES}
    return [
        Compared(
            asked=f"items of a batch at {rate:,.0f} items/s",
            model=model.batch_at(rate),
            simulated=offered(model, share).items_per_batch,
            cells=[f"{rate:,.0f}"],
        )
        for share, rate in rates.items()
    ]


def compared_million(packings: Sequence[int] = MILLION_PACKING) -> list[tuple[Compared, Compared]]:
    """Seconds that registering a million items takes, and working them off, for each table."""
    found = []
    for new_table in (False, True):
        table = "new" if new_table else "in use"
        for packing in packings:
            model = model_of(MILLION_LANES, packing)
            cells = [table, str(packing)]
            registering = model.registering(new_table=new_table)
            working = model.job(new_table=new_table)
            found.append(
                (
                    Compared(
                        asked=f"seconds of registering a million, table {table}",
                        model=registering.seconds_of_a_million,
                        simulated=simulation(model, new_table=new_table).register(MILLION).seconds,
                        cells=cells,
                        limit=registering.limit,
                    ),
                    Compared(
                        asked=f"seconds of a million, table {table}, {packing} a message",
                        model=working.seconds_of_a_million,
                        simulated=simulation(model, new_table=new_table).drain(MILLION).seconds,
                        cells=cells,
                        limit=working.limit,
                    ),
                )
            )
    return found
