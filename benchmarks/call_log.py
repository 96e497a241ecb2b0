"""Record every AWS call of a benchmark and of all processes that it starts, functions included.

A call is one line of a file: its caller, its operation, and the capacity units that DynamoDB
reports. An invocation is a call of "lambda", by the function's name. While a second file exists,
every n-th call of all workers and functions together crashes, in turns before its request and
after its response: in a function the process exits, in a worker the client raises.
"""

import contextlib
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self

import botocore.session
from botocore.exceptions import ConnectionClosedError

from forgeledger.local.engine_calls import EngineCalls
from forgeledger.local.function_pool import FunctionPool

FOLDER_VARIABLE: Final = "BENCHMARK_CALL_FOLDER"
HERE: Final = Path(__file__).parent
WRITES: Final = frozenset({"TransactWriteItems", "BatchWriteItem", "PutItem", "UpdateItem"})
_REPORTING_UNITS: Final = WRITES | {"GetItem", "Query"}
_CRASHING_SERVICES: Final = ("dynamodb", "sqs", "events")
_CRASH_AFTER: Final = "benchmark_crash_after"


class InjectedCrash(ConnectionClosedError):
    """What a worker's client raises for an injected crash."""


@dataclass(frozen=True)
class Tally:
    """The calls between two moments."""

    requests: Counter[tuple[str, str]] = field(default_factory=Counter)
    write_units: float = 0.0
    read_units: float = 0.0
    crashes: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(
            self.requests + other.requests,
            self.write_units + other.write_units,
            self.read_units + other.read_units,
            self.crashes + other.crashes,
        )

    def total(self, *callers: str) -> int:
        return sum(number for (caller, _), number in self.requests.items() if caller in callers)


class CallLog:
    """The file of calls, and the switch for crashes."""

    def __init__(self, folder: Path) -> None:
        self._calls = folder / "calls"
        self._crashes = folder / "crashes"
        self._calls.touch()
        self._folder = folder

    def __enter__(self) -> Self:
        os.environ[FOLDER_VARIABLE] = str(self._folder)
        self._path = os.environ.get("PYTHONPATH", "")
        os.environ["PYTHONPATH"] = os.pathsep.join(
            [str(HERE / "call_log_hook"), str(HERE.parent), *filter(None, [self._path])]
        )
        recorder = _record_new_sessions(self._folder, "main")
        _record_pollers(recorder)
        _record_invocations(recorder)
        return self

    def __exit__(self, *_: object) -> None:
        del os.environ[FOLDER_VARIABLE]
        os.environ["PYTHONPATH"] = self._path

    def now(self) -> int:
        return self._calls.stat().st_size

    def since(self, moment: int) -> Tally:
        requests: Counter[tuple[str, str]] = Counter()
        write_units, read_units, crashes = 0.0, 0.0, 0
        with self._calls.open() as lines:
            lines.seek(moment)
            for line in lines:
                caller, operation, consumed = line.split()
                if operation == "Crash":
                    crashes += 1
                elif operation[1:] in WRITES:
                    write_units += float(consumed)
                elif operation.startswith("+"):
                    read_units += float(consumed)
                else:
                    requests[caller, operation] += 1
        return Tally(requests, write_units, read_units, crashes)

    @contextlib.contextmanager
    def crashes(self, one_in: int) -> Iterator[None]:
        """Crash every `one_in`-th call of workers and functions in this block; none with 0.

        The calls are numbered through all blocks, so that short blocks have crashes as well.
        """
        if not one_in:
            yield
            return
        complete = self._crashes.with_suffix(".new")
        complete.write_text(str(one_in))
        complete.rename(self._crashes)
        try:
            yield
        finally:
            self._crashes.unlink()


