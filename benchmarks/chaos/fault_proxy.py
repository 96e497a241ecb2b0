"""microburst, a proxy in front of the engine that injects faults into calls at a given rate."""

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
# microburst draws from the process's global random generator, which its own program does not seed.
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
    """An effect on a call, the calls that it may hit, and a factor on the common rate."""

    name: str
    effect: Mapping[str, Any]
    service: str = "*"
    operation: str | None = None
    rate_factor: float = 1.0

    def rule(self, rate: float) -> dict[str, Any]:
        # At most a half, or no call would ever succeed.
        match = {"service": self.service, "probability": min(0.5, rate * self.rate_factor)}
        if self.operation is not None:
            match["operation"] = self.operation
        return {**match, **self.effect}


FAULTS: Final = (
    Fault(
        name="response of EventBridge lost",
        service="events",
        effect={"response": {"abort_bytes": 0}},
        rate_factor=10,
    ),
    Fault(name="connection reset before the request was executed", effect={"reset": True}),
    Fault(name="response lost", effect={"response": {"abort_bytes": 0}}),
    Fault(name="response cut in half", effect={"response": {"truncate_frac": 0.5}}),
    Fault(name="delayed 50 to 1,000 ms", effect={"latency": {"min": 50, "max": 1_000}}),
    Fault(
        # Longer than two of a function's timeouts: the request is executed after it was given up.
        name="delayed 5 s, past the client's timeout",
        effect={"latency": {"min": 5_000, "max": 5_000}},
        rate_factor=0.1,
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
    # A job makes only a handful of calls to EventBridge.
    Fault(
        name="throttled by EventBridge",
        service="events",
        effect={"error": {"code": "ThrottlingException", "status": 400}},
        rate_factor=10,
    ),
    Fault(
        name="TransactionConflict",
        service="dynamodb",
        operation="TransactWriteItems",
        effect={"error": _CONFLICT},
        rate_factor=2.0,
    ),
)


class FaultProxy:
    """Runs as long as the `with` block; injects faults between start_faults and stop_faults."""

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
                start_new_session=True,  # Ctrl-C is for the parent, which then reads the counts.
            )
        deadline = time.monotonic() + _READY_SECONDS
        while True:
            with contextlib.suppress(urllib3.exceptions.HTTPError):
                self._control("GET", "health")
                break
            if self._process.poll() is not None or time.monotonic() > deadline:
                self._end()
                raise RuntimeError(f"microburst did not start; see {self._log_file}")
            time.sleep(0.05)
        self._warm()
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def start_faults(self, faults: Sequence[Fault] = FAULTS) -> None:
        rules = self._control("POST", "rules", [fault.rule(self._rate) for fault in faults])
        self._names |= {rule["id"]: fault.name for rule, fault in zip(rules, faults, strict=True)}

    def stop_faults(self) -> None:
        self._control("POST", "rules", [])

    def call_count(self) -> int:
        return int(self._control("GET", "stats")["requests"]["total"])

    def fault_counts(self) -> dict[str, int]:
        counts = dict.fromkeys(self._names.values(), 0)
        for rule in self._control("GET", "stats")["by_rule"]:
            counts[self._names[int(rule["id"])]] += rule["fired"]
        return counts

    def _warm(self) -> None:
        """The first call of a service loads its model, which takes longer than a client waits."""
        call = EngineCalls(self.url)
        for target in (
            "DynamoDB_20120810.ListTables",
            "AmazonSQS.ListQueues",
            "AWSEvents.ListRules",
        ):
            # The engine need not be up yet.
            with contextlib.suppress(EngineRefused):
                call(target, {})

    def _control(self, method: str, path: str, body: Any = None) -> Any:
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
