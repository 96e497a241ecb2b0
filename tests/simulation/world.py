"""The simulated world: one clock, one random generator, and the AWS services of the product."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any, Protocol

from forgeledger.runtime import Runtime
from tests.simulation.coverage import CoverageCounts, CoveragePoint
from tests.simulation.event_bus import EventBus
from tests.simulation.faults import (
    CALLS_WITH_FAULT,
    CallFault,
    Crash,
    answer_lost,
    client_error,
    connect_timeout,
    no_connection,
)
from tests.simulation.fifo_queue import SimulatedFifoQueue
from tests.simulation.standard_queue import SimulatedStandardQueue, wake_queue
from tests.simulation.streams import Stream
from tests.simulation.table import RowChange, Tables
from tests.simulation.table_requests import has_expired
from tests.simulation.world_rules import VISIBILITY_MS, WorldRules
from tests.support.one_by_one import one_by_one

# 2026-01-01T00:00:00Z.
START_MS = 1_767_225_600_000
CALL_MS = 3
_SLOW_MS = 4_000
# The share of invocations whose handlers write logs and metrics.
_DECORATED_SHARE = 0.02
# The share of calls before which an expired row is deleted, as long as there is one.
_DELETION_SHARE = 0.1
# How many steps may be stalled inside one another.
MAX_STALL_DEPTH = 3
# How a service carries out a request.
Operation = Callable[[dict[str, Any]], Any]
# How it does so under the faults that only this service knows.
FaultOverrides = Callable[[], Mapping[CallFault, Operation]]


class CommitObserver(Protocol):
    """Checks each commit at the moment at which it happens."""

    def committed(self, changes: list[RowChange]) -> None: ...


@dataclass(slots=True)
class Invocation:
    """One running process: the faults of its calls, and its deadline."""

    name: str
    faults: dict[int, CallFault]
    deadline: int = 0
    skew_ms: int = 0
    began: int = 0
    # How much faster its remaining time passes: as if each call took so many times as long.
    time_factor: int = 1
    calls: int = 0
    throttles: int = 0
    # Whether it met a fault.
    disturbed: bool = False

    def remaining_ms(self, now: int) -> int:
        return max(0, self.deadline - self.began - (now - self.began) * self.time_factor)


@dataclass(slots=True, eq=False)
class SimulatedWorld:
    random: Random
    rules: WorldRules
    now: int = START_MS
    trace: list[str] | None = None
    observer: CommitObserver | None = None
    # Runs the next steps of the script inside the current one.
    run_steps: Callable[[int], None] = lambda _: None
    # Called by `close`, to break reference cycles.
    on_close: list[Callable[[], None]] = field(default_factory=list)
    invocation: Invocation | None = None
    depth: int = 0
    ids_made: int = 0
    faults_injected: int = 0
    # Transitions of the model: calls to AWS, starts of a process, faults, jumps of the clock,
    # and the steps of the script that do none of those.
    steps: int = 0
    commits: int = 0
    coverage: CoverageCounts = field(default_factory=Counter)
    # Keys of rows whose TTL has passed: each may be deleted before any call.
    expired: list[tuple[str, str]] = field(default_factory=list)
    tables: Tables = field(init=False)
    stream: Stream = field(init=False)
    commands: SimulatedFifoQueue = field(init=False)
    rejects: SimulatedFifoQueue = field(init=False)
    wakes: SimulatedStandardQueue = field(init=False)
    bus: EventBus = field(init=False)
    runtime: Runtime = field(init=False)

    def __post_init__(self) -> None:
        self.tables = Tables(
            lambda: self.now,
            self._committed,
            self.coverage,
            remembers_tokens=self.rules.remembers_tokens,
            page_bytes=self.rules.page_bytes,
            units_per_second=self.rules.units_per_second,
            on_limit=self._limited,
        )
        self.stream = Stream(
            self.rules.relay_tries,
            self.coverage,
            parallelization=self.rules.parallelization,
            draw=self.random.random,
        )
        self.commands = SimulatedFifoQueue(
            "commands", lambda: self.now, VISIBILITY_MS, self.rules.max_receives, self.coverage
        )
        self.rejects = SimulatedFifoQueue("rejects", lambda: self.now)
        self.wakes = wake_queue(lambda: self.now, self.random.random, self.coverage)
        self.bus = EventBus()
        self.runtime = Runtime(
            clock=self._clock,
            new_id=self.new_id,
            sleep=self._sleep,
            draw=self.random.random,
            parallel=one_by_one,
        )

    def close(self) -> None:
        """Break all reference cycles: the garbage collector is off while histories run."""
        self.observer = None
        self.run_steps = lambda _: None
        for release in self.on_close:
            release()
        self.on_close.clear()
        del self.tables, self.stream, self.commands, self.rejects, self.wakes
        del self.bus, self.runtime

    def log(self, text: str) -> None:
        if self.trace is not None:
            seconds = (self.now - START_MS) / 1000
            self.trace.append(f"{seconds:10.3f}  {'    ' * self.depth}{text}")

    def new_id(self) -> str:
        self.ids_made += 1
        return f"id-{self.ids_made}"

    def draw_decorated(self) -> bool:
        """Whether the next handler runs with its decorators; none does inside a stalled one."""
        return not self.depth and self.random.random() < _DECORATED_SHARE

    def invoke(self, invocation: Invocation, work: Callable[[], Any]) -> tuple[bool, Any]:
        """Run `work` as a process: whether it ended without a crash, and its result."""
        self.steps += 1
        outer, self.invocation = self.invocation, invocation
        try:
            return True, work()
        except Crash as crash:
            self.log(f"{invocation.name} crashes: {crash}")
            return False, None
        finally:
            self.invocation = outer

    def stall(self, steps: int) -> None:
        """Stall the current process while others take the next steps."""
        if self.depth >= MAX_STALL_DEPTH:
            return
        outer, self.invocation = self.invocation, None
        self.depth += 1
        before = self.steps
        try:
            self.run_steps(steps)
        finally:
            self.coverage[CoveragePoint.OVERTAKEN] += self.steps > before
            self.depth -= 1
            self.invocation = outer

    def call(
        self,
        operation: str,
        perform: Operation,
        request: dict[str, Any],
        overrides: FaultOverrides = dict,
    ) -> Any:
        """One call to AWS, with the fault that is planned for it, if any."""
        process = self.invocation
        assert process is not None, "only a process calls AWS"
        self.now += CALL_MS
        self.steps += 1
        if self.now >= process.deadline:
            process.disturbed = True
            self.coverage[CoveragePoint.OUT_OF_TIME] += 1
            raise Crash(f"out of time at {operation}")
        if self.expired and self.random.random() < _DELETION_SHARE:
            self._delete_expired()
        number = process.calls
        process.calls += 1
        if process.throttles:
            process.throttles -= 1
            raise client_error("ThrottlingException", operation)
        if not process.faults:
            return perform(request)
        fault = process.faults.get(number)
        if fault is None:
            return perform(request)
        if operation not in CALLS_WITH_FAULT.get(fault, (operation,)):
            # Keep it for a call to which it applies.
            process.faults[number + 1] = process.faults.get(number + 1, fault)
            return perform(request)
        self.faults_injected += 1
        self.coverage[fault] += 1
        self.steps += 1
        process.disturbed = True
        if self.trace is not None:
            self.log(f"! {process.name} {operation}: {fault}")
        override = overrides().get(fault)
        if override is not None:
            return override(request)
        return self._inject(process, operation, lambda: perform(request), fault)

    def _delete_expired(self) -> None:
        """DynamoDB deletes an expired row in the background, whatever runs meanwhile."""
        pk, sk = self.expired.pop(self.random.randrange(len(self.expired)))
        row = self.tables.get(pk, sk)
        if row is not None and has_expired(row, self.now):
            self.coverage[CoveragePoint.EXPIRED_MEANWHILE] += 1
            self.log(f"  {pk[-6:]} {sk} is deleted, since it has expired")
            self.tables.delete(pk, sk)

    def _inject(  # noqa: C901 - A fault of each kind.
        self, process: Invocation, operation: str, perform: Callable[[], Any], fault: CallFault
    ) -> Any:
        match fault:
            case CallFault.CRASH_BEFORE:
                raise Crash(f"before {operation}")
            case CallFault.CRASH_AFTER:
                perform()
                raise Crash(f"after {operation}")
            case CallFault.UNSENT:
                raise no_connection()
            case CallFault.LOST:
                perform()
                raise answer_lost()
            case CallFault.REPEATED:
                perform()
                return self._again(perform)
            case CallFault.SERVER_ERROR:
                if self.random.random() < 0.5:
                    perform()
                raise client_error("InternalServerError", operation, status=500)
            case CallFault.SLOW:
                self.now += _SLOW_MS
                if self.random.random() < 0.3:
                    raise connect_timeout()
                return perform()
            case CallFault.PAUSE_BEFORE | CallFault.PAUSE_AT_WRITE:
                self.stall(self.random.randint(1, 6))
                return perform()
            case CallFault.PAUSE_AFTER:
                answer = perform()
                self.stall(self.random.randint(1, 6))
                return answer
            case CallFault.THROTTLED_LONG:
                process.throttles = self.random.randint(4, 30)
        raise client_error("ThrottlingException", operation)

    def _again(self, perform: Callable[[], Any]) -> Any:
        """A retry inside botocore: the caller sees only the second answer."""
        if self.random.random() < 0.3:
            self.stall(self.random.randint(1, 3))
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

    def _limited(self) -> None:
        """A partition has too few write units for a request of the running process."""
        if self.invocation is not None:
            self.invocation.disturbed = True

    def _committed(self, changes: list[RowChange]) -> None:
        self.commits += 1
        for change in changes:
            self.stream.append(change)
        if self.observer is not None:
            self.observer.committed(changes)
