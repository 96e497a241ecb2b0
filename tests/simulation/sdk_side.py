"""A producer's SDK: its requests go through the real routes, and answers get lost on the way."""

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
from forgeledger.sdk.api.ledger import Ledger
from forgeledger.sdk.api.registration import RegistrationOptions
from forgeledger.sdk.api.transport import HttpRequest, HttpResponse
from forgeledger.sdk.endpoints import Endpoints
from forgeledger.sdk.errors import NoAnswerError, RegistrationStoppedError, UnavailableError
from forgeledger.sdk.records import Registration
from forgeledger.sdk.seams import Seams, with_seams
from forgeledger.web.idempotency import REPLAYED_HEADER, repeat_of
from tests.simulation.coverage import Happening
from tests.simulation.environments import Environments
from tests.simulation.faults import STALLS
from tests.simulation.http_side import Answer, event_of, respond
from tests.simulation.lambdas import Faults
from tests.simulation.lane_checks import Violation
from tests.simulation.seeded_backoff import SeededBackoff
from tests.simulation.world import Invocation, World

TIMEOUT_MS = 29_000
# One request after another, and more than one for most parts.
OPTIONS = RegistrationOptions(chunk_items=2, parallel=1)
# An answer is kept for ten minutes, counted in whole seconds.
_KEPT_MS = 599_000
# Where anything goes wrong at all.
_LOST_ON_THE_WAY = 0.4
# What the gateway says in the place of a function that crashed or that has too many calls.
_CRASHED = Answer(500, {}, '{"message":"Internal Server Error"}')
_TOO_MANY = Answer(503, {}, '{"message":"Service Unavailable"}')

Heard = TypeVar("Heard")
# Is told what a request says before it leaves, and what the ledger will call it.
Announce = Callable[[Mapping[str, Any], str], None]


@dataclass(slots=True)
class Line:
    """Carries the requests of one call of the SDK, each try in a process of its own."""

    world: World
    environments: Environments
    # They hit the first tries; what they leave over hits the next.
    faults: Faults
    announce: Announce
    # What begins the keys in the place of the SDK's own, which are pure chance.
    name: str
    disturbed: bool = False
    # How often each key was sent with.
    tries: Counter[str] = field(default_factory=Counter)
    _foul: bool = field(init=False)
    _stalls: bool = field(init=False)
    _named: dict[str, str] = field(default_factory=dict)
    # Answers that nobody heard, and when they were given.
    _unheard: dict[str, tuple[int, Answer]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._foul = bool(self.faults)
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
        given = request.headers["idempotency-key"]
        key = self._named.setdefault(given, f"{self.name} {len(self._named)}")
        path, body = unquote(urlsplit(request.url).path), (request.body or b"").decode()
        event = event_of(request.method, path, {**request.headers, "idempotency-key": key}, body)
        self.tries[key] += 1
        if self.tries[key] == 1:
            repeat = repeat_of(APIGatewayProxyEventV2(event))
            assert repeat is not None
            self.announce(json.loads(body), repeat.request_id)
        else:
            self.world.met[Happening.REQUEST_AGAIN] += 1
        self.world.note(f"  {request.method} {path} with key {key}, {self.tries[key]}")
        answer = self._answer(event, key)
        self.world.note(f"  the answer is {answer.status} over HTTP")
        return HttpResponse(status=answer.status, headers=answer.headers, body=answer.body.encode())

    def _answer(self, event: Any, key: str) -> Answer:
        world = self.world
        if self.environments.full():
            self.disturbed = True
            return _TOO_MANY
        process = Invocation("api", self.faults)
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
        if self._foul and world.random.random() < _LOST_ON_THE_WAY:
            world.note("! the answer is lost on its way")
            self.disturbed = True
            if answer.status < 300:
                self._unheard.setdefault(key, (world.now, answer))
            raise NoAnswerError("POST", event["rawPath"], "the answer is lost")
        return answer

    def _compare(self, key: str, answer: Answer) -> None:
        """Whoever asks again hears what was answered first."""
        world = self.world
        replayed = REPLAYED_HEADER.lower() in answer.headers
        world.met[Happening.ANSWERED_AGAIN] += replayed
        if replayed and answer.status >= 500:
            raise Violation(f"{key}: a fault was kept, {answer.body}")
        at, first = self._unheard.get(key, (0, None))
        if first is None or answer.status >= 500 or world.now - at > _KEPT_MS:
            return
        if (first.status, first.body) != (answer.status, answer.body):
            raise Violation(f"{key}: answered {first.body}, and then {answer.body}")

    def _sleep(self, seconds: float) -> None:
        self.world.steps += 1
        self.world.now += int(seconds * 1000)
        if self._stalls:
            self.world.interlude(self.world.random.randint(0, 2))


def terms_of(new: NewJob) -> dict[str, Any]:
    """A job as a caller of the SDK describes it."""
    rules, tolerance = new.rules, new.tolerance
    policy = {
        "maxAttempts": rules.max_attempts,
        "leaseSeconds": rules.lease_seconds,
        "backoffBaseSeconds": rules.backoff_base_seconds,
        "backoffCapSeconds": rules.backoff_cap_seconds,
        "toleratedFailures": tolerance.failures,
        "toleratedFailurePercent": tolerance.failure_percent,
    }
    return {
        "name": new.name,
        "items": [{"itemId": item.item_id, "payload": item.item_id} for item in new.items],
        "expected_items": new.expected_items,
        "seal": new.seal,
        "auto_register": rules.registers_on_the_way,
        "lanes": new.lanes,
        "policy": {name: value for name, value in policy.items() if value is not None},
        "deadline_seconds": new.deadline_seconds,
        "metadata": json.loads(new.metadata),
        "tags": new.tags,
    }


def heard(line: Line, work: Callable[[Ledger], Heard]) -> Heard | None:
    """What the SDK answers; None where it gave up, as it may where something goes wrong."""
    try:
        return work(line.ledger())
    except (NoAnswerError, UnavailableError, RegistrationStoppedError) as error:
        cause = error.__cause__ if isinstance(error, RegistrationStoppedError) else error
        if not line.disturbed or not isinstance(cause, NoAnswerError | UnavailableError):
            raise
        line.world.note(f"the SDK gives up: {type(error).__name__}")
        return None


def as_registered(told: Registration) -> Registered:
    rejected = [
        Rejection(item_id=rejection.item_id, reason=Reason(rejection.reason))
        for rejection in told.rejections
    ]
    return Registered(
        registered=told.registered,
        already_existed=told.already_existed,
        rejected=tuple(rejected),
    )
