"""All requests to the ledger and their answers: every change must go back to a request."""

from dataclasses import dataclass, field
from typing import Any

from forgeledger.jobs.model.commands import Command, CommandKind
from forgeledger.jobs.model.ids import lane_of, lanes_of
from forgeledger.jobs.model.jobs import Job, JobSpec
from forgeledger.jobs.model.outcomes import Outcome, OutcomeKind
from forgeledger.jobs.usecases.create_job import NewJob
from tests.simulation.drawn_items import new_item
from tests.simulation.fifo_queue import QueuedMessage, SimulatedFifoQueue
from tests.simulation.message_oracle import MessageContent, mark_of, read_message

# Who asks over HTTP, and who where a request calls the use case behind its route.
OPERATOR, CLIENT = "operator", "client-1"

# What a request says of a job, apart from its name and items.
_REQUESTED_FIELDS = (
    "lanes",
    "rules",
    "tolerance",
    "permanent_errors",
    "expected_items",
    "deadline_seconds",
    "execute_at",
    "metadata",
    "tags",
)


@dataclass(frozen=True, slots=True)
class AnsweredChange:
    """The answer to a request to seal, cancel or reopen a job."""

    what: str
    job_id: str
    # How many facts the job had when the request began.
    facts_before: int
    outcome: str
    reason: str | None
    # Status, epoch and whether it is sealed; empty for a rejection over HTTP.
    shown: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class AnsweredCommand:
    """The answer to a command for an item."""

    job_id: str
    command: Command
    mark: str
    outcome: Outcome
    # Whether the same command had been sent before.
    again: bool = False
    # The item's state in an answer over HTTP, which shows the item in another form.
    state_over_http: str | None = None


@dataclass(frozen=True, slots=True)
class AnsweredStatus:
    """The status of a job as answered, and what had been committed when it was requested."""

    job_id: str
    facts_before: int
    commits: int
    shown: Any


