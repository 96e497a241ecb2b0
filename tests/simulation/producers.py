"""Producers: they create jobs and register items, and repeat requests until answered."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from forgeledger.errors import ForgeLedgerError
from forgeledger.jobs.model.commands import Command
from forgeledger.jobs.ports import LedgerStore
from forgeledger.jobs.usecases.create_job import NewJob
from forgeledger.repeat import Repeat
from forgeledger.sdk.errors import InvalidRequestError
from forgeledger.sdk.json_decoder import registration_of
from tests.simulation.checks import Checks
from tests.simulation.coverage import CoveragePoint
from tests.simulation.drawn_items import item_spec, new_item
from tests.simulation.environments import Environments
from tests.simulation.faults import client_error
from tests.simulation.jobs import KnownJob, Part, described, draw_job, with_deadline
from tests.simulation.lambdas import PlannedFaults
from tests.simulation.producer_answers import (
    REFUSED,
    ProducerAnswer,
    UnansweredCreation,
    created_or_refused,
)
from tests.simulation.registration_checks import check_creation, check_refusal, check_registration
from tests.simulation.request_checks import CLIENT, OPERATOR, RequestLog, register_command
from tests.simulation.sdk_side import (
    OPTIONS,
    TIMEOUT_MS,
    SdkTransport,
    call_sdk,
    creation_arguments,
    registration_result,
)
from tests.simulation.service_side import api_services
from tests.simulation.workloads import Workload
from tests.simulation.world import Invocation, SimulatedWorld

# Errors that a client of the API gets as a response.
_API_ERRORS = (ForgeLedgerError, type(client_error("", "")))

# The share of requests that go through the real routes, which are slow.
HTTP_SHARE = 0.05
# How long an idempotency key stands for the job that was created with it.
_KEY_LIFETIME_MS = 599_000


@dataclass(slots=True)
class Producers:
    world: SimulatedWorld
    store: LedgerStore
    request_log: RequestLog
    jobs: list[KnownJob] = field(default_factory=list)
    unanswered_creations: list[UnansweredCreation] = field(default_factory=list)
    # How often requests with each request id or key were sent.
    tries: Counter[str] = field(default_factory=Counter)
    environments: Environments = field(init=False)

    def __post_init__(self) -> None:
        self.environments = Environments(self.world, self._start)

    def _start(self) -> Any:
        return api_services(self.world, self.store)

    def create(self, seed: int, workload: Workload, faults: PlannedFaults, *, by_sdk: bool) -> None:
        creation = UnansweredCreation(seed % 100_000, seed, workload, self.world.now, by_sdk)
        if not self._create(creation, faults):
            self.unanswered_creations.append(creation)

    def retry_creations(self) -> None:
        """Repeat all unanswered creations, without faults."""
        waiting, self.unanswered_creations = self.unanswered_creations, []
        self.unanswered_creations += [
            creation for creation in waiting if not self._create(creation, {})
        ]

    def _create(self, creation: UnansweredCreation, faults: PlannedFaults) -> bool:
        random = Random(creation.seed)
        new, item_ids = draw_job(
            random, creation.workload, creation.number, creation.first_tried_at
        )
        if self.world.rules.execution and creation.workload is not Workload.PLAIN:
            new = with_deadline(new, creation.number)
        # Over HTTP no job dispatches yet, and none has a time where the clock does not run.
        has_time = new.execute_at is not None and not self.world.rules.execution
        by_sdk = creation.by_sdk and not new.rules.dispatched and not has_time
        self.request_log.record_creation(new, OPERATOR if by_sdk else CLIENT)
        begun = self.world.now
        create = self._create_by_sdk if by_sdk else self._create_directly
        created = create(f"create {creation.seed}", new, faults)
        if created is None:
            return False
        if created.is_refused:
            self._check_refusal(new, creation)
            return True
        job = KnownJob(created.job_id, new, item_ids)
        self._check_registration(job, created)
        self._check_creation(job, creation, begun)
        left = item_ids[len(new.items) :] if new.items else item_ids
        for start in range(0, len(left), 3):
            job.unregistered_parts.append(
                (f"register {creation.seed}/{start}", tuple(left[start : start + 3]))
            )
        if creation.workload is not Workload.PLAIN and random.random() < 0.3:
            job.producer_dies_with = random.randint(0, len(job.unregistered_parts))
        self._check_producer_death(job)
        self.jobs.append(job)
        return True

    def _create_directly(
        self, key: str, new: NewJob, faults: PlannedFaults
    ) -> ProducerAnswer | None:
        repeat = Repeat(key=key, fingerprint="same")
        commands = register_commands(repeat.request_id, [item.item_id for item in new.items])
        for command in commands:
            self.request_log.expect_item(new.name, command.item_id, command.command_id)
        self.tries[repeat.request_id] += 1
        created = self._request(
            lambda: described(new),
            lambda services: created_or_refused(services, new, repeat),
            faults,
        )
        if created is None or created is REFUSED:
            return created
        first = self.tries[repeat.request_id] == 1
        return ProducerAnswer(created.view.job.job_id, created.registered, commands, first)

    def _create_by_sdk(self, key: str, new: NewJob, faults: PlannedFaults) -> ProducerAnswer | None:
        commands: list[Command] = []

        def on_first_try(body: Mapping[str, Any], request_id: str) -> None:
            names = [item["itemId"] for item in body.get("items", ())]
            commands.extend(register_commands(request_id, names))
            for command in commands:
                self.request_log.expect_item(new.name, command.item_id, command.command_id)

        self.tries[key] += 1
        transport = SdkTransport(self.world, self.environments, faults, on_first_try, key)
        self.world.log(f"SDK request: {described(new)}")
        try:
            job = call_sdk(
                transport,
                lambda ledger: ledger.create_job(**creation_arguments(new), idempotency_key=key),
            )
        except InvalidRequestError as error:
            if [wrong.rule for wrong in error.problem.errors] != ["execute_at_past"]:
                raise
            return REFUSED
        if job is None:
            return None
        body = job.raw["registration"]
        registered = None if body is None else registration_result(registration_of(body))
        first = self.tries[key] == 1 and not transport.repeated
        return ProducerAnswer(job.job_id, registered, commands, first)

    def register(self, random: Random, faults: PlannedFaults) -> None:
        candidates = [job for job in self.jobs if job.unregistered_parts and not job.producer_died]
        if candidates:
            job = random.choice(candidates)
            part = random.choice(job.unregistered_parts)
            self.register_part(job, part, faults, by_sdk=random.random() < HTTP_SHARE)
            if part not in job.unregistered_parts:
                self._check_producer_death(job)
                stops = job.producer_died and bool(job.unregistered_parts)
                self.world.coverage[CoveragePoint.PRODUCER_STOPS] += stops

    def _check_producer_death(self, job: KnownJob) -> None:
        """The producer dies at its planned number of unregistered parts."""
        job.producer_died = job.producer_dies_with == len(job.unregistered_parts)
        self.world.coverage[CoveragePoint.PRODUCER_DIES] += job.producer_died

    def register_part(
        self, job: KnownJob, part: Part, faults: PlannedFaults, *, by_sdk: bool = False
    ) -> None:
        self.tries[part[0]] += 1
        register = self._register_by_sdk if by_sdk else self._register_directly
        answer = register(job, part, faults)
        if answer is None:
            return
        self._check_registration(job, answer)
        if part in job.unregistered_parts:
            job.unregistered_parts.remove(part)

    def _register_directly(
        self, job: KnownJob, part: Part, faults: PlannedFaults
    ) -> ProducerAnswer | None:
        request_id, names = part
        items = [new_item(name) for name in names]
        commands = register_commands(request_id, names)
        for command in commands:
            self.request_log.record_command(job.job_id, command, CLIENT)
        done = self._request(
            lambda: f"register {', '.join(names)}",
            lambda api: api.registrar.register(job.job_id, items, request_id, client_id=CLIENT),
            faults,
        )
        first = self.tries[request_id] == 1
        return None if done is None else ProducerAnswer(job.job_id, done, commands, first)

    def _register_by_sdk(
        self, job: KnownJob, part: Part, faults: PlannedFaults
    ) -> ProducerAnswer | None:
        request_id, names = part
        commands: list[Command] = []

        def on_first_try(body: Mapping[str, Any], request_id: str) -> None:
            sent = register_commands(request_id, [item["itemId"] for item in body["items"]])
            commands.extend(sent)
            for command in sent:
                self.request_log.record_command(job.job_id, command, OPERATOR)

        # The SDK uses new keys in each call.
        key = f"{job.job_id} {request_id} {self.tries[request_id]}"
        transport = SdkTransport(self.world, self.environments, faults, on_first_try, key)
        self.world.log(f"SDK request: register {', '.join(names)}")
        items = [item_spec(name) for name in names]
        job_id = job.job_id
        done = call_sdk(transport, lambda ledger: ledger.register(job_id, items, options=OPTIONS))
        if done is None:
            return None
        first = self.tries[request_id] == 1 and not transport.repeated
        return ProducerAnswer(job_id, registration_result(done), commands, first)

    def _check_registration(self, job: KnownJob, answer: ProducerAnswer) -> None:
        if answer.registered is None:
            return
        job.rejected_items |= {rejection.item_id for rejection in answer.registered.rejected}
        checks = self.world.observer
        # On the real engine nothing is checked.
        if isinstance(checks, Checks):
            check_registration(
                checks.lanes, job.job_id, answer.commands, answer.registered, first=answer.first
            )

    def _check_refusal(self, new: NewJob, creation: UnansweredCreation) -> None:
        checks = self.world.observer
        if isinstance(checks, Checks):
            late = self.world.now - creation.first_tried_at > _KEY_LIFETIME_MS
            check_refusal(checks.jobs, new, self.world.now, key_is_over=late)

    def _check_creation(self, job: KnownJob, creation: UnansweredCreation, begun: int) -> None:
        checks = self.world.observer
        if isinstance(checks, Checks):
            late = self.world.now - creation.first_tried_at > _KEY_LIFETIME_MS
            once = not late and all(job.new.name != known.new.name for known in self.jobs)
            check_creation(checks.jobs, job.job_id, begun, once=once)

    def _request(
        self, what: Callable[[], str], work: Callable[[Any], Any], faults: PlannedFaults
    ) -> Any:
        """Do `work` in a process of the API; None if it was not answered, or with an error."""
        world = self.world
        process = Invocation("api", faults)
        if world.trace is not None:
            world.log(f"request: {what()}")
        if self.environments.full():
            return None
        try:
            ended, answer = self.environments.run(process, TIMEOUT_MS, work)
        except Exception as error:
            if not process.disturbed:
                raise
            verb = "is answered" if isinstance(error, _API_ERRORS) else "fails"
            world.log(f"the request {verb} with {type(error).__name__}")
            return None
        if ended and world.trace is not None:
            world.log(f"the answer is {_summary(answer)}")
        return answer if ended else None


def register_commands(request_id: str, names: Sequence[str]) -> list[Command]:
    """The commands to which a request to register these items amounts."""
    return [register_command(name, f"{request_id}:{index}") for index, name in enumerate(names)]


def _summary(answer: Any) -> str:
    if isinstance(answer, dict):
        return f"{answer['status']} over HTTP"
    outcome = getattr(answer, "outcome", None) or getattr(answer, "kind", None)
    if outcome is None:
        return type(answer).__name__
    view = getattr(answer, "view", None)
    more = "" if view is None else f" {view.job.status}"
    return f"{outcome} {answer.reason or ''}{more}"
