"""The real handlers of the Lambda functions, loaded once, with their logs and metrics silenced."""

import importlib.util
import inspect
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest.mock import patch

from forgeledger.aws import clients
from tests.simulation.lane_checks import Violation

TABLE = "ledger"
IDEMPOTENCY_TABLE = "idempotency"
EVENT_BUS = "bus"
REJECT_QUEUE_URL = "https://simulated/rejects.fifo"
ENVIRONMENT = {
    "FORGELEDGER_TABLE": TABLE,
    "FORGELEDGER_REJECT_QUEUE_URL": REJECT_QUEUE_URL,
    "FORGELEDGER_EVENT_BUS": EVENT_BUS,
    "FORGELEDGER_IDEMPOTENCY_TABLE": IDEMPOTENCY_TABLE,
    "POWERTOOLS_SERVICE_NAME": "simulated",
    "POWERTOOLS_METRICS_NAMESPACE": "ForgeLedger",
}
_FUNCTIONS = Path(__file__).parents[2] / "functions"

Handler = Callable[[dict[str, Any], Any], dict[str, Any]]


# None of them comes from a service.
ERRORS_IN_CODE = (TypeError, AttributeError, NameError)


def _nothing(*_: Any, **__: Any) -> None:
    pass


class Silence:
    """Takes the place of a logger and of metrics."""

    add_metric = info = warning = exception = debug = staticmethod(_nothing)

    @staticmethod
    def error(*_: Any, exc_info: Any = None, **__: Any) -> None:
        """Whatever fails at a service may be caught and told; an error in the code may not."""
        if isinstance(exc_info, ERRORS_IN_CODE):
            raise Violation(f"{type(exc_info).__name__}: {exc_info}")


@cache
def function(name: str) -> ModuleType:
    """The module of a function; what its handler stands on is set anew for each history."""
    path = _FUNCTIONS / name / "app.py"
    spec = importlib.util.spec_from_file_location(f"simulated_{name}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    made = dict.fromkeys(("dynamodb", "sqs", "eventbridge"), object)
    with patch.dict(os.environ, ENVIRONMENT), patch.multiple(clients, **made):
        spec.loader.exec_module(module)
    module.logger = module.metrics = Silence()  # type: ignore[attr-defined]
    return module


@cache
def handler(name: str) -> Handler:
    """Without the decorators that write logs and metrics."""
    found: Handler = inspect.unwrap(function(name).handler)
    return found
