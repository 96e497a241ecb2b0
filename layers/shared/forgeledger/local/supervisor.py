"""The detached process behind `up`: owns the local cloud until it is told to end."""

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
SWITCH_SECONDS: Final = 0.001  # Its threads mostly wait for sockets; none computes for long.
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
    """Rung by signals: an event's lock could be held by the very thread that a handler interrupts.

    The queue's own methods may be called again in the middle of themselves.
    """

    def __init__(self) -> None:
        self._rung: queue.SimpleQueue[None] = queue.SimpleQueue()

    def ring(self) -> None:
        self._rung.put(None)

    def wait(self, seconds: float) -> bool:
        """Until it rings, or so long; True if it has rung."""
        try:
            self._rung.get(timeout=seconds)
        except queue.Empty:
            return False
        return True


def supervise(order: Order, report: TextIO, ending: Bell) -> int:
    """Run until `ending`; the first line of `report` says whether all answers, or what is wrong."""
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
        logger.exception("the local cloud did not come up")
        _say(report, {"error": str(error)})
        return 1
    try:
        _say(report, cloud.description.as_json())
        while not ending.wait(WATCH_SECONDS):
            if not cloud.engine.running:
                logger.error("the engine is gone; what it had not saved is lost")
                return 1
        return 0
    finally:
        cloud.stop()


def _say(report: TextIO, content: dict[str, str]) -> None:
    try:
        report.write(json.dumps(content) + "\n")
        report.close()
    except BrokenPipeError:
        logger.warning("nobody waits for the local cloud to come up any more")


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
