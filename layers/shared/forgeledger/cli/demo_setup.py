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
from forgeledger.demo.scenario import Narrator, Set
from forgeledger.local import control as cloud


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    scene: Set
    take_down: Callable[[], None]


def demo_set(session: Session, narrator: Narrator) -> Place:
    """The local cloud as it is, or as it comes up now."""
    around = session.around
    state_dir = state_path(around.environ)
    was_up = cloud.status(state_dir=state_dir) is not None
    began = around.clock()
    description = cloud.up(state_dir=state_dir)
    narrator.say(
        f"the local cloud was up already: {description.api_url}"
        if was_up
        else f"the local cloud came up in {around.clock() - began:.1f} s: {description.api_url}"
    )
    there = Session(Where(local=True), session.output, around)
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "FORGELEDGER_", "LOCALSTACK_"))
    }
    scene = Set(
        ledger=there.ledger,
        client_of=there.client,
        event_bus=description.event_bus_name,
        environment={**environment, **variables(there.deployment)},
        log_dir=local_state(around.environ).logs,
    )
    return Place(scene=scene, take_down=lambda: _take_down(session))


@contextmanager
def narrator_of(session: Session) -> Iterator[Narrator]:
    """Lines above a bar on a terminal; elsewhere lines alone, beside the result."""
    output = session.output
    here = Where(local=True)
    with JobProgress(output, session.around.clock, here, keeps_quiet=output.as_json) as progress:
        say = output.remark if output.as_json else progress.say
        yield Narrator(say=say, progress=progress)


def _take_down(session: Session) -> None:
    cloud.down(state_dir=state_path(session.around.environ))
    session.output.remark("the local cloud is down again; its data stays")
