"""The worker processes that run histories, and how Ctrl-C ends them."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.pool import Pool
from typing import Final

# The exit code of a program ended by a signal: 128 and its number.
INTERRUPTED: Final = 130


@contextmanager
def processes(number: int) -> Iterator[Pool]:
    """A pool that ignores Ctrl-C, which a terminal sends to all processes: the parent ends it."""
    with get_context("fork").Pool(number, signal.signal, (signal.SIGINT, signal.SIG_IGN)) as pool:
        yield pool
