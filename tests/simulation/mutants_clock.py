"""Mutants of the clock: times lost, moved later, or found too late."""

from collections.abc import Iterable, Iterator
from unittest.mock import patch

from forgeledger.clock.messages import wake_queue
from forgeledger.clock.usecases import run_tick
from forgeledger.jobs.model.jobs import Job
from forgeledger.jobs.ports import JobView
from forgeledger.jobs.usecases import plan_look
from forgeledger.jobs.usecases.plan_look import LookPlanner
from tests.simulation.mutant import Mutants

CLOCK = Mutants()


# A look that is planned without the conditions on what was read does no harm here: as long as a
# deadline is the only time of a job, whoever plans it plans the same. The tests of the stores show
# that both conditions are checked.


@CLOCK.named("a time to look at a job is moved later")
def moved_later() -> Iterator[None]:
    def next_look(times: Iterable[int | None], _: int | None, __: int) -> int | None:
        return min((at for at in times if at is not None), default=None)

    with patch.object(plan_look, "next_look", next_look):
        yield


@CLOCK.named("a tick does not look ahead")
def no_look_ahead() -> Iterator[None]:
    with patch.object(run_tick, "LOOK_AHEAD_MS", 0):
        yield


@CLOCK.named("a tick looks at one shard")
def one_shard() -> Iterator[None]:
    with patch.object(run_tick, "SHARDS", 1):
        yield


@CLOCK.named("a tick wakes at once")
def no_delay() -> Iterator[None]:
    with patch.object(wake_queue, "delay_seconds", lambda *_: 0):
        yield


@CLOCK.named("no wake is sent for a time before the next tick")
def no_near_wake() -> Iterator[None]:
    original = plan_look.needs_wake

    def needs_wake(at: int | None, stored: int | None, now: int) -> bool:
        return at == stored and original(at, stored, now)

    with patch.object(plan_look, "needs_wake", needs_wake):
        yield


@CLOCK.named("a wake that comes too early is the last one")
def no_second_wake() -> Iterator[None]:
    original = plan_look.needs_wake

    def needs_wake(at: int | None, stored: int | None, now: int) -> bool:
        return at != stored and original(at, stored, now)

    with patch.object(plan_look, "needs_wake", needs_wake):
        yield


@CLOCK.named("a new job's time is not stored with it")
def not_at_creation() -> Iterator[None]:
    with patch.object(LookPlanner, "first", lambda *_: None):
        yield


@CLOCK.named("a job that is reopened is not looked at any more")
def not_after_reopening() -> Iterator[None]:
    original = plan_look.job_wake_at

    def job_wake_at(job: Job) -> int | None:
        return original(job) if job.epoch == 1 else None

    with patch.object(plan_look, "job_wake_at", job_wake_at):
        yield


@CLOCK.named("a job without a time has one")
def always_a_time() -> Iterator[None]:
    original = LookPlanner.next

    def following(self: LookPlanner, view: JobView, now: int) -> int | None:
        return original(self, view, now) or now + 1_000_000

    with patch.object(LookPlanner, "next", following):
        yield
