"""`forgeledger doctor`: what is wrong with a deployment, part by part."""

from dataclasses import replace
from typing import TYPE_CHECKING

import typer

from forgeledger.cli import exit_codes
from forgeledger.cli.command import Needs, command
from forgeledger.cli.deployment import LOCAL_STACK, Deployment, resources_of
from forgeledger.cli.session import Session

if TYPE_CHECKING:
    from forgeledger.cli.doctor.findings import Finding


def add_to(app: typer.Typer) -> None:
    command(
        app,
        "doctor",
        needs=Needs.API | Needs.COMMAND_QUEUE | Needs.REJECT_QUEUE,
        example="forgeledger doctor --stack forgeledger",
    )(doctor)


def doctor(session: Session) -> None:
    """Examine a deployment and say what is wrong.

    Looks at credentials, stack, API, queues, table, functions, mappings, permissions and event
    bus, and changes none of them. The exit code is 1 if something is wrong.
    """
    from forgeledger.cli.doctor.checks import examine
    from forgeledger.cli.doctor.findings import Level, Target

    patient = Target(_with_all_names(session), session.client, session.where)
    levels: list[Level] = []
    for finding in examine(patient, lambda: session.api):
        levels.append(finding.level)
        session.output.record(finding.document(), _lines(finding))
    wrong, warnings = levels.count(Level.WRONG), levels.count(Level.WARNING)
    session.output.remark(f"{wrong} wrong, {warnings} to look at, {len(levels)} findings in all")
    if wrong:
        raise typer.Exit(exit_codes.NOT_AS_HOPED)


def _with_all_names(session: Session) -> Deployment:
    """The local cloud's description names only what workers need; its stack names everything."""
    found = session.deployment
    if not found.is_local:
        return found
    stack = resources_of(LOCAL_STACK, session.client("cloudformation"))
    return replace(found, resources={**stack, **found.resources})


def _lines(finding: "Finding") -> list[str]:
    line = f"{finding.level.value:7}  {finding.part:20}  {finding.told}"
    return [line, f"{'':31}-> {finding.advice}"] if finding.advice else [line]
