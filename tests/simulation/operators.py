"""Operators and HTTP workers: they seal, cancel, reopen, retry, send commands, read the status."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from forgeledger.jobs.model.commands import Command, CommandKind
from forgeledger.jobs.model.ids import lane_of, lanes_of
from forgeledger.jobs.model.items import Failure
from forgeledger.jobs.model.outcomes import Outcome, OutcomeKind, Reason
from tests.simulation.coverage import CoveragePoint
from tests.simulation.http_side import command_body, request
from tests.simulation.jobs import KnownJob, is_bad
from tests.simulation.keyed_producers import KeyedProducers
from tests.simulation.lambdas import PlannedFaults
from tests.simulation.lane_checks import Violation
from tests.simulation.lifecycle_requests import REQUESTS_FOR_EXPIRED, outcome_of, request_of
from tests.simulation.producers import HTTP_SHARE
from tests.simulation.request_checks import CLIENT, AnsweredCommand, client_of

# How often a command is repeated, and from how many recent ones it is chosen.
_REPEAT_CHANCE, _REMEMBERED = 0.15, 10
# How often an operator cancels an item where it would retry one.
_CANCEL_CHANCE = 0.3


@dataclass(slots=True)
class Operators(KeyedProducers):
    """Operators, producers, and workers that use the HTTP API."""

    # Recent commands over HTTP, answered or not, which may be repeated.
    given_commands: list[tuple[KnownJob, Command]] = field(default_factory=list)
    # Ids of commands that were repeated.
    repeated_ids: set[str] = field(default_factory=set)

    def seal(self, job: KnownJob, faults: PlannedFaults, *, http: bool = False) -> Any:
        self.request_log.record_seal(job.job_id, client_of(http=http))
        self.world.coverage[CoveragePoint.SEALED] += 1
        return self._change_lifecycle("seal", job, faults, http=http)

    def cancel(self, random: Random, faults: PlannedFaults) -> None:
        if self.jobs:
            job = random.choice(self.jobs)
            http = random.random() < HTTP_SHARE
            self.request_log.record_cancel(job.job_id, client_of(http=http))
            self.world.coverage[CoveragePoint.CANCELED] += 1
            self._change_lifecycle("cancel", job, faults, http=http)

    def hold(self, random: Random, faults: PlannedFaults) -> None:
        if self.jobs:
            job = random.choice(self.jobs)
            http = random.random() < HTTP_SHARE
            what = random.choice(("pause", "pause", "end pause", "end pause", "start"))
            wait_ms = random.choice((None, None, 1_000, 30_000, 300_000))
            self.request_log.record_hold(what, job.job_id, client_of(http=http))
            self.world.coverage[CoveragePoint.HELD] += 1
            until = None if what != "pause" or wait_ms is None else self.world.now + wait_ms
            self._change_lifecycle(what, job, faults, http=http, until=until)

    def reopen(self, random: Random, faults: PlannedFaults) -> None:
        if self.jobs:
            job = random.choice(self.jobs)
            http, resume = random.random() < HTTP_SHARE, random.random() < 0.5
            self.request_log.record_reopen(job.job_id, client_of(http=http), resume=resume)
            self.world.coverage[CoveragePoint.REOPENED] += 1
            what = "resume" if resume else "reopen"
            done = self._change_lifecycle(what, job, faults, http=http)
            if outcome_of(done) == OutcomeKind.APPLIED:
                more = f"{job.new.name[4:]}+{len(job.item_ids)}"
                job.item_ids.append(more)
                job.unregistered_parts.append((f"more {more}", (more,)))

    def retry(self, random: Random, faults: PlannedFaults) -> None:
        candidates = [job for job in self.jobs if job.item_ids]
        if candidates:
            job = random.choice(candidates)
            bad = [item_id for item_id in job.item_ids if is_bad(item_id)]
            item_id = random.choice(bad or job.item_ids)
            if random.random() < _CANCEL_CHANCE:
                self._cancel_item(random, job, faults)
                return
            self.world.coverage[CoveragePoint.RETRIED] += 1
            if random.random() < 0.5:
                self._send("retry", job, bad or job.item_ids)
                return
            self.command(job, CommandKind.RETRY, item_id, faults, http=random.random() < HTTP_SHARE)

    def retry_all(self, job: KnownJob) -> None:
        if job.item_ids:
            self._send("retry", job, job.item_ids)

    def _cancel_item(self, random: Random, job: KnownJob, faults: PlannedFaults) -> None:
        self.world.coverage[CoveragePoint.ITEM_CANCELED] += 1
        item_id = random.choice(job.item_ids)
        if random.random() < 0.5:
            self._send("cancel", job, [item_id])
            return
        attempt = random.choice((None, max(job.attempts.get(item_id, 0), 1)))
        http = random.random() < HTTP_SHARE
        self.command(job, CommandKind.CANCEL, item_id, faults, http=http, attempt=attempt)

    def _send(self, kind: str, job: KnownJob, item_ids: Sequence[str]) -> None:
        """Send them in one message, which may be delivered after anything else."""
        about = {"type": kind, "jobId": job.job_id}
        body = json.dumps({"commands": [{**about, "itemId": item_id} for item_id in item_ids]})
        message_id, _ = self.world.commands.send(body, job.job_id, f"{kind}-{self.world.new_id()}")
        self.world.log(f"an operator sends {message_id}: {kind} {', '.join(item_ids)}")

    def send_http_command(self, random: Random, faults: PlannedFaults) -> None:
        """A command from a worker that uses the HTTP API."""
        candidates = [job for job in self.jobs if job.item_ids]
        if not candidates:
            return
        if self.given_commands and random.random() < _REPEAT_CHANCE:
            self._repeat_command(random)
        job = random.choice(candidates)
        item_id = random.choice(job.item_ids)
        known = job.attempts.get(item_id, 0)
        done = CommandKind.COMPLETE
        kind = random.choice(
            (
                CommandKind.CLAIM,
                CommandKind.CLAIM,
                done,
                done,
                CommandKind.RELEASE,
                CommandKind.EXPIRE,
            )
        )
        if kind is CommandKind.COMPLETE and is_bad(item_id):
            kind = CommandKind.FAIL
        attempt = random.choice((None, max(known, 1), known + 1))
        fields: dict[str, Any] = {"attempt": attempt, "worker_id": f"h{random.randint(1, 2)}"}
        if kind is CommandKind.FAIL:
            fields["failure"] = Failure(type="Http", retryable=False)
        http = random.random() < HTTP_SHARE
        if job.new.rules.dispatched:
            kind, fields = _of_message(random, job, item_id, kind, fields)
        outcome = self.command(job, kind, item_id, faults, http=http, **fields)
        if outcome is not None and outcome.item is not None:
            job.attempts[item_id] = max(known, outcome.item.attempt)
            job.dispatches[item_id] = outcome.item.attempt + 1

    def command(
        self,
        job: KnownJob,
        kind: CommandKind,
        item_id: str,
        faults: PlannedFaults,
        *,
        http: bool = False,
        **fields: Any,
    ) -> Outcome | None:
        command = Command(kind=kind, item_id=item_id, command_id=self.world.new_id(), **fields)
        self.given_commands.append((job, command))
        del self.given_commands[:-_REMEMBERED]
        return self._submit(job, command, faults, http=http)

    def _repeat_command(self, random: Random) -> None:
        """Send a recent command again, whether it was answered or not."""
        self.world.coverage[CoveragePoint.COMMAND_REPEATED] += 1
        job, command = random.choice(self.given_commands)
        self.repeated_ids.add(command.command_id)
        self._submit(job, command, {}, http=random.random() < HTTP_SHARE)

    def _submit(
        self, job: KnownJob, command: Command, faults: PlannedFaults, *, http: bool
    ) -> Outcome | None:
        """Send it through the real routes, or without `http` to the use case behind them."""
        kind, item_id = command.kind, command.item_id
        mark = self.request_log.record_command(job.job_id, command, client_of(http=http))

        def apply(services: Any) -> Outcome:
            lane = lane_of(item_id, lanes_of(job.job_id) or 1)
            outcomes: tuple[Outcome, ...] = services.lane_writer.apply(
                job.job_id, lane, (command,), client_id=CLIENT
            ).outcomes
            return outcomes[0]

        state = None

        def post(_: Any) -> Outcome:
            nonlocal state
            path = f"/jobs/{job.job_id}/items/{item_id}/{kind}"
            answer = request(self.world, "POST", path, command_body(command))
            reason = Reason(answer["code"]) if "code" in answer else None
            state = answer.get("item", {}).get("state")
            return Outcome(kind=OutcomeKind(answer["outcome"]), reason=reason)

        outcome: Outcome | None = self._request(
            lambda: f"{kind} {item_id} {command}", post if http else apply, faults
        )
        if outcome is not None:
            again = command.command_id in self.repeated_ids
            self.request_log.record_command_answer(
                AnsweredCommand(job.job_id, command, mark, outcome, again, state)
            )
        return outcome

    def finish_items(
        self, job: KnownJob, lane: int, item_ids: Sequence[str], fails: Callable[[str], bool]
    ) -> bool:
        """Complete or fail all of these items in one batch; False if that is throttled."""
        commands = []
        for item_id in item_ids:
            failure = Failure(type="Final", retryable=False) if fails(item_id) else None
            kind = CommandKind.COMPLETE if failure is None else CommandKind.FAIL
            commands.append(
                Command(kind=kind, item_id=item_id, command_id=self.world.new_id(), failure=failure)
            )
        log = self.request_log
        marks = [log.record_command(job.job_id, command, CLIENT) for command in commands]
        applied = self._request(
            lambda: f"finish {', '.join(item_ids)}",
            lambda services: services.lane_writer.apply(
                job.job_id, lane, commands, client_id=CLIENT
            ),
            {},
        )
        if applied is None:
            return False
        for command, mark, outcome in zip(commands, marks, applied.outcomes, strict=True):
            self.request_log.record_command_answer(
                AnsweredCommand(job.job_id, command, mark, outcome)
            )
        return True

    def read_status(self, random: Random, faults: PlannedFaults) -> None:
        if self.jobs:
            job = random.choice(self.jobs)
            facts_before, commits = (
                self.request_log.fact_counts.get(job.job_id, 0),
                self.world.commits,
            )
            status = self._request(
                lambda: f"read the status of {job.new.name}",
                lambda _: request(self.world, "GET", f"/jobs/{job.job_id}"),
                faults,
            )
            if status is not None:
                self.request_log.record_status_answer(job.job_id, facts_before, commits, status)

    def ask_for_expired(self, random: Random) -> None:
        """Whatever is left of a job whose rows have expired, it does not run again."""
        if not self.expired_jobs:
            return
        job = random.choice(self.expired_jobs)
        method, path = random.choice(REQUESTS_FOR_EXPIRED)
        path = path.format(job=job.job_id, item=random.choice([*job.item_ids, "nothing"]))
        # Without faults: a server error is a defect.
        answer = self._request(
            lambda: f"{method} {path}", lambda _: request(self.world, method, path), {}
        )
        if answer is None:
            return
        if answer["status"] == 200 and answer.get("outcome") == OutcomeKind.APPLIED:
            raise Violation(f"{method} {path} of an expired job is answered {answer}")

    def _change_lifecycle(
        self,
        what: str,
        job: KnownJob,
        faults: PlannedFaults,
        *,
        http: bool = False,
        until: int | None = None,
    ) -> Any:
        facts_before = self.request_log.fact_counts.get(job.job_id, 0)

        def work(services: Any) -> Any:
            name, options, body = request_of(what, until)
            if http:
                return request(self.world, "POST", f"/jobs/{job.job_id}/{name}", body)
            return getattr(services.lifecycle, name)(job.job_id, client_id=CLIENT, **options)

        answer = self._request(lambda: f"{what} {job.new.name}", work, faults)
        self.request_log.record_lifecycle_answer(what, job.job_id, facts_before, answer)
        return answer


def _of_message(
    random: Random, job: KnownJob, item_id: str, kind: CommandKind, fields: dict[str, Any]
) -> tuple[CommandKind, dict[str, Any]]:
    """The command of a work message; of one in seven it is said that its worker was lost."""
    dispatch = max(1, job.dispatches.get(item_id, 1) - random.choice((0, 0, 0, 1)))
    if random.random() < 0.15:
        lost = Failure(type="WorkerLost", retryable=False)
        return CommandKind.FAIL, {"dispatch": dispatch, "failure": lost}
    if kind is CommandKind.EXPIRE:
        return kind, fields
    attempt = random.choice((dispatch, dispatch, dispatch + 1, None))
    return kind, {**fields, "dispatch": dispatch, "attempt": attempt}
