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

from forgeledger.bootstrap import clients

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


def _nothing(*_: Any, **__: Any) -> None:
    pass


class Silence:
    """Takes the place of a logger and of metrics."""

    add_metric = info = warning = error = exception = debug = staticmethod(_nothing)


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
