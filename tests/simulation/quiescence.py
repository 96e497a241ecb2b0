"""Without further faults everything must come to rest; operators may finish what is open."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from forgeledger.jobs.model.commands import CommandKind
from forgeledger.jobs.model.items import ItemState
from forgeledger.jobs.model.lanes import effective_item
from tests.simulation.clock_steps import minutes_pass
from tests.simulation.coverage import CoveragePoint
from tests.simulation.jobs import KnownJob, is_bad
from tests.simulation.lane_checks import ReplayedLane, Violation
from tests.simulation.registration_checks import check_all_registered
from tests.simulation.workloads import Workload

if TYPE_CHECKING:
    from tests.simulation.history_run import History

_MOST_ROUNDS = 400
# The passes of a scheduled round, by the names of their checkpoints.
_PASSES = {"reconciliation", "retention"}
_HOUR_MS = 3_600_000


def come_to_rest(history: "History") -> None:
    """Bounded: what is not done after so many rounds counts as never done.

    Without assistance, everything that was begun must still come to its end.
    """
    world = history.world
    world.log("the faults stop")
    finish_in_flight(history)
    if history.script.assisted:
        history.operators.retry_creations()
        assert not history.operators.unanswered_creations, "a job cannot be created without faults"
        history.workers.send_all()
        drain(history)
        for job in history.operators.jobs:
            _finish_job(history, job)
        drain(history)
    gave_up = len(world.stream.given_up) > history.given_up_before
    if _waits_for_schedule(history) and (gave_up or not minutes_pass(history)):
        world.now += _HOUR_MS
        run_rounds(history)
        drain(history)
    history.checks.after_step()
    history.workers.check_nothing_lost(history.checks.request_log.accepted_command_ids())


def run_rounds(history: "History") -> None:
    """Scheduled rounds without faults, until each of their passes went through all jobs."""
    lambdas, coverage = history.lambdas, history.world.coverage
    # Passes that began with the first job, and those that also came to the last one.
    begun: set[str] = set()
    done: set[str] = set()
    for _ in range(_MOST_ROUNDS):
        resumed = {work for work in _PASSES if _is_unfinished(history, work)}
        begun |= _PASSES - resumed
        assert lambdas.reconcile({"scheduled": True}, {}) is not None
        cut_short = bool(lambdas.metrics["RoundsCutShort"])
        coverage[CoveragePoint.ROUND_CUT_SHORT] += cut_short
        ended = {work for work in _PASSES if not _is_unfinished(history, work)}
        # One that got no time at all has no checkpoint either.
        done |= begun & ended if not cut_short else begun & ended & resumed
        if done == _PASSES:
            return
    raise Violation("scheduled rounds never get to the last job")


def _is_unfinished(history: "History", work: str) -> bool:
    row = history.world.tables.get("CHECKPOINT", work)
    return row is not None and row["checkpoint"]["S"] != "{}"


def _waits_for_schedule(history: "History") -> bool:
    """Only scheduled rounds handle lost stream records, deadlines and other times."""
    before, history.given_up_before = history.given_up_before, len(history.world.stream.given_up)
    return before < history.given_up_before or any(
        not observed.job.finished
        and (observed.job.spec.deadline_seconds is not None or observed.job.held)
        for observed in history.checks.jobs.by_pk.values()
    )


def finish_in_flight(history: "History") -> None:
    """Messages in flight become visible again and are consumed."""
    history.world.now += 200_000
    drain(history)


def drain(history: "History") -> None:
    """Run intakes and relays until no queue and no shard has anything left."""
    world = history.world
    for _ in range(_MOST_ROUNDS):
        if history.lambdas.consume({}, 0) or history.lambdas.relay_batch(0, {}, 0):
            continue
        visible_at = world.commands.next_visible_at()
        if visible_at is None:
            return
        world.now = max(world.now, visible_at)
    raise Violation("queue and stream do not come to rest")


def _finish_job(history: "History", job: KnownJob) -> None:
    """Register missing items, seal unless the producer died, finish all items."""
    operators = history.operators
    observed = history.checks.jobs.by_pk[f"JOB#{job.job_id}"]
    if not job.producer_died:
        while job.unregistered_parts:
            part = job.unregistered_parts[0]
            operators.register_part(job, part, {})
            assert part not in job.unregistered_parts, "registering does not work out"
        check_all_registered(history.checks.lanes, job.job_id, job.item_ids, job.rejected_items)
        if history.script.workload is not Workload.PLAIN and len(job.item_ids) % 3 == 0:
            # Some jobs are sealed before their items are finished, others after that.
            operators.seal(job, {})
    for lane in history.checks.jobs.lanes_of(observed.job):
        _finish_items(history, job, lane)
    # A seal that was committed in part must take effect without another request.
    if not job.producer_died and not observed.job.sealed:
        operators.seal(job, {})
        if not observed.job.sealed:
            raise Violation(f"{job.new.name} cannot be sealed")


def fail_all(history: "History", job: KnownJob) -> None:
    """All unfinished items fail for good."""
    observed = history.checks.jobs.by_pk[f"JOB#{job.job_id}"]
    for lane in history.checks.jobs.lanes_of(observed.job):
        _finish_items(history, job, lane, fails=lambda _: True)


def fail_again(history: "History", job: KnownJob) -> None:
    """A failed item is retried, and fails for good again: as before, but for one more failure."""
    observed = history.checks.jobs.by_pk[f"JOB#{job.job_id}"]
    for lane in history.checks.jobs.lanes_of(observed.job):
        failed = [name for name, item in lane.items.items() if item.state is ItemState.FAILED]
        if failed:
            history.operators.command(job, CommandKind.RETRY, min(failed), {})
            history.operators.finish_items(job, lane.head.lane, [min(failed)], lambda _: True)
            return


def _finish_items(
    history: "History", job: KnownJob, lane: ReplayedLane, fails: Callable[[str], bool] = is_bad
) -> None:
    for _ in range(10):
        unfinished = [
            item_id
            for item_id, item in sorted(lane.items.items())
            if not effective_item(lane.head, item).finished
        ]
        if not unfinished:
            return
        if not history.operators.finish_items(job, lane.head.lane, unfinished, fails):
            return
    raise Violation(f"{unfinished} cannot be finished")
