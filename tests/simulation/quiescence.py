"""When the faults stop: honest people finish what can be finished, and everything has to settle."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from forgeledger.jobs.model.lanes import effective_item
from tests.simulation.jobs import KnownJob, is_bad
from tests.simulation.lane_checks import LaneTruth, Violation
from tests.simulation.registration_checks import check_all
from tests.simulation.script import Theme

if TYPE_CHECKING:
    from tests.simulation.history_run import History

_MOST_ROUNDS = 400
_HOUR_MS = 3_600_000


def come_to_rest(history: "History") -> None:
    """Bounded: what is not settled after so many rounds never will be.

    Where nobody helps, what was begun has to come to its end all the same.
    """
    world = history.world
    world.note("the faults stop")
    calm_down(history)
    if history.script.helped:
        history.people.create_again()
        assert not history.people.unborn, "a job cannot be created without faults"
        history.workers.send_all()
        drain(history)
        for job in history.people.jobs:
            _finish(history, job)
        drain(history)
    if _waits_for_schedule(history):
        world.now += _HOUR_MS
        # One that goes on where the one before was cut short does not look at all jobs.
        for _ in range(1 + ("CHECKPOINT" in world.tables.partition_keys())):
            answer = history.lambdas.reconcile({"scheduled": True}, {})
            assert answer is not None
        drain(history)
    history.checks.stepped()
    history.workers.lose_nothing(history.checks.asked.arrived())


def _waits_for_schedule(history: "History") -> bool:
    """What the stream lost and what only time brings is for nobody else."""
    lost, history.lost = history.lost, len(history.world.stream.given_up)
    return lost < history.lost or any(
        truth.job.spec.deadline_seconds is not None and not truth.job.finished
        for truth in history.checks.jobs.truths.values()
    )


def calm_down(history: "History") -> None:
    """Whatever was in flight becomes visible again, and is done with."""
    history.world.now += 200_000
    drain(history)


def drain(history: "History") -> None:
    """Until no queue and no shard has anything left."""
    world = history.world
    for _ in range(_MOST_ROUNDS):
        if history.lambdas.consume({}, 0) or history.lambdas.relay_one(0, {}, 0):
            continue
        visible_at = world.commands.next_visible_at()
        if visible_at is None:
            return
        world.now = max(world.now, visible_at)
    raise Violation("it does not come to rest")


def _finish(history: "History", job: KnownJob) -> None:
    """Register what is missing, seal unless the producer died, finish every item there is."""
    people = history.people
    truth = history.checks.jobs.truths[f"JOB#{job.job_id}"]
    if not job.orphaned:
        while job.unanswered:
            part = job.unanswered[0]
            people.register_part(job, part, {})
            assert part not in job.unanswered, "registering does not work out"
        check_all(history.checks.lanes, job.job_id, job.wanted, job.refused)
        if history.script.theme is not Theme.PLAIN and len(job.wanted) % 3 == 0:
            # Some seal first and finish then, the others the other way round.
            people.seal(job, {})
    for lane in history.checks.jobs.lanes_of(truth.job):
        _finish_items(history, job, lane)
    # Whatever a sealing that went wrong left behind must come right without being asked again.
    if not job.orphaned and not truth.job.sealed:
        people.seal(job, {})
        if not truth.job.sealed:
            raise Violation(f"{job.new.name} cannot be sealed")


def fail_all(history: "History", job: KnownJob) -> None:
    """Nothing comes of any item that is not finished yet."""
    truth = history.checks.jobs.truths[f"JOB#{job.job_id}"]
    for lane in history.checks.jobs.lanes_of(truth.job):
        _finish_items(history, job, lane, fails=lambda _: True)


def _finish_items(
    history: "History", job: KnownJob, lane: LaneTruth, fails: Callable[[str], bool] = is_bad
) -> None:
    for _ in range(10):
        unfinished = [
            item_id
            for item_id, item in sorted(lane.items.items())
            if not effective_item(lane.head, item).finished
        ]
        if not unfinished:
            return
        history.people.finish(job, lane.head.lane, unfinished, fails)
    raise Violation(f"{unfinished} cannot be finished")
