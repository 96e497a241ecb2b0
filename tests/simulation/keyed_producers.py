"""Producers that name their jobs by keys: they repeat their requests, change and renew them."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from forgeledger.errors import JobGone, JobKeyReused
from forgeledger.jobs.model.commands import Command
from forgeledger.jobs.usecases.create_job import Created, KeyRequest, NewJob
from forgeledger.repeat import Repeat
from forgeledger.sdk.errors import ConflictError
from forgeledger.sdk.json_decoder import registration_of
from tests.simulation.checks import Checks
from tests.simulation.coverage import CoveragePoint
from tests.simulation.jobs import KnownJob, described, draw_job
from tests.simulation.key_checks import SubmissionAnswer, check_answer, expected_answer
from tests.simulation.key_endings import AGAIN_CHANCE
from tests.simulation.lambdas import PlannedFaults
from tests.simulation.producers import HTTP_SHARE, Producers, register_commands
from tests.simulation.registration_checks import check_registration
from tests.simulation.request_checks import CLIENT, OPERATOR
from tests.simulation.sdk_side import (
    SdkTransport,
    call_sdk,
    creation_arguments,
    registration_result,
)
from tests.simulation.workloads import Workload

_KEYS = ("report", "bill")
# How often a request that is no new one is the very same.
_SAME_CHANCE = 0.25
_REUSE_CHANCE = 0.5
# Above the numbers of jobs without a key.
_FIRST_NUMBER = 100_000


@dataclass(frozen=True, slots=True)
class Submission:
    """A request to create a job with a key, and its idempotency key."""

    new: NewJob
    item_ids: tuple[str, ...]
    by_sdk: bool
    request_key: str


@dataclass(slots=True)
class KeyedProducers(Producers):
    submissions: list[Submission] = field(default_factory=list)
    # Jobs whose rows have expired; some of them may still be there.
    expired_jobs: list[KnownJob] = field(default_factory=list)

    def submit(self, seed: int, workload: Workload, faults: PlannedFaults) -> None:
        random = Random(seed)
        again = random.random() < AGAIN_CHANCE
        if again and self.submissions:
            submission = random.choice(self.submissions)
            if random.random() >= _SAME_CHANCE:
                submission = _by_another(random, submission, len(self.submissions))
        else:
            submission = _new_submission(random, workload, seed, len(self.submissions))
        first = submission not in self.submissions
        if first:
            self.submissions.append(submission)
        self.world.coverage[CoveragePoint.SUBMITTED] += 1
        self._send_submission(submission, faults, first=first)

    def _send_submission(
        self, submission: Submission, faults: PlannedFaults, *, first: bool
    ) -> None:
        new, checks = submission.new, self.world.observer
        client_id = OPERATOR if submission.by_sdk else CLIENT
        self.request_log.record_creation(new, client_id)
        expected = None
        # Where nothing comes in between, the answer follows from what is stored.
        if isinstance(checks, Checks) and first and not faults:
            expected = expected_answer(checks.keys, self.world.tables, client_id, new)
        known = set(checks.jobs.by_pk) if isinstance(checks, Checks) else set()
        commands: list[Command] = []
        send = self._submit_by_sdk if submission.by_sdk else self._submit_directly
        answer = send(submission, faults, commands)
        if answer is None:
            return
        self.world.log(f"the submission is answered: {answer.kind} {answer.job_id[-6:]}")
        if isinstance(checks, Checks):
            check_answer(checks, new, answer, expected, known)
            pk = f"JOB#{answer.job_id}"
            if answer.registered is not None and pk not in checks.expired_pks:
                check_registration(
                    checks.lanes, answer.job_id, commands, answer.registered, first=False
                )
        if answer.kind in _COVERED:
            self.world.coverage[_COVERED[answer.kind]] += 1
        if answer.kind in ("created", "existed"):
            self._know(answer.job_id, submission)

    def _know(self, job_id: str, submission: Submission) -> None:
        checks, known = self.world.observer, [*self.jobs, *self.expired_jobs]
        if any(job.job_id == job_id for job in known):
            return
        if isinstance(checks, Checks) and f"JOB#{job_id}" in checks.expired_pks:
            return
        job = KnownJob(job_id, submission.new, list(submission.item_ids))
        left = submission.item_ids[len(submission.new.items) :]
        for start in range(0, len(left), 3):
            part = (f"register {job_id}/{start}", tuple(left[start : start + 3]))
            job.unregistered_parts.append(part)
        self.jobs.append(job)

    def _submit_directly(
        self, submission: Submission, faults: PlannedFaults, commands: list[Command]
    ) -> SubmissionAnswer | None:
        new = submission.new
        assert new.key is not None
        # Another body under the same key would be another request.
        repeat = Repeat(key=submission.request_key, fingerprint=str(new.key.after_failure))
        names = [item.item_id for item in new.items]
        commands += register_commands(repeat.request_id, names)
        self._expect(new, commands, CLIENT)

        def work(services: Any) -> Created | JobKeyReused | JobGone:
            try:
                created: Created = services.creator.create(new, repeat, client_id=CLIENT)
            except (JobKeyReused, JobGone) as refusal:
                return refusal
            return created

        answer = self._request(lambda: described(new), work, faults)
        match answer:
            case None:
                return None
            case JobKeyReused():
                return SubmissionAnswer("refused", answer.job_id)
            case JobGone():
                return SubmissionAnswer("gone", answer.job_id)
            case _:
                kind = "existed" if answer.existed else "created"
                return SubmissionAnswer(kind, answer.view.job.job_id, answer.registered)

    def _submit_by_sdk(
        self, submission: Submission, faults: PlannedFaults, commands: list[Command]
    ) -> SubmissionAnswer | None:
        new = submission.new
        assert new.key is not None

        def on_first_try(body: Any, request_id: str) -> None:
            names = [item["itemId"] for item in body.get("items", ())]
            commands.extend(register_commands(request_id, names))
            self._expect(new, commands, OPERATOR)

        arguments = {
            **creation_arguments(new),
            "job_key": new.key.key,
            "job_key_reuse": "afterFailure" if new.key.after_failure else None,
            "idempotency_key": submission.request_key,
        }

        def work(ledger: Any) -> Any:
            try:
                return ledger.create_job(**arguments)
            except ConflictError as refusal:
                return refusal

        self.world.log(f"SDK request: {described(new)}")
        transport = SdkTransport(
            self.world, self.environments, faults, on_first_try, submission.request_key
        )
        answer = call_sdk(transport, work)
        if answer is None:
            return None
        if isinstance(answer, ConflictError):
            kind = "gone" if answer.problem.status == 410 else "refused"
            return SubmissionAnswer(kind, answer.problem.raw["jobId"])
        kind = "created" if answer.raw["created"] else "existed"
        body = answer.raw["registration"]
        registered = None if body is None else registration_result(registration_of(body))
        return SubmissionAnswer(kind, answer.job_id, registered)

    def _expect(self, new: NewJob, commands: Sequence[Command], client_id: str) -> None:
        """The items, in the job that is to be made or in those that were made for this request."""
        log, checks = self.request_log, self.world.observer
        for command in commands:
            log.expect_item(new.name, command.item_id, command.command_id)
        if not isinstance(checks, Checks):
            return
        for observed in checks.jobs.by_pk.values():
            if observed.job.spec.name == new.name:
                for command in commands:
                    log.record_command(observed.job.job_id, command, client_id)
                if new.seal:
                    log.record_seal(observed.job.job_id, client_id)


_COVERED = {
    "existed": CoveragePoint.SUBMITTED_AGAIN,
    "refused": CoveragePoint.KEY_REFUSED,
    "gone": CoveragePoint.KEY_GONE,
}


def _new_submission(random: Random, workload: Workload, seed: int, made: int) -> Submission:
    number = _FIRST_NUMBER + seed % _FIRST_NUMBER
    new, item_ids = draw_job(random, workload, number)
    key = KeyRequest(
        key=random.choice(_KEYS),
        fingerprint=new.name,
        after_failure=random.random() < _REUSE_CHANCE,
    )
    # Over HTTP no job dispatches yet.
    by_sdk = random.random() < HTTP_SHARE and not new.rules.dispatched
    # Repeated much later, a start would be over, and a new job with it refused.
    new = replace(new, key=key, execute_at=None)
    return Submission(new, tuple(item_ids), by_sdk, f"submit {number} {made}")


def _by_another(random: Random, submission: Submission, made: int) -> Submission:
    """The same specification, asked for by a request of its own."""
    new = submission.new
    assert new.key is not None
    key = replace(new.key, after_failure=random.random() < _REUSE_CHANCE)
    request_key = f"{submission.request_key.rpartition(' ')[0]} {made}"
    return replace(submission, new=replace(new, key=key), request_key=request_key)
