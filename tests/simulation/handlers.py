"""The real handlers of the Lambda functions, loaded once; what some of them write is read."""

import importlib.util
import inspect
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest.mock import patch

from forgeledger.aws import clients
from tests.simulation.lane_checks import Violation
from tests.simulation.output_checks import ERRORS_IN_CODE, metrics_in, written_by

TABLE = "ledger"
IDEMPOTENCY_TABLE = "idempotency"
EVENT_BUS = "bus"
COMMAND_QUEUE_URL = "https://simulated/commands.fifo"
REJECT_QUEUE_URL = "https://simulated/rejects.fifo"
ENVIRONMENT = {
    "FORGELEDGER_TABLE": TABLE,
    "FORGELEDGER_COMMAND_QUEUE_URL": COMMAND_QUEUE_URL,
    "FORGELEDGER_REJECT_QUEUE_URL": REJECT_QUEUE_URL,
    "FORGELEDGER_EVENT_BUS": EVENT_BUS,
    "FORGELEDGER_IDEMPOTENCY_TABLE": IDEMPOTENCY_TABLE,
    "FORGELEDGER_EXECUTION": "on",
    "FORGELEDGER_API_KEY_PARAMETER": "/simulated/api-keys",
    "FORGELEDGER_WAKE_QUEUE_URL": "https://simulated/wakes",
    "FORGELEDGER_WORK_QUEUE_URL": "https://simulated/work",
    "POWERTOOLS_SERVICE_NAME": "simulated",
    "POWERTOOLS_METRICS_NAMESPACE": "ForgeLedger",
}
# The variable of each function's module that holds its services.
_SERVICES = {"api": "api", "intake": "intake", "relay": "services"}
_FUNCTIONS = Path(__file__).parents[2] / "functions"


def environment(*, execution: bool, idle_days: int = 0) -> dict[str, str]:
    """The variables of a world's functions."""
    switches = {"FORGELEDGER_EXECUTION": "on" if execution else "off"}
    return {**ENVIRONMENT, **switches, "FORGELEDGER_MAXIMUM_IDLE_DAYS": str(idle_days)}


Handler = Callable[[dict[str, Any], Any], dict[str, Any]]


def _nothing(*_: Any, **__: Any) -> None:
    pass


class SilentMetrics:
    """Replaces metrics; it adds up the values of one invocation."""

    def __init__(self) -> None:
        self.values: dict[str, float] = {}

    def add_metric(self, name: str, unit: Any, value: float) -> None:
        del unit
        self.values[name] = self.values.get(name, 0) + value

    add_dimension = staticmethod(_nothing)


class SilentLogger:
    """Replaces loggers."""

    info = exception = debug = staticmethod(_nothing)

    @staticmethod
    def error(*_: Any, exc_info: Any = None, **__: Any) -> None:
        """A service's error may be caught and logged, an error in the code may not."""
        if isinstance(exc_info, ERRORS_IN_CODE):
            raise Violation(f"{type(exc_info).__name__}: {exc_info}")

    warning = error


@cache
def function(name: str) -> ModuleType:
    """The module of a function; its services are replaced for each invocation."""
    path = _FUNCTIONS / name / "app.py"
    spec = importlib.util.spec_from_file_location(f"simulated_{name}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    stubs = dict.fromkeys(("dynamodb", "sqs", "eventbridge", "ssm"), object)
    with patch.dict(os.environ, ENVIRONMENT), patch.multiple(clients, **stubs):
        spec.loader.exec_module(module)
    module.writers = {"logger": module.logger, "metrics": module.metrics}  # type: ignore[attr-defined]
    module.logger, module.metrics = SilentLogger(), SilentMetrics()  # type: ignore[attr-defined]
    return module


@cache
def handler(name: str) -> Handler:
    """A function's handler without the decorators that write logs and metrics."""
    unwrapped: Handler = inspect.unwrap(function(name).handler)
    return unwrapped


def invoke(
    name: str, services: Any, event: dict[str, Any], context: Any, *, decorated: bool
) -> tuple[dict[str, Any], Mapping[str, float]]:
    """The answer of a function, and its metrics.

    With its decorators it writes logs and metrics as on AWS. That is slow, and powertools has them
    once a process, so that no other function may write while this one is stalled.
    """
    module = function(name)
    if decorated:
        with (
            _replaced(module, {_SERVICES[name]: services, **module.writers}),
            written_by(module.logger) as output,
        ):
            answer = module.handler(event, context)
        return answer, metrics_in(output.getvalue())
    metrics = SilentMetrics()
    with _replaced(module, {_SERVICES[name]: services, "metrics": metrics}):
        answer = handler(name)(event, context)
    return answer, metrics.values


@contextmanager
def _replaced(module: ModuleType, values: Mapping[str, Any]) -> Iterator[None]:
    outer = {name: getattr(module, name) for name in values}
    vars(module).update(values)
    try:
        yield
    finally:
        vars(module).update(outer)
