"""`forgeledger doctor`: check a deployment section by section."""

from dataclasses import replace
from typing import TYPE_CHECKING

import typer

from forgeledger.cli import exit_codes
from forgeledger.cli.command import Needs, command
from forgeledger.cli.deployment import LOCAL_STACK, Deployment, resources_of
from forgeledger.cli.session import Session
from forgeledger.plural import plural

if TYPE_CHECKING:
    from forgeledger.cli.doctor.findings import Finding

app = typer.Typer()


@command(
    app,
    "doctor",
    needs=Needs.API | Needs.COMMAND_QUEUE | Needs.REJECT_QUEUE,
    example="forgeledger doctor --stack forgeledger",
)
def doctor(session: Session) -> None:
    """Examine a deployment and say what is wrong.

    Checks credentials, stack, API, queues, table, functions, event source mappings, permissions
    and event bus, and changes none of them. The exit code is 1 if something is wrong.
    """
    from forgeledger.cli.doctor.checks import examine
    from forgeledger.cli.doctor.findings import Level, Target

    target = Target(_with_all_resources(session), session.client, session.where)
    levels: list[Level] = []
    for finding in examine(target, lambda: session.api):
        levels.append(finding.level)
        session.output.record(finding.document(), _lines(finding))
    wrong, warnings = levels.count(Level.WRONG), levels.count(Level.WARNING)
    session.output.remark(
        f"{wrong} wrong, {plural(warnings, 'warning')}, {plural(len(levels), 'finding')} in all"
    )
    if wrong:
        raise typer.Exit(exit_codes.NOT_AS_HOPED)


def _with_all_resources(session: Session) -> Deployment:
    """The local cloud's description has only some resources; its stack has all of them."""
    deployment = session.deployment
    if not deployment.endpoints.is_local:
        return deployment
    resources = resources_of(LOCAL_STACK, session.client("cloudformation"))
    return replace(deployment, resources={**resources, **deployment.resources})


def _lines(finding: "Finding") -> list[str]:
    line = f"{finding.level.value:7}  {finding.part:20}  {finding.message}"
    return [line, f"{'':31}-> {finding.advice}"] if finding.advice else [line]
