"""Import the worker that `forgeledger worker --app module:worker` names."""

import importlib
import sys
import traceback
from pathlib import Path

from forgeledger.sdk.errors import SdkError, WorkerModuleError, WorkerNotFoundError
from forgeledger.sdk.work.worker import Worker


def load_worker(app: str) -> Worker:
    """Imports the module, also from the current folder, and returns its worker of that name."""
    module_name, colon, name = app.partition(":")
    if not module_name or not colon or not name:
        raise WorkerNotFoundError(app, "must be written as module:worker")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        module = importlib.import_module(module_name)
    except SdkError:
        raise  # It says what is missing, such as an address.
    except Exception as error:
        missing = error.name if isinstance(error, ModuleNotFoundError) else None
        if missing is not None and (module_name + ".").startswith(missing + "."):
            raise WorkerNotFoundError(app, f"there is no module {module_name}") from error
        why = f"{module_name} cannot be imported: {type(error).__name__}: {_text_of(error)}"
        raise WorkerModuleError(app, f"{why} ({_line_of(error, Path(here))})") from error
    worker = getattr(module, name, None)
    if not isinstance(worker, Worker):
        raise WorkerNotFoundError(app, f"{module_name} has no Worker called {name}")
    return worker


def _text_of(error: Exception) -> str:
    return error.msg if isinstance(error, SyntaxError) else " ".join(str(error).split())


def _line_of(error: Exception, here: Path) -> str:
    """File and line in the user's own code, even if a library raised the error."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}:{error.lineno}"
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)[1:]
        if not frame.filename.startswith("<frozen")
        and "importlib" not in Path(frame.filename).parts
    ]
    own = [
        frame
        for frame in frames
        if Path(frame.filename).is_relative_to(here)
        and "site-packages" not in Path(frame.filename).parts
    ]
    last = (own or frames)[-1:]
    return f"{last[0].filename}:{last[0].lineno}" if last else "in its import"
