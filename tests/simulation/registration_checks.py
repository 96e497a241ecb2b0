"""What a producer is told to be registered has to be in the lanes of its job."""

from collections.abc import Iterable, Sequence

from forgeledger.jobs.model.commands import Command
from forgeledger.jobs.model.events import EventKind
from forgeledger.jobs.model.ids import lanes_of
from forgeledger.jobs.usecases.register_items import Registered
from tests.simulation.job_checks import JobChecks
from tests.simulation.lane_checks import LaneChecks, Violation
from tests.simulation.message_oracle import mark_of
from tests.simulation.request_checks import lane_index


def check_answer(
    lanes: LaneChecks, job_id: str, commands: Sequence[Command], answer: Registered, *, first: bool
) -> None:
    """The counts and rejections of an answer; `first` where nothing was asked like this before."""
    refused = {each.item_id for each in answer.rejected}
    told = f"asked to register {[command.item_id for command in commands]}, answered {answer}"
    if answer.registered + answer.already_existed + len(refused) != len(commands):
        raise Violation(f"{told}: not as many")
    new = 0
    for command in commands:
        lane = lanes.truths[f"JOB#{job_id}#{lane_index(job_id, command.item_id)}"]
        kinds = lane.marks.get(mark_of(command), ())
        new += EventKind.REGISTERED in kinds
        if command.item_id not in refused:
            if command.item_id not in lane.items:
                raise Violation(f"{told}: {command.item_id} is in no lane")
        elif EventKind.REJECTED not in kinds:
            raise Violation(f"{told}: the journal has {[*kinds]} of {command.item_id}")
    # What was registered by an earlier try, whose answer got lost, is known to a later one.
    if answer.registered != new if first else answer.registered > new:
        raise Violation(f"{told}: {new} of them are new")


def check_all(lanes: LaneChecks, job_id: str, wanted: Iterable[str], refused: set[str]) -> None:
    """Whatever was answered, and not with a refusal, is there."""
    truths = [lanes.truths[f"JOB#{job_id}#{lane}"] for lane in range(lanes_of(job_id) or 1)]
    for item_id in wanted:
        if item_id not in refused and not any(item_id in truth.items for truth in truths):
            raise Violation(f"{job_id}: {item_id} was registered, and is in no lane")


def check_only(jobs: JobChecks, name: str) -> None:
    """Whoever asks for a job again, with the same key, gets the one that is there."""
    found = [pk for pk, truth in jobs.truths.items() if truth.job.spec.name == name]
    if len(found) != 1:
        raise Violation(f"{name} was created {len(found)} times: {found}")