class _CallRecorder:
    def __init__(self, folder: Path, caller: str) -> None:
        self._log = os.open(folder / "calls", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        self._folder = folder
        self._caller = caller

    def record(self, operation: str, units: float = 0.0, caller: str | None = None) -> None:
        os.write(self._log, f"{caller or self._caller} {operation} {units}\n".encode())

    def attach(self, session: botocore.session.Session) -> None:
        session.register("provide-client-params.dynamodb", self._request_units)
        session.register("before-call", self._before)
        session.register("before-send", self._sent)
        session.register("after-call", self._after)

    def _request_units(self, params: dict[str, Any], event_name: str, **_: Any) -> Any:
        if event_name.endswith(".BatchGetItem"):
            # The engine reports no units here; a strongly consistent read of a small row is one.
            keys = sum(len(table["Keys"]) for table in params["RequestItems"].values())
            self.record("+BatchGetItem", keys)
        elif event_name.rpartition(".")[2] in _REPORTING_UNITS:
            return {**params, "ReturnConsumedCapacity": "TOTAL"}
        return None

    def _sent(self, event_name: str, **_: Any) -> None:
        self.record(event_name.rpartition(".")[2])

    def _before(self, event_name: str, context: dict[str, Any], **_: Any) -> None:
        crash = self._crash_due(event_name.split(".")[1])
        if crash == "before":
            self._crash()
        context[_CRASH_AFTER] = crash == "after"

    def _after(
        self, parsed: dict[str, Any], event_name: str, context: dict[str, Any], **_: Any
    ) -> None:
        consumed = parsed.get("ConsumedCapacity", [])
        tables = consumed if isinstance(consumed, list) else [consumed]
        if tables:
            units = sum(table.get("CapacityUnits", 0.0) for table in tables)
            self.record("+" + event_name.rpartition(".")[2], units)
        if context.get(_CRASH_AFTER):
            self._crash()

    def _crash_due(self, service: str) -> str | None:
        if self._caller == "main" or service not in _CRASHING_SERVICES:
            return None
        try:
            one_in = int((self._folder / "crashes").read_text())
        except FileNotFoundError:
            return None
        rounds, rest = divmod(next_number(self._folder / "call-numbers"), one_in)
        if rest:
            return None
        return "before" if rounds % 2 else "after"

    def _crash(self) -> None:
        self.record("Crash")
        if self._caller == "function":
            os._exit(1)
        raise InjectedCrash(endpoint_url="injected")


def next_number(counter: Path) -> int:
    """1, 2, 3 ... across all processes and threads: each number is returned once."""
    # An append is atomic, and the position after it belongs to this descriptor alone.
    descriptor = os.open(counter, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    try:
        os.write(descriptor, b".")
        return os.lseek(descriptor, 0, os.SEEK_CUR)
    finally:
        os.close(descriptor)


def record_in_child() -> None:
    folder = os.environ.get(FOLDER_VARIABLE)
    if folder:
        _record_new_sessions(Path(folder), "function" if "_HANDLER" in os.environ else "worker")


def _record_new_sessions(folder: Path, caller: str) -> _CallRecorder:
    """Attach a recorder to every session that this process makes from now on."""
    recorder = _CallRecorder(folder, caller)
    make = botocore.session.Session.__init__

    def make_and_attach(session: Any, *args: Any, **named: Any) -> None:
        make(session, *args, **named)
        recorder.attach(session)

    botocore.session.Session.__init__ = make_and_attach
    return recorder


def _record_pollers(recorder: _CallRecorder) -> None:
    """The local cloud's pollers, which stand for Lambda's own, call without botocore."""
    call = EngineCalls.__call__

    def record_and_call(self: EngineCalls, target: str, request: Mapping[str, Any], /) -> Any:
        recorder.record(target.rpartition(".")[2], caller="poller")
        return call(self, target, request)

    EngineCalls.__call__ = record_and_call  # type: ignore[method-assign]  # Records every call.


def _record_invocations(recorder: _CallRecorder) -> None:
    invoke = FunctionPool.invoke

    def record_and_invoke(self: FunctionPool, event: Any, request_id: str | None = None) -> Any:
        recorder.record(self.function.logical_id, caller="lambda")
        return invoke(self, event, request_id)

    FunctionPool.invoke = record_and_invoke  # type: ignore[method-assign]  # Records every call.
