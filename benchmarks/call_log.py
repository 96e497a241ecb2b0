"""Hears each AWS call of a benchmark and of all processes that it starts, functions included.

A call is one line in a file: who made it, what it was, and the units that DynamoDB says it
consumed; an invocation is one of "lambda", by the function's name. While a second file says so,
every so-manieth call of all workers and functions together crashes, in turns before and after it
was made: in a function the process ends, in a worker the client raises.
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

FOLDER: Final = "BENCHMARK_CALL_FOLDER"
HERE: Final = Path(__file__).parent
WRITES: Final = frozenset({"TransactWriteItems", "BatchWriteItem", "PutItem", "UpdateItem"})
_TELL_UNITS: Final = WRITES | {"GetItem", "Query"}
_CRASHING: Final = ("dynamodb", "sqs", "events")
_CRASH_AFTER: Final = "benchmark_crash_after"


class InjectedCrash(ConnectionClosedError):
    """What a client raises where a crash was injected."""


@dataclass(frozen=True)
class Tally:
    """What was called between two moments."""

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

    def total(self, *who: str) -> int:
        return sum(number for (by, _), number in self.requests.items() if by in who)


class CallLog:
    """The file with the calls, and the switch for crashes."""

    def __init__(self, folder: Path) -> None:
        self._calls = folder / "calls"
        self._crashes = folder / "crashes"
        self._calls.touch()
        self._folder = folder

    def __enter__(self) -> Self:
        os.environ[FOLDER] = str(self._folder)
        self._path = os.environ.get("PYTHONPATH", "")
        os.environ["PYTHONPATH"] = os.pathsep.join(
            [str(HERE / "call_log_hook"), str(HERE.parent), *filter(None, [self._path])]
        )
        ear = _listen(self._folder, "main")
        _listen_to_pollers(ear)
        _listen_to_invocations(ear)
        return self

    def __exit__(self, *_: object) -> None:
        del os.environ[FOLDER]
        os.environ["PYTHONPATH"] = self._path

    def now(self) -> int:
        return self._calls.stat().st_size

    def since(self, moment: int) -> Tally:
        requests: Counter[tuple[str, str]] = Counter()
        write_units, read_units, crashes = 0.0, 0.0, 0
        with self._calls.open() as lines:
            lines.seek(moment)
            for line in lines:
                who, operation, consumed = line.split()
                if operation == "Crash":
                    crashes += 1
                elif operation[1:] in WRITES:
                    write_units += float(consumed)
                elif operation.startswith("+"):
                    read_units += float(consumed)
                else:
                    requests[who, operation] += 1
        return Tally(requests, write_units, read_units, crashes)

    @contextlib.contextmanager
    def crashes(self, one_in: int) -> Iterator[None]:
        """Of the calls of workers and functions in this block every `one_in`-th; with 0 none.

        They are numbered through all blocks, so that short ones have their share as well.
        """
        if not one_in:
            yield
            return
        ready = self._crashes.with_suffix(".new")
        ready.write_text(str(one_in))
        ready.rename(self._crashes)
        try:
            yield
        finally:
            self._crashes.unlink()


class _Ear:
    def __init__(self, folder: Path, who: str) -> None:
        self._log = os.open(folder / "calls", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        self._folder = folder
        self._who = who

    def tell(self, operation: str, units: float = 0.0, who: str | None = None) -> None:
        os.write(self._log, f"{who or self._who} {operation} {units}\n".encode())

    def attach(self, session: botocore.session.Session) -> None:
        session.register("provide-client-params.dynamodb", self._ask_for_units)
        session.register("before-call", self._before)
        session.register("before-send", self._sent)
        session.register("after-call", self._after)

    def _ask_for_units(self, params: dict[str, Any], event_name: str, **_: Any) -> Any:
        if event_name.endswith(".BatchGetItem"):
            # The engine does not say how many units; a small row that is read for certain is one.
            keys = sum(len(asked["Keys"]) for asked in params["RequestItems"].values())
            self.tell("+BatchGetItem", keys)
        elif event_name.rpartition(".")[2] in _TELL_UNITS:
            return {**params, "ReturnConsumedCapacity": "TOTAL"}
        return None

    def _sent(self, event_name: str, **_: Any) -> None:
        self.tell(event_name.rpartition(".")[2])

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
            self.tell("+" + event_name.rpartition(".")[2], units)
        if context.get(_CRASH_AFTER):
            self._crash()

    def _crash_due(self, service: str) -> str | None:
        if self._who == "main" or service not in _CRASHING:
            return None
        try:
            one_in = int((self._folder / "crashes").read_text())
        except FileNotFoundError:
            return None
        rounds, rest = divmod(turn(self._folder / "turns"), one_in)
        if rest:
            return None
        return "before" if rounds % 2 else "after"

    def _crash(self) -> None:
        self.tell("Crash")
        if self._who == "function":
            os._exit(1)
        raise InjectedCrash(endpoint_url="injected")


def turn(counter: Path) -> int:
    """1, 2, 3 ... for whoever asks, in whichever process or thread: each number is given once."""
    # An append is atomic, and the position after it is that of this descriptor alone.
    descriptor = os.open(counter, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    try:
        os.write(descriptor, b".")
        return os.lseek(descriptor, 0, os.SEEK_CUR)
    finally:
        os.close(descriptor)


def listen_in_child() -> None:
    folder = os.environ.get(FOLDER)
    if folder:
        _listen(Path(folder), "function" if "_HANDLER" in os.environ else "worker")


def _listen(folder: Path, who: str) -> _Ear:
    """Every session that is made in this process from now on is heard."""
    ear = _Ear(folder, who)
    make = botocore.session.Session.__init__

    def make_and_attach(session: Any, *args: Any, **named: Any) -> None:
        make(session, *args, **named)
        ear.attach(session)

    botocore.session.Session.__init__ = make_and_attach
    return ear


def _listen_to_pollers(ear: _Ear) -> None:
    """The local cloud's pollers, which stand for Lambda's own, speak without botocore."""
    call = EngineCalls.__call__

    def call_and_tell(self: EngineCalls, target: str, request: Mapping[str, Any], /) -> Any:
        ear.tell(target.rpartition(".")[2], who="poller")
        return call(self, target, request)

    EngineCalls.__call__ = call_and_tell  # type: ignore[method-assign]  # Listens to every call.


def _listen_to_invocations(ear: _Ear) -> None:
    invoke = FunctionPool.invoke

    def invoke_and_tell(self: FunctionPool, event: Any, request_id: str | None = None) -> Any:
        ear.tell(self.function.logical_id, who="lambda")
        return invoke(self, event, request_id)

    FunctionPool.invoke = invoke_and_tell  # type: ignore[method-assign]  # Listens to every invocation.
