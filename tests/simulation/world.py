"""The simulated world: one clock, one generator, and whatever the product touches of AWS."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any, Protocol

from forgeledger.jobs.model.limits import ITEMS_PER_COMMIT
from forgeledger.parallel import one_by_one
from forgeledger.runtime import Runtime
from tests.simulation.coverage import Happening, Met
from tests.simulation.event_bus import EventBus
from tests.simulation.faults import (
    CALLS_OF,
    Crash,
    Fault,
    answer_lost,
    client_error,
    connect_timeout,
    no_connection,
)
from tests.simulation.fifo_queue import FifoQueue
from tests.simulation.streams import Stream
from tests.simulation.table import RowChange, Tables

# 2026-01-01T00:00:00Z.
BEGIN_MS = 1_767_225_600_000
_CALL_MS = 3
_SLOW_MS = 4_000
# So many steps may stand still inside each other.
DEEPEST = 3
# What a service does with a request.
Perform = Callable[[dict[str, Any]], Any]
# What a service does with it in the place of that, by faults that only it has.
Special = Callable[[], Mapping[Fault, Perform]]
# As the template says; a test holds them against it.
VISIBILITY_MS = 180_000
MAX_RECEIVES = 20
RELAY_TRIES = 5
# More than any query finds here.
ROWS_A_PAGE = 1_000


class Observer(Protocol):
    """Whoever checks what happens, at the moment at which it happens."""

    def committed(self, changes: list[RowChange]) -> None: ...


@dataclass(slots=True)
class Invocation:
    """One process at work: what of its calls goes wrong, and when it is ended."""

    name: str
    faults: dict[int, Fault]
    deadline: int = 0
    skew_ms: int = 0
    calls: int = 0
    throttles: int = 0
    # Whether anything went wrong in it or beside it.
    disturbed: bool = False


@dataclass(slots=True, kw_only=True)
class Rules:
    """What differs from one world to another beside the faults."""

    max_receives: int = MAX_RECEIVES
    remembers_tokens: bool = True
    # How many calls each function takes at once.
    most_at_once: int = 1_000
    relay_tries: int = RELAY_TRIES
    items_per_commit: int = ITEMS_PER_COMMIT
    rows_a_page: int = ROWS_A_PAGE


@dataclass(slots=True, eq=False)
class World:
    random: Random
    rules: Rules
    now: int = BEGIN_MS
    story: list[str] | None = None
    observer: Observer | None = None
    # Runs so many of the steps that come next, inside the one that goes on.
    run_more: Callable[[int], None] = lambda _: None
    # What else has to let go when it is over.
    at_end: list[Callable[[], None]] = field(default_factory=list)
    invocation: Invocation | None = None
    depth: int = 0
    ids_made: int = 0
    faults_met: int = 0
    # Transitions of the model: calls to AWS, starts of a process, faults, jumps of the clock,
    # and whatever the script does beside those.
    steps: int = 0
    commits: int = 0
    met: Met = field(default_factory=Counter)
    tables: Tables = field(init=False)
    stream: Stream = field(init=False)
    commands: FifoQueue = field(init=False)
    rejects: FifoQueue = field(init=False)
    bus: EventBus = field(init=False)
    runtime: Runtime = field(init=False)

    def __post_init__(self) -> None:
        self.tables = Tables(
            lambda: self.now,
            self._committed,
            self.met,
            remembers_tokens=self.rules.remembers_tokens,
        )
        self.stream = Stream(self.rules.relay_tries, self.met)
        self.commands = FifoQueue(
            "commands", lambda: self.now, VISIBILITY_MS, self.rules.max_receives, self.met
        )
        self.rejects = FifoQueue("rejects", lambda: self.now)
        self.bus = EventBus()
        self.runtime = Runtime(
            clock=self._clock,
            new_id=self.new_id,
            sleep=self._sleep,
            draw=self.random.random,
            parallel=one_by_one,
        )

    def end(self) -> None:
        """Let go of everything, so that no circle is left for the garbage collector to find."""
        self.observer = None
        self.run_more = lambda _: None
        for let_go in self.at_end:
            let_go()
        self.at_end.clear()
        del self.tables, self.stream, self.commands, self.rejects, self.bus, self.runtime

    def note(self, text: str) -> None:
        if self.story is not None:
            seconds = (self.now - BEGIN_MS) / 1000
            self.story.append(f"{seconds:10.3f}  {'    ' * self.depth}{text}")

    def new_id(self) -> str:
        self.ids_made += 1
        return f"id-{self.ids_made}"

    def invoke(self, invocation: Invocation, work: Callable[[], Any]) -> tuple[bool, Any]:
        """Run it as a process of its own: whether it ended by itself, and with what."""
        self.steps += 1
        outer, self.invocation = self.invocation, invocation
        try:
            return True, work()
        except Crash as crash:
            self.note(f"{invocation.name} is gone: {crash}")
            return False, None
        finally:
            self.invocation = outer

    def interlude(self, steps: int) -> None:
        """The process that is at work stands still while others go on."""
        if self.depth >= DEEPEST:
            return
        outer, self.invocation = self.invocation, None
        self.depth += 1
        before = self.steps
        try:
            self.run_more(steps)
        finally:
            self.met[Happening.OVERTAKEN] += self.steps > before
            self.depth -= 1
            self.invocation = outer

    def call(
        self,
        what: str,
        perform: Perform,
        request: dict[str, Any],
        special: Special = dict,
    ) -> Any:
        """One call to AWS, with the fault that waits for it, if there is one."""
        process = self.invocation
        assert process is not None, "only a process calls AWS"
        self.now += _CALL_MS
        self.steps += 1
        if self.now >= process.deadline:
            process.disturbed = True
            self.met[Happening.OUT_OF_TIME] += 1
            raise Crash(f"out of time at {what}")
        number = process.calls
        process.calls += 1
        if process.throttles:
            process.throttles -= 1
            raise client_error("ThrottlingException", what)
        if not process.faults:
            return perform(request)
        fault = process.faults.get(number)
        if fault is None:
            return perform(request)
        if what not in CALLS_OF.get(fault, (what,)):
            # It waits for a call that it can spoil.
            process.faults[number + 1] = process.faults.get(number + 1, fault)
            return perform(request)
        self.faults_met += 1
        self.met[fault] += 1
        self.steps += 1
        process.disturbed = True
        if self.story is not None:
            self.note(f"! {process.name} {what}: {fault}")
        spoiled = special().get(fault)
        if spoiled is not None:
            return spoiled(request)
        return self._disturbed(process, what, lambda: perform(request), fault)

    def _disturbed(  # noqa: C901 - A fault of each kind.
        self, process: Invocation, what: str, perform: Callable[[], Any], fault: Fault
    ) -> Any:
        match fault:
            case Fault.CRASH_BEFORE:
                raise Crash(f"before {what}")
            case Fault.CRASH_AFTER:
                perform()
                raise Crash(f"after {what}")
            case Fault.UNSENT:
                raise no_connection()
            case Fault.LOST:
                perform()
                raise answer_lost()
            case Fault.REPEATED:
                perform()
                return self._again(perform)
            case Fault.SERVER_ERROR:
                if self.random.random() < 0.5:
                    perform()
                raise client_error("InternalServerError", what, status=500)
            case Fault.SLOW:
                self.now += _SLOW_MS
                if self.random.random() < 0.3:
                    raise connect_timeout()
                return perform()
            case Fault.PAUSE_BEFORE | Fault.PAUSE_AT_WRITE:
                self.interlude(self.random.randint(1, 6))
                return perform()
            case Fault.PAUSE_AFTER:
                answer = perform()
                self.interlude(self.random.randint(1, 6))
                return answer
            case Fault.THROTTLED_LONG:
                process.throttles = self.random.randint(4, 30)
        raise client_error("ThrottlingException", what)

    def _again(self, perform: Callable[[], Any]) -> Any:
        """As botocore repeats a request; its caller sees only the second answer."""
        if self.random.random() < 0.3:
            self.interlude(self.random.randint(1, 3))
        try:
            return perform()
        except Exception as error:
            response = getattr(error, "response", None)
            if response is not None:
                response["ResponseMetadata"]["RetryAttempts"] = 1
            raise

    def _clock(self) -> int:
        return self.now + (self.invocation.skew_ms if self.invocation is not None else 0)

    def _sleep(self, seconds: float) -> None:
        self.steps += 1
        self.now += int(seconds * 1000)

    def _committed(self, changes: list[RowChange]) -> None:
        self.commits += 1
        for change in changes:
            self.stream.append(change)
        if self.observer is not None:
            self.observer.committed(changes)
