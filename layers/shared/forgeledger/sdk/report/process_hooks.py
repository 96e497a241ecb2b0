"""What a reporter owes the life of its process: an empty start after a fork, a flush at exit."""

import atexit
import os
import sys
import time
import weakref
from collections.abc import Callable
from typing import Protocol


class ProcessBound(Protocol):
    def after_fork_in_child(self) -> None: ...

    def at_exit(self, spent_seconds: float) -> None: ...


_alive: "weakref.WeakSet[ProcessBound]" = weakref.WeakSet()
# Those that still have something to send: a program may have let go of them by then.
_owing: set[ProcessBound] = set()
_pids_with_finalizer: set[int] = set()


def enroll(lively: ProcessBound) -> None:
    """From now on the object hears of forks and of the end of the process."""
    _alive.add(lively)


def debt_of(lively: ProcessBound) -> Callable[[bool], None]:
    """To be told whether the object owes anything: it is kept while it does, and no longer."""
    # No circle: whoever lets go last of an object that owes nothing ends it.
    known = weakref.ref(lively)

    def owe(anything: bool) -> None:
        alive = known()
        if alive is None:
            return
        if anything:
            _owing.add(alive)
        else:
            _owing.discard(alive)

    return owe


def enroll_process() -> None:
    """A child of multiprocessing leaves without atexit; it runs these finalizers instead."""
    process, util = map(sys.modules.get, ("multiprocessing.process", "multiprocessing.util"))
    if process is None or util is None or process.parent_process() is None:
        return
    if os.getpid() not in _pids_with_finalizer:
        _pids_with_finalizer.add(os.getpid())
        util.Finalize(None, _at_exit, exitpriority=0)


def _after_fork_in_child() -> None:
    _pids_with_finalizer.clear()
    for lively in list(_alive):
        lively.after_fork_in_child()
    _owing.clear()


def _at_exit() -> None:
    # One after the other, but together they take no longer than the slowest may.
    began = time.monotonic()
    for lively in list(_alive):
        lively.at_exit(time.monotonic() - began)


atexit.register(_at_exit)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
