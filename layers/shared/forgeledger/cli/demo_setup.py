"""Puts the demo on the local cloud, and shows what it says."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from forgeledger.cli.commands.worker import variables
from forgeledger.cli.deployment import Where
from forgeledger.cli.job_progress import JobProgress
from forgeledger.cli.local_state import local_state, state_path
from forgeledger.cli.session import Session
from forgeledger.demo.scenario import DemoTarget, ProgressPrinter
from forgeledger.local import control


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoSetup:
    scene: DemoTarget
    take_down: Callable[[], None]


def demo_set(session: Session, narrator: ProgressPrinter) -> DemoSetup:
    """The local cloud as it is, or as it comes up now."""
    runtime = session.runtime
    state_dir = state_path(runtime.environ)
    was_up = control.status(state_dir=state_dir) is not None
    began = runtime.clock()
    description = control.up(state_dir=state_dir)
    narrator.say(
        f"the local cloud was up already: {description.api_url}"
        if was_up
        else f"the local cloud came up in {runtime.clock() - began:.1f} s: {description.api_url}"
    )
    there = Session(Where(local=True), session.output, runtime)
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "FORGELEDGER_", "LOCALSTACK_"))
    }
    scene = DemoTarget(
        ledger=there.ledger,
        client_of=there.client,
        event_bus=description.event_bus_name,
        environment={**environment, **variables(there.deployment)},
        log_dir=local_state(runtime.environ).logs,
    )
    return DemoSetup(scene=scene, take_down=lambda: _take_down(session))


@contextmanager
def narrator_of(session: Session) -> Iterator[ProgressPrinter]:
    """Lines above a bar on a terminal; elsewhere lines alone, beside the result."""
    output = session.output
    here = Where(local=True)
    with JobProgress(output, session.runtime.clock, here, keeps_quiet=output.as_json) as progress:
        say = output.remark if output.as_json else progress.say
        yield ProgressPrinter(say=say, progress=progress)


def _take_down(session: Session) -> None:
    control.down(state_dir=state_path(session.runtime.environ))
    session.output.remark("the local cloud is down again; its data stays")
