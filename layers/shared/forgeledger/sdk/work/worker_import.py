"""Finding the worker that `forgeledger worker --app module:worker` names."""

import importlib
import sys
import traceback
from pathlib import Path

from forgeledger.sdk.errors import SdkError, WorkerModuleError, WorkerNotFoundError
from forgeledger.sdk.work.worker import Worker


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
    except SdkError:
        raise  # Says already what is missing, as when no address is known.
    except Exception as error:
        missing = error.name if isinstance(error, ModuleNotFoundError) else None
        if missing is not None and (module_name + ".").startswith(missing + "."):
            raise WorkerNotFoundError(app, f"there is no module {module_name}") from error
        why = f"{module_name} cannot be imported: {type(error).__name__}: {_told(error)}"
        raise WorkerModuleError(app, f"{why} ({_place(error, Path(here))})") from error
    found = getattr(module, name, None)
    if not isinstance(found, Worker):
        raise WorkerNotFoundError(app, f"{module_name} has no Worker called {name}")
    return found


def _told(error: Exception) -> str:
    return error.msg if isinstance(error, SyntaxError) else " ".join(str(error).split())


def _place(error: Exception, here: Path) -> str:
    """The line of the user's own file in which it went wrong, however deep below it was raised."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}:{error.lineno}"
    frames = [
        each
        for each in traceback.extract_tb(error.__traceback__)[1:]
        if not each.filename.startswith("<frozen") and "importlib" not in Path(each.filename).parts
    ]
    own = [
        frame
        for frame in frames
        if Path(frame.filename).is_relative_to(here)
        and "site-packages" not in Path(frame.filename).parts
    ]
    found = (own or frames)[-1:]
    return f"{found[0].filename}:{found[0].lineno}" if found else "in its import"
