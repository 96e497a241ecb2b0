"""Reset after fork, flush at exit."""

import atexit
import os
import sys
import time
import weakref
from collections.abc import Callable
from typing import Protocol


class ProcessBound(Protocol):
    """An object with state of one process: a buffer, connections, threads."""

    def after_fork_in_child(self) -> None: ...

    def at_exit(self, spent_seconds: float) -> None: ...


# Weak references: being registered keeps no object alive.
_registered: "weakref.WeakSet[ProcessBound]" = weakref.WeakSet()
# Strong references: what is pending must outlive the program's own references to its object.
_pending: set[ProcessBound] = set()
_pids_with_finalizer: set[int] = set()


def register(bound: ProcessBound) -> None:
    """From now on forks reset the object and the end of the process flushes it."""
    _registered.add(bound)


def keep_alive_while_pending(bound: ProcessBound) -> Callable[[bool], None]:
    """A function to call with True when something is pending, and with False when nothing is."""
    # A weak one, so that object and function form no cycle: refcounting frees an idle object.
    reference = weakref.ref(bound)

    def set_pending(is_pending: bool) -> None:
        alive = reference()
        if alive is None:
            return
        if is_pending:
            _pending.add(alive)
        else:
            _pending.discard(alive)

    return set_pending


def flush_at_exit_of_child() -> None:
    """A child of multiprocessing skips atexit; it runs these finalizers instead."""
    process, util = map(sys.modules.get, ("multiprocessing.process", "multiprocessing.util"))
    if process is None or util is None or process.parent_process() is None:
        return
    if os.getpid() not in _pids_with_finalizer:
        _pids_with_finalizer.add(os.getpid())
        util.Finalize(None, _at_exit, exitpriority=0)


def _after_fork_in_child() -> None:
    _pids_with_finalizer.clear()
    for bound in list(_registered):
        bound.after_fork_in_child()
    _pending.clear()


def _at_exit() -> None:
    # One after another, but within the longest flush time of any of them.
    began = time.monotonic()
    for bound in list(_registered):
        bound.at_exit(time.monotonic() - began)


atexit.register(_at_exit)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
