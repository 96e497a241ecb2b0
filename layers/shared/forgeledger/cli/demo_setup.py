"""Sets the demo up on the local cloud and prints its progress."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from forgeledger.cli.commands.worker import worker_environment
from forgeledger.cli.deployment import Where
from forgeledger.cli.job_progress import JobProgress
from forgeledger.cli.local_state import local_state, state_path
from forgeledger.cli.session import Session
from forgeledger.demo.scenario import DemoTarget, ProgressPrinter
from forgeledger.local import control


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoSetup:
    target: DemoTarget
    shut_down: Callable[[], None]


def set_up_demo(session: Session, printer: ProgressPrinter) -> DemoSetup:
    """Starts the local cloud if it is down."""
    seams = session.seams
    state_dir = state_path(seams.environ)
    was_up = control.status(state_dir=state_dir) is not None
    started_at = seams.clock()
    description = control.up(state_dir=state_dir)
    printer.say(
        f"the local cloud was up already: {description.api_url}"
        if was_up
        else f"the local cloud came up in {seams.clock() - started_at:.1f} s: {description.api_url}"
    )
    local = Session(Where(local=True), session.output, seams)
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "FORGELEDGER_", "LOCALSTACK_"))
    }
    target = DemoTarget(
        ledger=local.ledger,
        client_of=local.client,
        event_bus=description.event_bus_name,
        environment={**inherited, **worker_environment(local.deployment)},
        log_dir=local_state(seams.environ).logs,
    )
    return DemoSetup(target=target, shut_down=lambda: _shut_down(session))


@contextmanager
def progress_printer(session: Session) -> Iterator[ProgressPrinter]:
    """Lines above a bar on a terminal; with --json, lines on the standard error."""
    output = session.output
    where = Where(local=True)
    with JobProgress(output, session.seams.clock, where, quiet=output.as_json) as progress:
        say = output.remark if output.as_json else progress.say
        yield ProgressPrinter(say=say, progress=progress)


def _shut_down(session: Session) -> None:
    control.down(state_dir=state_path(session.seams.environ))
    session.output.remark("the local cloud is down again; its data stays")
