"""The processes among which histories are shared out, and how Ctrl-C ends them."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.pool import Pool
from typing import Final

# As of any program that a signal ends: 128 and its number.
INTERRUPTED: Final = 130


@contextmanager
def processes(number: int) -> Iterator[Pool]:
    """A terminal sends Ctrl-C to all of them: it is for this one, which ends the others."""
    with get_context("fork").Pool(number, signal.signal, (signal.SIGINT, signal.SIG_IGN)) as pool:
        yield pool
