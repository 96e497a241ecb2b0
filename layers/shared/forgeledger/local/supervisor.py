"""The background process that `up` starts: it owns the local cloud until a signal ends it."""

import json
import logging
import os
import queue
import signal
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final, TextIO

from forgeledger.local.local_cloud import LocalCloud
from forgeledger.local.state_dir import StateDir

WATCH_SECONDS: Final = 0.5
SWITCH_SECONDS: Final = 0.001  # Threads mostly wait for sockets; none computes for long.
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What `up` asks the supervisor to run."""

    project_dir: str
    state_dir: str
    engine_port: int = 0
    api_port: int = 0
    parameters: dict[str, str] = field(default_factory=dict)

    def as_text(self) -> str:
        return json.dumps(asdict(self))


class Bell:
    """Signal-safe wake-up; threading.Event could deadlock in a handler.

    A SimpleQueue's methods are reentrant.
    """

    def __init__(self) -> None:
        self._rung: queue.SimpleQueue[None] = queue.SimpleQueue()

    def ring(self) -> None:
        self._rung.put(None)

    def wait(self, seconds: float) -> bool:
        """Wait for a ring, at most that long; True if it has rung."""
        try:
            self._rung.get(timeout=seconds)
        except queue.Empty:
            return False
        return True


def supervise(order: Order, report: TextIO, ending: Bell) -> int:
    """Run until `ending`; `report` gets one line, the description or an error."""
    cloud = LocalCloud(
        project_dir=Path(order.project_dir),
        state_dir=Path(order.state_dir),
        engine_port=order.engine_port,
        api_port=order.api_port,
        parameters=order.parameters,
    )
    try:
        cloud.start()
    except Exception as error:
        logger.exception("the local cloud did not start")
        _say(report, {"error": str(error)})
        return 1
    try:
        _say(report, cloud.description.as_json())
        while not ending.wait(WATCH_SECONDS):
            if not cloud.engine.running:
                logger.error("the engine has died; its unsaved state is lost")
                return 1
        return 0
    finally:
        cloud.stop()


def _say(report: TextIO, content: dict[str, str]) -> None:
    try:
        report.write(json.dumps(content) + "\n")
        report.close()
    except BrokenPipeError:
        logger.warning("`up` has ended before the local cloud was ready")


def main() -> None:
    order = Order(**json.loads(sys.argv[1]))
    ending = Bell()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: ending.ring())
    logging.basicConfig(
        filename=StateDir(Path(order.state_dir)).logs / "supervisor.log",
        level=logging.INFO,
        format="%(asctime)s %(levelname)s %(name)s %(message)s",
    )
    sys.setswitchinterval(SWITCH_SECONDS)
    report = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    raise SystemExit(supervise(order, report, ending))


if __name__ == "__main__":
    main()
