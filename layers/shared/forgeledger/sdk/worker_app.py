"""Finding the worker that `forgeledger worker --app module:worker` names."""

import importlib
import sys
from pathlib import Path

from forgeledger.sdk.errors import WorkerNotFoundError
from forgeledger.sdk.worker import Worker


def load_worker(app: str) -> Worker:
    """Imports the module, also from the current folder, and takes the worker by its name."""
    module_name, colon, name = app.partition(":")
    if not module_name or not colon or not name:
        raise WorkerNotFoundError(app, "is written as module:worker")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or not (module_name + ".").startswith(error.name + "."):
            raise  # The module is there, and something that it imports is not.
        raise WorkerNotFoundError(app, f"there is no module {module_name}") from error
    found = getattr(module, name, None)
    if not isinstance(found, Worker):
        raise WorkerNotFoundError(app, f"{module_name} has no Worker called {name}")
    return found
