"""The clock in a history: ticks and wakes among its steps, and minutes that pass at rest."""

from typing import TYPE_CHECKING

from tests.simulation.clients import LONGEST_LAG_MS
from tests.simulation.coverage import CoveragePoint
from tests.simulation.lambdas import Lambdas, PlannedFaults
from tests.simulation.lane_checks import Violation
from tests.simulation.look_checks import times_of
from tests.simulation.table_requests import has_expired
from tests.simulation.workloads import WAITS_MS, Workload
from tests.simulation.world import SimulatedWorld

if TYPE_CHECKING:
    from tests.simulation.history_run import History

TICK_MS = 60_000
# What is left of a second that SQS counts, two cold starts, and the calls.
_LATE_MS = 5_000
_MOST_EVENTS = 2_000
# The share of rests without ticks, after which a round has to find what is due.
_NO_TICK_SHARE = 0.2
_NEW_JOB_SHARE = 0.3
# The share of steps that are the clock's where it runs: one of so many.
_WAKES_FOR_RELAY, _TICKS_FOR_ROUND, _TICKS_AFTER_WAIT = 4, 2, 3


def relay_step(
    lambdas: Lambdas, seed: int, faults: PlannedFaults, skew_ms: int, *, twice: bool
) -> None:
    """A batch of the stream, or of wakes."""
    if _is_clocks(lambdas.world, seed, _WAKES_FOR_RELAY) and lambdas.follow_wakes(faults, skew_ms):
        return
    lambdas.relay_batch(seed, faults, skew_ms, twice=twice)


def round_step(lambdas: Lambdas, seed: int, faults: PlannedFaults) -> None:
    """A round, or a tick."""
    if _is_clocks(lambdas.world, seed, _TICKS_FOR_ROUND):
        lambdas.tick(faults)
    else:
        lambdas.reconcile({"scheduled": True}, faults)


def wait_step(lambdas: Lambdas, seed: int) -> None:
    world = lambdas.world
    world.steps += 1
    world.now += WAITS_MS[seed % len(WAITS_MS)]
    keys_expire(world)
    if _is_clocks(world, seed, _TICKS_AFTER_WAIT):
        lambdas.tick({})


def keys_expire(world: SimulatedWorld) -> None:
    """Idempotency keys expire after minutes, and may be deleted from then on."""
    world.expired += [
        ("id", name)
        for name, row in world.tables.partition("id").items()
        if has_expired(row, world.now) and ("id", name) not in world.expired
    ]


def _is_clocks(world: SimulatedWorld, seed: int, one_of: int) -> bool:
    # From other digits of the seed than the rest of the step.
    return world.rules.execution and (seed >> 16) % one_of == 0


def minutes_pass(history: "History") -> bool:
    """Ticks and wakes until no running job has a deadline; False: without ticks, for a round.

    Each of them is noticed at its time, or at the first tick.
    """
    world, lambdas = history.world, history.lambdas
    if not world.rules.execution or world.random.random() < _NO_TICK_SHARE:
        return False
    world.log("the clock goes on")
    world.wakes.loses = False
    # The index lags: what was written just before, a tick may not see yet.
    world.now += LONGEST_LAG_MS
    began = next_tick = world.now + int(world.random.random() * TICK_MS)
    fresh = _create_job(history) if world.random.random() < _NEW_JOB_SHARE else ""
    for _ in range(_MOST_EVENTS):
        if not _deadlines(history):
            world.wakes.loses = True
            return True
        wake_at = world.wakes.next_visible_at()
        if wake_at is None or wake_at > next_tick:
            world.now = max(world.now, next_tick)
            lambdas.tick({})
            next_tick += TICK_MS
            # Between two ticks before the earliest deadline nothing happens.
            earliest = min(_deadlines(history), default=0)
            next_tick += max(0, earliest - next_tick - TICK_MS) // TICK_MS * TICK_MS
        else:
            world.now = max(world.now, wake_at)
            lambdas.follow_wakes({}, int(world.random.random() * 81) - 40)
        _follow_stream(lambdas)
        for pk, deadline in _deadlines_by_job(history):
            # What was stored before may have lost its wake, and waits for the first tick.
            late = world.now - (deadline if pk == fresh else max(deadline, began))
            if late > _LATE_MS:
                raise Violation(f"{pk}: {late} ms after its deadline nobody has looked at it")
        world.coverage[CoveragePoint.LOOKED_IN_TIME] += 1
    raise Violation("the clock never comes to rest")


def _follow_stream(lambdas: Lambdas) -> None:
    while lambdas.relay_batch(0, {}, 0):
        pass


def _create_job(history: "History") -> str:
    """A job with a deadline before the next tick but one, so that it needs a wake at once."""
    seed = int(history.world.random.random() * 10_000) * 5 + 1
    history.operators.create(seed, Workload.LIFECYCLE, {}, by_sdk=False)
    _follow_stream(history.lambdas)
    return f"JOB#{history.operators.jobs[-1].job_id}"


def _deadlines(history: "History") -> list[int]:
    return [deadline for _, deadline in _deadlines_by_job(history)]


def _deadlines_by_job(history: "History") -> list[tuple[str, int]]:
    """Of jobs that run, and do not end already; starts and ends of pauses are such times, too."""
    return [
        (pk, min(times_of(observed.job)))
        for pk, observed in history.checks.jobs.by_pk.items()
        if times_of(observed.job)
        and not observed.job.finished
        and observed.job.ending is None
        and pk not in history.checks.expired_pks
    ]
