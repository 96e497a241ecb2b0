"""Items that an answer reports as registered must be in the lanes of their job."""

from collections.abc import Iterable, Sequence

from forgeledger.jobs.model.commands import Command
from forgeledger.jobs.model.events import EventKind
from forgeledger.jobs.model.ids import lanes_of
from forgeledger.jobs.usecases.create_job import NewJob
from forgeledger.jobs.usecases.register_items import Registered
from forgeledger.web.limits import IDEMPOTENCY_SECONDS
from tests.simulation.end_checks import CLOCK_SKEW_MS
from tests.simulation.job_checks import JobChecks
from tests.simulation.lane_checks import LaneChecks, Violation
from tests.simulation.message_oracle import mark_of
from tests.simulation.request_checks import lane_index

# A start so long ago is taken as now.
_START_LATE_MS = 1_000
# The longest that a request takes.
_CALL_MS = 60_000


def check_refusal(jobs: JobChecks, new: NewJob, now: int, *, key_is_over: bool) -> None:
    """A creation is refused only where its start was over when it was first asked for."""
    created = any(observed.job.spec.name == new.name for observed in jobs.by_pk.values())
    if new.execute_at is None or now + CLOCK_SKEW_MS <= new.execute_at + _START_LATE_MS:
        raise Violation(f"{new.name} is refused at {now}: it starts at {new.execute_at}")
    if created and not key_is_over:
        raise Violation(f"{new.name} is refused, and there is such a job")


def check_registration(
    lanes: LaneChecks, job_id: str, commands: Sequence[Command], answer: Registered, *, first: bool
) -> None:
    """Check the counts and rejections of an answer; `first`: the request was not sent before."""
    rejected = {rejection.item_id for rejection in answer.rejected}
    where = f"register {[command.item_id for command in commands]} was answered {answer}"
    if answer.registered + answer.already_existed + len(rejected) != len(commands):
        raise Violation(f"{where}: {len(commands)} were sent")
    new = 0
    for command in commands:
        lane = lanes.by_pk[f"JOB#{job_id}#{lane_index(job_id, command.item_id)}"]
        kinds = lane.marks.get(mark_of(command), ())
        new += EventKind.REGISTERED in kinds
        if command.item_id not in rejected:
            if command.item_id not in lane.items:
                raise Violation(f"{where}: {command.item_id} is in no lane")
        elif EventKind.REJECTED not in kinds:
            raise Violation(f"{where}: the journal has {[*kinds]} of {command.item_id}")
    # Items that an earlier try registered, whose answer was lost, count as known in a later one.
    if answer.registered != new if first else answer.registered > new:
        raise Violation(f"{where}: {new} of them are new")


def check_all_registered(
    lanes: LaneChecks, job_id: str, item_ids: Iterable[str], rejected: set[str]
) -> None:
    """Every item whose registration was not rejected is in a lane."""
    replayed_lanes = [lanes.by_pk[f"JOB#{job_id}#{lane}"] for lane in range(lanes_of(job_id) or 1)]
    for item_id in item_ids:
        if item_id not in rejected and not any(
            item_id in replayed.items for replayed in replayed_lanes
        ):
            raise Violation(f"{job_id}: {item_id} was registered but is in no lane")


def check_creation(jobs: JobChecks, job_id: str, begun: int, *, once: bool) -> None:
    """A repeated creation returns the existing job as long as its idempotency key lasts.

    That is ten minutes. A try at the end of them has its answer stored, for ten minutes more.
    """
    spec = jobs.by_pk[f"JOB#{job_id}"].job.spec
    pks = [pk for pk, observed in jobs.by_pk.items() if observed.job.spec.name == spec.name]
    if once and len(pks) != 1:
        raise Violation(f"{spec.name} was created {len(pks)} times: {pks}")
    if begun - spec.created_at > 2 * IDEMPOTENCY_SECONDS * 1_000 + _CALL_MS:
        raise Violation(f"{spec.name} of {spec.created_at} is the answer to a request at {begun}")
