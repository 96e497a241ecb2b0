"""The SDK of a producer: its requests go to the real routes, and some answers get lost."""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2

from forgeledger.jobs.model.outcomes import Reason
from forgeledger.jobs.usecases.create_job import NewJob
from forgeledger.jobs.usecases.register_items import Registered, Rejection
from forgeledger.json_text import iso
from forgeledger.sdk.api.ledger import Ledger
from forgeledger.sdk.api.registration import RegistrationOptions
from forgeledger.sdk.api.transport import HttpRequest, HttpResponse
from forgeledger.sdk.endpoints import Endpoints
from forgeledger.sdk.errors import NoAnswerError, RegistrationStoppedError, UnavailableError
from forgeledger.sdk.records import Registration
from forgeledger.sdk.seams import Seams, with_seams
from forgeledger.web.idempotency import REPLAYED_HEADER, repeat_of
from tests.simulation.coverage import CoveragePoint
from tests.simulation.drawn_items import item_spec
from tests.simulation.environments import Environments
from tests.simulation.faults import STALLS
from tests.simulation.http_side import HttpAnswer, http_event, respond
from tests.simulation.lambdas import PlannedFaults
from tests.simulation.lane_checks import Violation
from tests.simulation.seeded_backoff import SeededBackoff
from tests.simulation.world import Invocation, SimulatedWorld

TIMEOUT_MS = 29_000
# Sequential requests, several for most registrations.
OPTIONS = RegistrationOptions(chunk_items=2, parallel=1)
# An answer is stored for replay until ten minutes after its request, in whole seconds.
_REPLAY_MS = 599_000
# In calls with faults.
_ANSWER_LOST_CHANCE = 0.4
# The gateway's answers for a function that crashed or was throttled.
_CRASHED = HttpAnswer(500, {}, '{"message":"Internal Server Error"}')
_TOO_MANY = HttpAnswer(503, {}, '{"message":"Service Unavailable"}')

SdkResult = TypeVar("SdkResult")
# Gets a request's body and the ledger's request id, before the request is sent.
OnFirstTry = Callable[[Mapping[str, Any], str], None]


