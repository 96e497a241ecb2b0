"""Operators and those who ask over HTTP: they seal, cancel, reopen, retry, ask and look."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from forgeledger.jobs.model.commands import Command, CommandKind
from forgeledger.jobs.model.ids import lane_of, lanes_of
from forgeledger.jobs.model.items import Failure
from forgeledger.jobs.model.outcomes import Outcome, OutcomeKind, Reason
from tests.simulation.coverage import Happening
from tests.simulation.http_side import command_body, request
from tests.simulation.jobs import KnownJob, is_bad
from tests.simulation.lambdas import Faults
from tests.simulation.producers import HTTP, Producers
from tests.simulation.request_checks import ItemAnswer

# How often a command is given again, and of how many the last.
_AGAIN, _REMEMBERED = 0.15, 10


@dataclass(slots=True)
class People(Producers):
    """Everybody beside the workers."""

    # Commands that were given over HTTP, answered or not: somebody may give them again.
    given: list[tuple[KnownJob, Command]] = field(default_factory=list)
    # Ids of those that were.
    repeated: set[str] = field(default_factory=set)

    def seal(self, job: KnownJob, faults: Faults, *, http: bool = False) -> Any:
        self.asked.seal(job.job_id)
        self.world.met[Happening.SEALED] += 1
        return self._ask_life("seal", job, faults, http=http)

    def cancel(self, random: Random, faults: Faults) -> None:
        if self.jobs:
            job = random.choice(self.jobs)
            self.asked.cancel(job.job_id)
            self.world.met[Happening.CANCELED] += 1
            self._ask_life("cancel", job, faults, http=random.random() < HTTP)

    def reopen(self, random: Random, faults: Faults) -> None:
        if self.jobs:
            job = random.choice(self.jobs)
            self.asked.reopen(job.job_id)
            self.world.met[Happening.REOPENED] += 1
            done = self._ask_life("reopen", job, faults, http=random.random() < HTTP)
            if _verdict_of(done) == OutcomeKind.APPLIED:
                more = f"{job.new.name[4:]}+{len(job.wanted)}"
                job.wanted.append(more)
                job.unanswered.append((f"more {more}", (more,)))

    def retry(self, random: Random, faults: Faults) -> None:
        candidates = [job for job in self.jobs if job.wanted]
        if candidates:
            job = random.choice(candidates)
            bad = [item_id for item_id in job.wanted if is_bad(item_id)]
            item_id = random.choice(bad or job.wanted)
            self.world.met[Happening.RETRIED] += 1
            if random.random() < 0.5:
                self._send_retries(job, bad or job.wanted)
                return
            self.command(job, CommandKind.RETRY, item_id, faults, http=random.random() < HTTP)

    def retry_all(self, job: KnownJob) -> None:
        if job.wanted:
            self._send_retries(job, job.wanted)

    def _send_retries(self, job: KnownJob, item_ids: Sequence[str]) -> None:
        """All in one message, which may arrive after anything else."""
        about = {"type": "retry", "jobId": job.job_id}
        body = json.dumps({"commands": [{**about, "itemId": item_id} for item_id in item_ids]})
        message_id, _ = self.world.commands.send(body, job.job_id, f"retry-{self.world.new_id()}")
        self.world.note(f"somebody sends {message_id}: retry {', '.join(item_ids)}")

    def ask(self, random: Random, faults: Faults) -> None:
        """A worker that speaks HTTP."""
        candidates = [job for job in self.jobs if job.wanted]
        if not candidates:
            return
        if self.given and random.random() < _AGAIN:
            self._again(random)
        job = random.choice(candidates)
        item_id = random.choice(job.wanted)
        known = job.attempts.get(item_id, 0)
        done = CommandKind.COMPLETE
        kind = random.choice(
            (CommandKind.CLAIM, CommandKind.CLAIM, done, done, CommandKind.RELEASE)
        )
        if kind is CommandKind.COMPLETE and is_bad(item_id):
            kind = CommandKind.FAIL
        attempt = random.choice((None, max(known, 1), known + 1))
        fields: dict[str, Any] = {"attempt": attempt, "worker_id": f"h{random.randint(1, 2)}"}
        if kind is CommandKind.FAIL:
            fields["failure"] = Failure(type="Http", retryable=False)
        http = random.random() < HTTP
        outcome = self.command(job, kind, item_id, faults, http=http, **fields)
        if outcome is not None and outcome.item is not None:
            job.attempts[item_id] = max(known, outcome.item.attempt)

    def command(
        self,
        job: KnownJob,
        kind: CommandKind,
        item_id: str,
        faults: Faults,
        *,
        http: bool = False,
        **fields: Any,
    ) -> Outcome | None:
        command = Command(kind=kind, item_id=item_id, command_id=self.world.new_id(), **fields)
        self.given.append((job, command))
        del self.given[:-_REMEMBERED]
        return self._give(job, command, faults, http=http)

    def _again(self, random: Random) -> None:
        """Whoever was not answered gives the same command once more, and so do others."""
        self.world.met[Happening.ASKED_TWICE] += 1
        job, command = random.choice(self.given)
        self.repeated.add(command.command_id)
        self._give(job, command, {}, http=random.random() < HTTP)

    def _give(
        self, job: KnownJob, command: Command, faults: Faults, *, http: bool
    ) -> Outcome | None:
        """With `http` through the real routes, else through the use case that they call."""
        kind, item_id = command.kind, command.item_id
        mark = self.asked.command(job.job_id, command)

        def apply(parts: Any) -> Outcome:
            lane = lane_of(item_id, lanes_of(job.job_id) or 1)
            outcomes: tuple[Outcome, ...] = parts.lane_writer.apply(
                job.job_id, lane, (command,)
            ).outcomes
            return outcomes[0]

        def post(_: Any) -> Outcome:
            path = f"/jobs/{job.job_id}/items/{item_id}/{kind}"
            answer = request(self.world, "POST", path, command_body(command))
            reason = Reason(answer["code"]) if "code" in answer else None
            return Outcome(kind=OutcomeKind(answer["outcome"]), reason=reason)

        outcome: Outcome | None = self._request(
            lambda: f"{kind} {item_id} {command}", post if http else apply, faults
        )
        if outcome is not None:
            again = command.command_id in self.repeated
            self.asked.answered(ItemAnswer(job.job_id, command, mark, outcome, again))
        return outcome

    def finish(
        self, job: KnownJob, lane: int, item_ids: Sequence[str], fails: Callable[[str], bool]
    ) -> None:
        """All of them at once, each as it has to end."""
        commands = []
        for item_id in item_ids:
            failure = Failure(type="Final", retryable=False) if fails(item_id) else None
            kind = CommandKind.COMPLETE if failure is None else CommandKind.FAIL
            commands.append(
                Command(kind=kind, item_id=item_id, command_id=self.world.new_id(), failure=failure)
            )
        marks = [self.asked.command(job.job_id, command) for command in commands]
        applied = self._request(
            lambda: f"finish {', '.join(item_ids)}",
            lambda parts: parts.lane_writer.apply(job.job_id, lane, commands),
            {},
        )
        for command, mark, outcome in zip(commands, marks, applied.outcomes, strict=True):
            self.asked.answered(ItemAnswer(job.job_id, command, mark, outcome))

    def look(self, random: Random, faults: Faults) -> None:
        if self.jobs:
            job = random.choice(self.jobs)
            begun, commits = self.asked.facts.get(job.job_id, 0), self.world.commits
            standing = self._request(
                lambda: f"look at {job.new.name}",
                lambda _: request(self.world, "GET", f"/jobs/{job.job_id}"),
                faults,
            )
            if standing is not None:
                self.asked.looked(job.job_id, begun, commits, standing)

    def _ask_life(self, what: str, job: KnownJob, faults: Faults, *, http: bool = False) -> Any:
        begun = self.asked.facts.get(job.job_id, 0)

        def work(parts: Any) -> Any:
            if http:
                return request(self.world, "POST", f"/jobs/{job.job_id}/{what}")
            return getattr(parts.lifecycle, what)(job.job_id)

        answer = self._request(lambda: f"{what} {job.new.name}", work, faults)
        self.asked.lived(what, job.job_id, begun, answer)
        return answer


def _verdict_of(answer: Any) -> str | None:
    """Of the use case or of its route; None where it was refused or not answered."""
    if answer is None or isinstance(answer, dict):
        return (answer or {}).get("outcome")
    return str(answer.outcome)