@dataclass(slots=True)
class RequestLog:
    queue: SimulatedFifoQueue
    # By job and mark.
    commands: dict[tuple[str, str], Command] = field(default_factory=dict)
    # The clients that sent a command; of those from the queue there are none.
    clients: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    # Requested creations, by name, and the clients that sent them.
    requested_jobs: dict[str, NewJob] = field(default_factory=dict)
    creators: dict[str, set[str]] = field(default_factory=dict)
    # Who asked, by its name, for a job with the key of one that ended badly.
    key_reuses: set[tuple[str, str]] = field(default_factory=set)
    # The clients that sent such a request, by job.
    seals: dict[str, set[str]] = field(default_factory=dict)
    cancels: dict[str, set[str]] = field(default_factory=dict)
    reopens: dict[str, set[str]] = field(default_factory=dict)
    resumes: dict[str, set[str]] = field(default_factory=dict)
    starts: dict[str, set[str]] = field(default_factory=dict)
    pauses: dict[str, set[str]] = field(default_factory=dict)
    pause_ends: dict[str, set[str]] = field(default_factory=dict)
    # Answers that are still to be checked.
    command_answers: list[AnsweredCommand] = field(default_factory=list)
    lifecycle_answers: list[AnsweredChange] = field(default_factory=list)
    status_answers: list[AnsweredStatus] = field(default_factory=list)
    # How many facts each job has now.
    fact_counts: dict[str, int] = field(default_factory=dict)
    contents: dict[int, MessageContent] = field(default_factory=dict)
    _expected_items: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    # The groups of the messages with each command, by job and mark.
    groups_of: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    _messages_read: int = 0

    def record_command(self, job_id: str, command: Command, client_id: str) -> str:
        """Record a client's command; return the mark that its events will have."""
        mark = mark_of(command)
        self.commands[job_id, mark] = command
        self.clients.setdefault((job_id, mark), set()).add(client_id)
        return mark

    def expect_item(self, name: str, item_id: str, command_id: str) -> None:
        """Record an item of a job whose id is not known yet."""
        self._expected_items.setdefault(name, []).append((item_id, command_id))

    def record_creation(self, new: NewJob, client_id: str) -> None:
        self.requested_jobs[new.name] = new
        self.creators.setdefault(new.name, set()).add(client_id)
        if new.key is not None and new.key.after_failure:
            self.key_reuses.add((client_id, new.name))

    def bind_job(self, spec: JobSpec) -> str | None:
        """Match a created job with its request, by name; what differs, or None."""
        job_id, name = spec.job_id, spec.name
        new = self.requested_jobs.get(name)
        if new is None:
            return "no such job was requested"
        for client_id in self.creators[name]:
            if new.seal:
                self.record_seal(job_id, client_id)
            for item_id, command_id in self._expected_items.get(name, ()):
                self.record_command(job_id, register_command(item_id, command_id), client_id)
        return _wrong_spec(new, spec)

    def record_seal(self, job_id: str, client_id: str) -> None:
        self.seals.setdefault(job_id, set()).add(client_id)

    def record_cancel(self, job_id: str, client_id: str) -> None:
        self.cancels.setdefault(job_id, set()).add(client_id)

    def record_reopen(self, job_id: str, client_id: str, *, resume: bool = False) -> None:
        if resume:
            self.resumes.setdefault(job_id, set()).add(client_id)
        self.reopens.setdefault(job_id, set()).add(client_id)

    def record_hold(self, what: str, job_id: str, client_id: str) -> None:
        requests = {"start": self.starts, "pause": self.pauses, "end pause": self.pause_ends}
        requests[what].setdefault(job_id, set()).add(client_id)

    def record_command_answer(self, answer: AnsweredCommand) -> None:
        self.command_answers.append(answer)

    def record_lifecycle_answer(
        self, what: str, job_id: str, facts_before: int, answer: Any
    ) -> None:
        """`answer` is that of the use case or of the route; None if it was lost."""
        if answer is None:
            return
        reason: str | None = None
        shown: tuple[Any, ...] = ()
        if not isinstance(answer, dict):
            outcome, reason, shown = answer.outcome, answer.reason, summary_of_job(answer.view.job)
        elif answer["status"] in (200, 202):
            outcome, shown = answer["outcome"], summary_of_body(answer["job"])
        else:
            outcome, reason = OutcomeKind.REJECTED, answer["code"]
        self.lifecycle_answers.append(
            AnsweredChange(what, job_id, facts_before, outcome, reason, shown)
        )

    def record_status_answer(
        self, job_id: str, facts_before: int, commits: int, shown: Any
    ) -> None:
        self.status_answers.append(AnsweredStatus(job_id, facts_before, commits, shown))

    def find_command(self, job_id: str, mark: str) -> Command | None:
        """The command with this mark, from the queue or over HTTP."""
        accepted = self.queue.accepted
        while self._messages_read < len(accepted):
            self.content_of(accepted[self._messages_read])
            self._messages_read += 1
        return self.commands.get((job_id, mark))

    def accepted_command_ids(self) -> set[str]:
        """The ids of all commands in messages that the queue accepted."""
        messages = self.queue.accepted
        return {
            sent.command.command_id
            for message in messages
            for sent in self.content_of(message).commands
        }

    def content_of(self, message: QueuedMessage) -> MessageContent:
        content = self.contents.get(message.number)
        if content is None:
            content = self.contents[message.number] = self._read_content(message)
        return content

    def _read_content(self, message: QueuedMessage) -> MessageContent:
        content = read_message(message.body, source_id(message))
        for sent in content.commands:
            self.commands[sent.job_id, sent.mark] = sent.command
            self.groups_of.setdefault((sent.job_id, sent.mark), []).append(message.group)
        return content


def source_id(message: QueuedMessage) -> str:
    """The message's id when it was first sent, by which its commands without an id are known."""
    attribute = message.attributes.get("sourceMessageId")
    return message.message_id if attribute is None else str(attribute["StringValue"])


def register_command(item_id: str, command_id: str) -> Command:
    """The command by which the ledger registers an item, with the payload of the simulator."""
    item = new_item(item_id)
    return Command(
        kind=CommandKind.REGISTER,
        item_id=item_id,
        command_id=command_id,
        payload=item.payload,
        item_kind=item.kind,
        group=item.group,
        not_before=item.not_before,
    )


def _wrong_spec(new: NewJob, spec: JobSpec) -> str | None:
    for name in _REQUESTED_FIELDS:
        requested, made = getattr(new, name), getattr(spec, name)
        # Without a requested number of lanes the ledger may choose any.
        if requested != made and not (name == "lanes" and requested is None):
            return f"created with {name} {made}, requested with {requested}"
    if spec.job_key != (None if new.key is None else new.key.key):
        return f"created with the key {spec.job_key}, requested with {new.key}"
    return None


def client_of(*, http: bool) -> str:
    return OPERATOR if http else CLIENT


def lane_index(job_id: str, item_id: str) -> int:
    return lane_of(item_id, lanes_of(job_id) or 1)


def summary_of_body(body: dict[str, Any]) -> tuple[Any, ...]:
    """Status, epoch and seal in an answer over HTTP."""
    return (body["status"], body["epoch"], body["sealed"])


def summary_of_job(job: Job) -> tuple[Any, ...]:
    """The same of a job, by the contract: closing an unsealed job does not seal it."""
    return (job.status, job.epoch, job.mode == "sealed" or job.sealed_at is not None)