@dataclass(slots=True)
class SdkTransport:
    """The transport of one SDK call; each try runs in a process of its own."""

    world: SimulatedWorld
    environments: Environments
    # Numbered by AWS call across all tries.
    faults: PlannedFaults
    on_first_try: OnFirstTry
    # Prefix of the idempotency keys that replace the SDK's random ones.
    name: str
    disturbed: bool = False
    # How often a request with each key was sent.
    tries: Counter[str] = field(default_factory=Counter)
    _faulty: bool = field(init=False)
    _stalls: bool = field(init=False)
    _keys: dict[str, str] = field(default_factory=dict)
    # Lost answers, with their times.
    _lost_answers: dict[str, tuple[int, HttpAnswer]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._faulty = bool(self.faults)
        self._stalls = any(fault in STALLS for fault in self.faults.values())

    @property
    def repeated(self) -> bool:
        return any(tries > 1 for tries in self.tries.values())

    def ledger(self) -> Ledger:
        backoff = SeededBackoff(
            attempts=6, first_seconds=0.2, most_seconds=5.0, draw=self.world.runtime.draw
        )
        simulated = with_seams(Ledger, Seams(transport=self, sleep=self._sleep))
        return simulated(api_url="https://simulated", endpoints=Endpoints(), backoff=backoff)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        sdk_key = request.headers["idempotency-key"]
        key = self._keys.setdefault(sdk_key, f"{self.name} {len(self._keys)}")
        path, body = unquote(urlsplit(request.url).path), (request.body or b"").decode()
        event = http_event(request.method, path, {**request.headers, "idempotency-key": key}, body)
        self.tries[key] += 1
        if self.tries[key] == 1:
            repeat = repeat_of(APIGatewayProxyEventV2(event))
            assert repeat is not None
            self.on_first_try(json.loads(body), repeat.request_id)
        else:
            self.world.coverage[CoveragePoint.REQUEST_AGAIN] += 1
        self.world.log(f"  {request.method} {path} with key {key}, try {self.tries[key]}")
        answer = self._answer(event, key)
        self.world.log(f"  the answer is {answer.status} over HTTP")
        return HttpResponse(status=answer.status, headers=answer.headers, body=answer.body.encode())

    def _answer(self, event: Any, key: str) -> HttpAnswer:
        world = self.world
        if self.environments.full():
            self.disturbed = True
            return _TOO_MANY
        process, began = Invocation("api", self.faults), world.now
        ended, answer = self.environments.run(process, TIMEOUT_MS, lambda _: respond(world, event))
        self.faults = {
            number - process.calls: fault
            for number, fault in process.faults.items()
            if number >= process.calls
        }
        self.disturbed |= process.disturbed
        if not ended:
            return _CRASHED
        self._compare(key, answer)
        if self._faulty and world.random.random() < _ANSWER_LOST_CHANCE:
            world.log("! the answer is lost")
            self.disturbed = True
            if answer.status < 300:
                self._lost_answers.setdefault(key, (began, answer))
            raise NoAnswerError("POST", event["rawPath"], "the answer is lost")
        return answer

    def _compare(self, key: str, answer: HttpAnswer) -> None:
        """A repeated request must get the first answer, if that was lost."""
        world = self.world
        replayed = REPLAYED_HEADER.lower() in answer.headers
        world.coverage[CoveragePoint.ANSWERED_AGAIN] += replayed
        if replayed and answer.status >= 500:
            raise Violation(f"{key}: a server error was replayed, {answer.body}")
        at, first = self._lost_answers.get(key, (0, None))
        if first is None or answer.status >= 500 or world.now - at > _REPLAY_MS:
            return
        if (first.status, first.body) != (answer.status, answer.body):
            raise Violation(f"{key}: answered {first.body} first, then {answer.body}")

    def _sleep(self, seconds: float) -> None:
        self.world.steps += 1
        self.world.now += int(seconds * 1000)
        if self._stalls:
            self.world.stall(self.world.random.randint(0, 2))


def creation_arguments(new: NewJob) -> dict[str, Any]:
    """The arguments of `Ledger.create_job` for this job."""
    rules, tolerance = new.rules, new.tolerance
    policy = {
        "maxAttempts": rules.max_attempts,
        "leaseSeconds": rules.lease_seconds,
        "backoffBaseSeconds": rules.backoff_base_seconds,
        "backoffCapSeconds": rules.backoff_cap_seconds,
        "permanentErrors": list(new.permanent_errors) or None,
        "runSeconds": rules.run_seconds or None,
        "toleratedFailures": tolerance.failures,
        "toleratedFailurePercent": tolerance.failure_percent,
    }
    return {
        "name": new.name,
        "items": [item_spec(item.item_id) for item in new.items],
        "expected_items": new.expected_items,
        "seal": new.seal,
        "auto_register": rules.registers_on_the_way,
        "lanes": new.lanes,
        "policy": {name: value for name, value in policy.items() if value is not None},
        "deadline_seconds": new.deadline_seconds,
        "execute_at": None if new.execute_at is None else iso(new.execute_at),
        "ttl_days": rules.ttl_days,
        "metadata": json.loads(new.metadata),
        "tags": new.tags,
    }


def call_sdk(transport: SdkTransport, work: Callable[[Ledger], SdkResult]) -> SdkResult | None:
    """The result of an SDK call; None if it gave up, which it may only after faults."""
    try:
        return work(transport.ledger())
    except (NoAnswerError, UnavailableError, RegistrationStoppedError) as error:
        cause = error.__cause__ if isinstance(error, RegistrationStoppedError) else error
        if not transport.disturbed or not isinstance(cause, NoAnswerError | UnavailableError):
            raise
        transport.world.log(f"the SDK gives up: {type(error).__name__}")
        return None


def registration_result(registration: Registration) -> Registered:
    rejected = [
        Rejection(item_id=rejection.item_id, reason=Reason(rejection.reason))
        for rejection in registration.rejections
    ]
    return Registered(
        registered=registration.registered,
        already_existed=registration.already_existed,
        rejected=tuple(rejected),
    )
