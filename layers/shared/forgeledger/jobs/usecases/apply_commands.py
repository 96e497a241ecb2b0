"""Apply commands to a lane: load, decide, commit; again if the lane changed meanwhile."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from forgeledger.errors import OutOfTime, StorageBusy
from forgeledger.fast_dataclass import fast_frozen, replace
from forgeledger.jobs.model.commands import (
    Command,
    CommandKind,
    LaneCommand,
    Resume,
)
from forgeledger.jobs.model.ids import lanes_of
from forgeledger.jobs.model.job_lifecycle import gate_of, reopen
from forgeledger.jobs.model.jobs import Job, JobPhase
from forgeledger.jobs.model.lane_decision import Commit, Decision, decide
from forgeledger.jobs.model.lanes import LaneMode
from forgeledger.jobs.model.limits import ITEMS_PER_COMMIT
from forgeledger.jobs.model.outcomes import Outcome, OutcomeKind
from forgeledger.jobs.ports import JobChange, JobStore, JobView, LaneStore, LaneView
from forgeledger.jobs.usecases.load_job import require_lane
from forgeledger.parallel import call
from forgeledger.runtime import HasTime, Runtime, no_deadline

_TRIES = 10


@fast_frozen
class Applied:
    """The outcome of each command, in order; and how often the lane had changed meanwhile."""

    outcomes: tuple[Outcome, ...]
    conflicts: int = 0
    # Whether a commit finished the last items of a sealed lane.
    lane_finished: bool = False
    # The job as the last commit left it, if it was loaded at the same time.
    job: JobView | None = None


@dataclass(frozen=True, slots=True)
class LaneWriter:
    lanes: LaneStore
    runtime: Runtime
    # With it, a job of one lane is loaded while its last items are committed: ending it then takes
    # one request in a row less. With more lanes it is not, since of two that finish at the same
    # time neither would see the other.
    jobs: JobStore | None = None

    def apply(
        self,
        job_id: str,
        lane: int,
        commands: Sequence[LaneCommand],
        has_time: HasTime = no_deadline,
        client_id: str | None = None,
    ) -> Applied:
        """Apply all commands in order; what was committed before an error stays committed.

        With `client_id` this client asked for them over HTTP.
        """
        steps = list(self.steps(job_id, lane, commands, has_time, client_id))
        return Applied(
            outcomes=tuple(outcome for step in steps for outcome in step.outcomes),
            conflicts=sum(step.conflicts for step in steps),
            lane_finished=any(step.lane_finished for step in steps),
        )

    def steps(
        self,
        job_id: str,
        lane: int,
        commands: Sequence[LaneCommand],
        has_time: HasTime,
        client_id: str | None = None,
    ) -> Iterator[Applied]:
        """Apply all commands in order; after each try, what it committed."""
        for batch in _batches(commands):
            rest, tries = batch, 0
            while rest:
                if tries == _TRIES:
                    raise StorageBusy(f"lane {job_id}#{lane}", _TRIES)
                _check(has_time, job_id, lane)
                view = self._load(job_id, lane, rest)
                decision, reopening = _decide(view, rest, self.runtime.clock(), client_id)
                made, job = self._commit(view, decision, reopening, has_time)
                outcomes = decision.final_outcomes(made)
                changed = made < len(decision.commits)
                lane_finished = any(commit.finishes_lane for commit in decision.commits[:made])
                yield Applied(
                    outcomes=outcomes,
                    conflicts=int(changed),
                    lane_finished=lane_finished,
                    job=job,
                )
                rest = rest[len(outcomes) :]
                if rest and changed:
                    self.runtime.pause(tries)
                tries += 1

    def _load(self, job_id: str, lane: int, commands: Sequence[LaneCommand]) -> LaneView:
        ids = dict.fromkeys(
            command.item_id for command in commands if isinstance(command, (Command, Resume))
        )
        with_job = any(map(_is_retry, commands))
        return require_lane(self.lanes, job_id, lane, tuple(ids), with_job=with_job)

    def _commit(
        self, view: LaneView, decision: Decision, reopening: JobChange | None, has_time: HasTime
    ) -> tuple[int, JobView | None]:
        """Commit in order until the lane has changed; how many were made, and the job if loaded."""
        running = view.job if reopening is None else None
        job: JobView | None = None
        for made, commit in enumerate(decision.commits):
            _check(has_time, view.head.job_id, view.head.lane)
            is_made, job = self._commit_one(commit, reopening, running)
            if not is_made:
                return made, None
            if reopening is not None:
                # The first commit reopens the job; the others require that it stays open.
                running, reopening = reopening.job, None
        return len(decision.commits), job

    def _commit_one(
        self, commit: Commit, reopening: JobChange | None, running: Job | None
    ) -> tuple[bool, JobView | None]:
        head, jobs, commit_id = commit.head, self.jobs, self.runtime.new_id()

        def write() -> bool:
            return self.lanes.commit_lane(commit, commit_id, reopening=reopening, running=running)

        if jobs is None or not commit.finishes_lane or lanes_of(head.job_id) != 1:
            return write(), None

        def load() -> JobView | None:
            # The commit counts, whatever becomes of this; the advancer loads the job then.
            with suppress(Exception):
                return jobs.load_job(head.job_id)
            return None

        job, is_made = self.runtime.parallel(call, (load, write))
        # Read before the commit or after it: either way the lane is now as it was committed.
        return is_made, job and replace(job, heads=(head,))


def _check(has_time: HasTime, job_id: str, lane: int) -> None:
    if not has_time():
        raise OutOfTime(f"lane {job_id}#{lane}")


def _batches(commands: Sequence[LaneCommand]) -> Iterator[Sequence[LaneCommand]]:
    """Cut the commands where they touch more items than one read and one commit can hold."""
    start = 0
    items: set[str] = set()
    for index, command in enumerate(commands):
        if not isinstance(command, (Command, Resume)):
            continue
        if command.item_id not in items and len(items) == ITEMS_PER_COMMIT:
            yield commands[start:index]
            start = index
            items.clear()
        items.add(command.item_id)
    if start < len(commands):
        yield commands[start:]


def _is_retry(command: LaneCommand) -> bool:
    return isinstance(command, Command) and command.kind is CommandKind.RETRY


def _decide(
    view: LaneView, commands: Sequence[LaneCommand], now: int, client_id: str | None
) -> tuple[Decision, JobChange | None]:
    """Decide; the retry of an item in a finished job comes with the reopening of the job.

    The commands before such a retry are decided separately: the retry has to be in the commit that
    reopens the job.
    """
    if view.job is None:
        return decide(view.head, view.items, commands, now, client_id=client_id), None
    phase = view.job.phase(now)
    decision = decide(view.head, view.items, commands, now, phase, client_id=client_id)
    applied = [outcome.kind is OutcomeKind.APPLIED for outcome in decision.outcomes]
    retried = [n for n, command in enumerate(commands) if applied[n] and _is_retry(command)]
    if phase is not JobPhase.FINISHED or not retried:
        return decision, None
    if retried[0] > 0:
        first = commands[: retried[0]]
        return decide(view.head, view.items, first, now, phase, client_id=client_id), None
    if view.job.spec.job_key is not None:
        # The row of its key is one action more than a full commit leaves room for.
        commands = commands[:1]
    step = reopen(view.job, now, mode=LaneMode.SEALED, client_id=client_id)
    follow = gate_of(step.job)
    decision = decide(view.head, view.items, (follow, *commands), now, client_id=client_id)
    # Following the gate is no command of the sender's, and so has no outcome.
    decision = replace(decision, outcomes=decision.outcomes[1:], waits_for=decision.waits_for[1:])
    return decision, JobChange(before=view.job, job=step.job, facts=step.facts)
