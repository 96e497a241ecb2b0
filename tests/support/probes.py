"""Wait for what another process does."""

import time
from collections.abc import Callable
from typing import Any


def eventually(probe: Callable[[], Any], seconds: float = 180) -> Any:
    """The first truthy answer of the probe; the limit only ends a test that would hang."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if answer := probe():
            return answer
        time.sleep(0.1)
    raise AssertionError("the condition never became true")
