"""The engine's process, which ends when its parent's pipe closes."""

import gc
import importlib
import os
import runpy
import shutil
import signal
import sys
import threading
from pathlib import Path
from typing import Final

from forgeledger.local.engine_memory import spare_memory
from forgeledger.local.engine_queries import quicken_queries

SCRATCH_VARIABLE: Final = "FORGELEDGER_ENGINE_SCRATCH"
SCRATCH_PREFIX: Final = "forgeledger-engine-"
COLLECT_SECONDS: Final = 30.0


def remove_scratch(folder: Path) -> None:
    """Remove the engine's scratch folder; refuse any other folder."""
    if not folder.is_absolute() or not folder.name.startswith(SCRATCH_PREFIX):
        raise ValueError(f"{folder} is not a scratch folder of the engine")
    shutil.rmtree(folder, ignore_errors=True)


def end_with_parent(parent_gone: threading.Event) -> threading.Thread:
    """Stop this process cleanly, so that it saves its state, when standard input ends."""
    descriptor = sys.stdin.fileno()

    def watch() -> None:
        while os.read(descriptor, 1024):
            pass
        parent_gone.set()
        os.kill(os.getpid(), signal.SIGTERM)

    thread = threading.Thread(target=watch, name="parent-watch", daemon=True)
    thread.start()
    return thread


def collect_on_timer(ending: threading.Event) -> threading.Thread:
    """Run the garbage collector on a timer instead of after every so many allocations.

    Nearly all objects of the engine are rows, which stay; the default takes an eighth of its time.
    `freeze` exempts objects from later passes once they have survived one.
    """
    gc.disable()

    def collect() -> None:
        while not ending.wait(COLLECT_SECONDS):
            gc.collect()
            gc.freeze()

    thread = threading.Thread(target=collect, name="collect", daemon=True)
    thread.start()
    return thread


def main() -> None:
    parent_gone = threading.Event()
    end_with_parent(parent_gone)
    collect_on_timer(parent_gone)
    dynamodb = importlib.import_module("ministack.services.dynamodb")
    spare_memory(dynamodb)
    quicken_queries(dynamodb)
    sys.argv = ["ministack"]
    try:
        runpy.run_module("ministack", run_name="__main__")
    finally:
        # A living parent may still read the log there, and removes the folder itself.
        if parent_gone.is_set():
            remove_scratch(Path(os.environ[SCRATCH_VARIABLE]))


if __name__ == "__main__":
    main()
