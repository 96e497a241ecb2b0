"""Runs the engine in a process of its own that ends when its parent's pipe closes."""

import gc
import os
import runpy
import shutil
import signal
import sys
import threading
from pathlib import Path
from typing import Final

SCRATCH_VARIABLE: Final = "FORGELEDGER_ENGINE_SCRATCH"
SCRATCH_PREFIX: Final = "forgeledger-engine-"
COLLECT_SECONDS: Final = 30.0


def remove_scratch(folder: Path) -> None:
    """Remove a folder that the engine's owner made for it, and refuse any other."""
    if not folder.is_absolute() or not folder.name.startswith(SCRATCH_PREFIX):
        raise ValueError(f"{folder} is not a scratch folder of the engine")
    shutil.rmtree(folder, ignore_errors=True)


def end_with_parent(parent_gone: threading.Event) -> threading.Thread:
    """Ask this process to stop, saving its state, once standard input is at its end."""
    descriptor = sys.stdin.fileno()

    def watch() -> None:
        while os.read(descriptor, 1024):
            pass
        parent_gone.set()
        os.kill(os.getpid(), signal.SIGTERM)

    thread = threading.Thread(target=watch, name="parent-watch", daemon=True)
    thread.start()
    return thread


def collect_now_and_then(ending: threading.Event) -> threading.Thread:
    """Look for garbage by the clock: nearly all that the engine makes is a row, and stays.

    Looking as often as things are made takes an eighth of its time. What was looked at once is not
    looked at again.
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
    collect_now_and_then(parent_gone)
    sys.argv = ["ministack"]
    try:
        runpy.run_module("ministack", run_name="__main__")
    finally:
        # Until then the parent may want to read from it why the engine did not start.
        if parent_gone.is_set():
            remove_scratch(Path(os.environ[SCRATCH_VARIABLE]))


if __name__ == "__main__":
    main()
