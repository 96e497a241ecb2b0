"""Create a small job with all its items, sealed, in one transaction."""

from collections.abc import Mapping, Sequence
from typing import Final

from forgeledger.fast_dataclass import fast_frozen
from forgeledger.jobs.model.commands import Command, LaneCommand
from forgeledger.jobs.model.facts import Fact
from forgeledger.jobs.model.job_lifecycle import create, gate_of, seal
from forgeledger.jobs.model.jobs import Job, JobSpec
from forgeledger.jobs.model.lane_decision import Commit, bytes_of_new, decide
from forgeledger.jobs.model.lanes import Counts, Head
from forgeledger.jobs.model.limits import ACTIONS_PER_TRANSACTION, COMMIT_BYTES

# The header and the facts of the creation and of the seal.
_JOB_ACTIONS: Final = 3
# The row of its key, and the header of the job that had the key.
_KEY_ACTIONS: Final = 2
# The head and its journal row.
_LANE_ACTIONS: Final = 2


@fast_frozen
class SealedCreation:
    """A new job with its items: what it is after its seal, and the one commit of each lane."""

    job: Job
    heads: tuple[Head, ...]
    facts: tuple[Fact, ...]
    commits: tuple[Commit, ...]


def create_sealed(
    spec: JobSpec,
    registrations: Mapping[int, Sequence[Command]],
    client_id: str | None = None,
    more_rows: int = 0,
) -> SealedCreation | None:
    """The job with these items, by lane; None where one transaction does not hold it.

    It may have `more_rows` beside those that every job has.

    The events are those of a creation, a registration and a seal one after the other: the heads are
    new, so that all three can be decided without reading anything.
    """
    now = spec.created_at
    number = len({command.item_id for share in registrations.values() for command in share})
    job_actions = _JOB_ACTIONS + (0 if spec.job_key is None else _KEY_ACTIONS)
    actions = job_actions + _LANE_ACTIONS * spec.lanes + number + more_rows
    if actions > ACTIONS_PER_TRANSACTION:
        return None
    job, heads, created = create(spec, client_id)
    step = seal(job, Counts(pending=number), now, client_id)
    follow = gate_of(step.job)
    commits: list[Commit] = []
    for head in heads:
        commands: tuple[LaneCommand, ...] = (*registrations.get(head.lane, ()), follow)
        first, *more = decide(head, {}, commands, now, client_id=client_id).commits
        if more:
            return None
        commits.append(first)
    actions += sum(len(commit.due_rows) for commit in commits)
    if actions > ACTIONS_PER_TRANSACTION or sum(map(bytes_of_new, commits)) > COMMIT_BYTES:
        return None
    return SealedCreation(
        job=step.job,
        heads=tuple(commit.head for commit in commits),
        facts=(created, *step.facts),
        commits=tuple(commits),
    )
