"""Runs the engine in a process of its own that ends when its parent's pipe closes."""

import os
import runpy
import signal
import sys
import threading


def end_with_parent() -> None:
    """Ask this process to stop, saving its state, once standard input is at its end."""

    def watch() -> None:
        while os.read(sys.stdin.fileno(), 1024):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()


def main() -> None:
    end_with_parent()
    sys.argv = ["ministack"]
    runpy.run_module("ministack", run_name="__main__")


if __name__ == "__main__":
    main()
