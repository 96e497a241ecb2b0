"""microburst in front of the engine: each call through it may meet a fault, at a stated rate."""

import contextlib
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import urllib3

from forgeledger.local.engine import HOST, free_port
from forgeledger.local.engine_calls import EngineCalls, EngineRefused

_READY_SECONDS: Final = 30
_END_SECONDS: Final = 5
_CONTROL_SECONDS: Final = 10
# Its own program draws from the one generator of its process, which nothing else seeds.
_PROGRAM: Final = (
    "import random, sys; from microburst.cli import main; "
    "random.seed(int(sys.argv.pop(1))); sys.exit(main())"
)
_CONFLICT: Final = {
    "code": "TransactionCanceledException",
    "message": "Transaction cancelled, please refer cancellation reasons",
    "fields": {"CancellationReasons": [{"Code": "TransactionConflict"}]},
}


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What happens to a call, to which calls, and how often if they are a hundred."""

    name: str
    effect: Mapping[str, Any]
    service: str = "*"
    operation: str | None = None
    times: float = 1.0

    def rule(self, rate: float) -> dict[str, Any]:
        # What always fails can never be done.
        where = {"service": self.service, "probability": min(0.5, rate * self.times)}
        if self.operation is not None:
            where["operation"] = self.operation
        return {**where, **self.effect}


FAULTS: Final = (
    Fault(
        name="answer of EventBridge lost after it was made",
        service="events",
        effect={"response": {"abort_bytes": 0}},
        times=10,
    ),
    Fault(name="dropped before it was made", effect={"reset": True}),
    Fault(name="answer lost after it was made", effect={"response": {"abort_bytes": 0}}),
    Fault(name="answer cut in half", effect={"response": {"truncate_frac": 0.5}}),
    Fault(name="delayed 50 to 1,000 ms", effect={"latency": {"min": 50, "max": 1_000}}),
    Fault(
        # Longer than the functions wait for an answer, and than they may wait twice.
        name="made, and answered after 5 s",
        effect={"latency": {"min": 5_000, "max": 5_000}},
        times=0.1,
    ),
    Fault(name="internal error", effect={"error": {"code": "InternalServerError", "status": 500}}),
    Fault(
        name="throttled by DynamoDB",
        service="dynamodb",
        effect={"error": {"code": "ProvisionedThroughputExceededException"}},
    ),
    Fault(
        name="throttled by SQS",
        service="sqs",
        effect={"error": {"code": "ThrottlingException", "status": 400}},
    ),
    # There are only a handful of calls to EventBridge, and each matters.
    Fault(
        name="throttled by EventBridge",
        service="events",
        effect={"error": {"code": "ThrottlingException", "status": 400}},
        times=10,
    ),
    Fault(
        name="TransactionConflict",
        service="dynamodb",
        operation="TransactWriteItems",
        effect={"error": _CONFLICT},
        times=2.0,
    ),
)


class FaultProxy:
    """Lives as long as the `with` block; it calms down when it is told to."""

    def __init__(self, upstream: str, *, rate: float, seed: int, log_file: Path) -> None:
        self._upstream = upstream
        self._rate = rate
        self._seed = seed
        self._log_file = log_file
        self._process: subprocess.Popen[bytes] | None = None
        self._names: dict[int, str] = {}
        self.port = free_port()

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    def __enter__(self) -> Self:
        command = [sys.executable, "-c", _PROGRAM, str(self._seed)]
        command += ["--upstream", self._upstream, "--port", str(self.port), "--no-resign"]
        with self._log_file.open("ab") as log:
            self._process = subprocess.Popen(
                command,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for the owner, who asks it what it did.
            )
        deadline = time.monotonic() + _READY_SECONDS
        while True:
            with contextlib.suppress(urllib3.exceptions.HTTPError):
                self._ask("GET", "health")
                break
            if self._process.poll() is not None or time.monotonic() > deadline:
                self._end()
                raise RuntimeError(f"microburst did not start; see {self._log_file}")
            time.sleep(0.05)
        self._warm()
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def rage(self, faults: Sequence[Fault] = FAULTS) -> None:
        """From now on each of a hundred calls meets each kind of fault at the rate."""
        rules = self._ask("POST", "rules", [fault.rule(self._rate) for fault in faults])
        self._names |= {rule["id"]: fault.name for rule, fault in zip(rules, faults, strict=True)}

    def calm(self) -> None:
        self._ask("POST", "rules", [])

    def calls(self) -> int:
        return int(self._ask("GET", "stats")["requests"]["total"])

    def injected(self) -> dict[str, int]:
        """How often each kind of fault was met."""
        met = dict.fromkeys(self._names.values(), 0)
        for rule in self._ask("GET", "stats")["by_rule"]:
            met[self._names[int(rule["id"])]] += rule["fired"]
        return met

    def _warm(self) -> None:
        """Its first look at a service reads the service's model, for longer than a client waits."""
        call = EngineCalls(self.url)
        for target in (
            "DynamoDB_20120810.ListTables",
            "AmazonSQS.ListQueues",
            "AWSEvents.ListRules",
        ):
            # The engine need not be up yet.
            with contextlib.suppress(EngineRefused):
                call(target, {})

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        answer = urllib3.request(
            method,
            f"{self.url}/_microburst/{path}",
            json=body,
            timeout=_CONTROL_SECONDS,
            retries=False,
        )
        return answer.json()

    def _end(self) -> None:
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
