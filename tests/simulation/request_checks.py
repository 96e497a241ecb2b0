"""What was asked of the ledger by anybody: nothing may happen that nobody asked for."""

from dataclasses import dataclass, field
from typing import Any

from forgeledger.jobs.model.commands import Command, CommandKind
from forgeledger.jobs.model.ids import lane_of, lanes_of
from forgeledger.jobs.model.jobs import Job, JobSpec
from forgeledger.jobs.model.outcomes import Outcome, OutcomeKind
from forgeledger.jobs.usecases.create_job import NewJob
from tests.simulation.fifo_queue import FifoQueue, QueuedMessage
from tests.simulation.message_oracle import Said, mark_of, read_message

# All that somebody says of a job, but for its name and its items.
_ASKED = (
    "lanes",
    "rules",
    "tolerance",
    "expected_items",
    "deadline_seconds",
    "metadata",
    "tags",
)


@dataclass(frozen=True, slots=True)
class LifeAnswer:
    """What somebody was answered who asked to seal, cancel or reopen a job."""

    what: str
    job_id: str
    # How many facts the job had when the request began.
    begun: int
    outcome: str
    reason: str | None
    # Status, epoch and whether it is sealed; nothing in a refusal over HTTP.
    shown: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class ItemAnswer:
    """What somebody was answered who gave a command for an item."""

    job_id: str
    command: Command
    mark: str
    outcome: Outcome
    # Whether the same command was given more than once by then.
    again: bool = False


@dataclass(frozen=True, slots=True)
class Look:
    """What somebody was shown who looked at a job, and what had been written before."""

    job_id: str
    begun: int
    commits: int
    shown: Any


@dataclass(slots=True)
class Asked:
    queue: FifoQueue
    # By job and mark.
    commands: dict[tuple[str, str], Command] = field(default_factory=dict)
    # By name: jobs that somebody asked for.
    wanted: dict[str, NewJob] = field(default_factory=dict)
    seals: set[str] = field(default_factory=set)
    cancels: dict[str, int] = field(default_factory=dict)
    reopens: dict[str, int] = field(default_factory=dict)
    # Answers given over HTTP, still to be checked against the journal.
    answers: list[ItemAnswer] = field(default_factory=list)
    lives: list[LifeAnswer] = field(default_factory=list)
    looks: list[Look] = field(default_factory=list)
    # How many facts each job has by now.
    facts: dict[str, int] = field(default_factory=dict)
    bodies: dict[int, Said] = field(default_factory=dict)
    _promised: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    _read: int = 0

    def command(self, job_id: str, command: Command) -> str:
        """The mark under which it leaves its trace."""
        mark = mark_of(command)
        self.commands[job_id, mark] = command
        return mark

    def promise(self, name: str, item_id: str, command_id: str) -> None:
        """Items that come with a job that has no id yet."""
        self._promised.setdefault(name, []).append((item_id, command_id))

    def create(self, new: NewJob) -> None:
        self.wanted[new.name] = new

    def born(self, spec: JobSpec) -> str | None:
        """A job is there: what was asked under its name counts for it. What of it nobody asked."""
        job_id, name = spec.job_id, spec.name
        new = self.wanted.get(name)
        if new is None:
            return "nobody asked for this job"
        if new.seal:
            self.seals.add(job_id)
        for item_id, command_id in self._promised.get(name, ()):
            self.command(
                job_id,
                Command(
                    kind=CommandKind.REGISTER,
                    item_id=item_id,
                    command_id=command_id,
                    payload=f'"{item_id}"',
                ),
            )
        return _otherwise_made(new, spec)

    def seal(self, job_id: str) -> None:
        self.seals.add(job_id)

    def cancel(self, job_id: str) -> None:
        self.cancels[job_id] = self.cancels.get(job_id, 0) + 1

    def reopen(self, job_id: str) -> None:
        self.reopens[job_id] = self.reopens.get(job_id, 0) + 1

    def answered(self, answer: ItemAnswer) -> None:
        self.answers.append(answer)

    def lived(self, what: str, job_id: str, begun: int, answer: Any) -> None:
        """The answer of the use case, or of the route; None where none came."""
        if answer is None:
            return
        reason: str | None = None
        shown: tuple[Any, ...] = ()
        if not isinstance(answer, dict):
            outcome, reason, shown = answer.outcome, answer.reason, shown_of(answer.view.job)
        elif answer["status"] == 200:
            outcome, shown = answer["outcome"], shown_in(answer["job"])
        else:
            outcome, reason = OutcomeKind.REJECTED, answer["code"]
        self.lives.append(LifeAnswer(what, job_id, begun, outcome, reason, shown))

    def looked(self, job_id: str, begun: int, commits: int, shown: Any) -> None:
        self.looks.append(Look(job_id, begun, commits, shown))

    def find(self, job_id: str, mark: str) -> Command | None:
        """The command behind a mark, from whoever sent it."""
        accepted = self.queue.accepted
        while self._read < len(accepted):
            self.body(accepted[self._read])
            self._read += 1
        return self.commands.get((job_id, mark))

    def arrived(self) -> set[str]:
        """Ids of all commands that the queue ever accepted."""
        messages = self.queue.accepted
        return {
            sent.command.command_id for message in messages for sent in self.body(message).commands
        }

    def body(self, message: QueuedMessage) -> Said:
        found = self.bodies.get(message.number)
        if found is None:
            found = self.bodies[message.number] = self._read_body(message)
        return found

    def _read_body(self, message: QueuedMessage) -> Said:
        said = read_message(message.body, message.message_id)
        for sent in said.commands:
            self.commands[sent.job_id, sent.mark] = sent.command
        return said


def _otherwise_made(new: NewJob, spec: JobSpec) -> str | None:
    for name in _ASKED:
        asked, made = getattr(new, name), getattr(spec, name)
        # How many lanes it gets where nobody says is its own affair.
        if asked != made and not (name == "lanes" and asked is None):
            return f"made with {name} {made}, and asked for with {asked}"
    return None


def lane_index(job_id: str, item_id: str) -> int:
    return lane_of(item_id, lanes_of(job_id) or 1)


def shown_in(body: dict[str, Any]) -> tuple[Any, ...]:
    """How a job stands, as it is told over HTTP."""
    return (body["status"], body["epoch"], body["sealed"])


def shown_of(job: Job) -> tuple[Any, ...]:
    """How the contract has it told; one that was closed unsealed was sealed by nobody."""
    return (job.status, job.epoch, job.mode == "sealed" or job.sealed_at is not None)
