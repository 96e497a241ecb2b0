"""`forgeledger worker`: run the worker of somebody's module until it is told to stop."""

import logging
import os
import sys
from typing import Annotated, Final

import typer

from forgeledger.cli import deployment as deployments
from forgeledger.cli.command import Needs, command
from forgeledger.cli.error_messages import WrongValue
from forgeledger.cli.session import Session

LOG_LEVELS: Final = ("DEBUG", "INFO", "WARNING", "ERROR")


def add_to(app: typer.Typer) -> None:
    command(
        app, "worker", needs=Needs.COMMAND_QUEUE, example="forgeledger worker --app tasks:worker"
    )(worker)


def worker(
    session: Session,
    *,
    app: Annotated[
        str, typer.Option(metavar="MODULE:NAME", help="The Worker to run.", show_default=False)
    ],
    log_level: Annotated[str, typer.Option(help="DEBUG, INFO, WARNING or ERROR.")] = "INFO",
) -> None:
    """Run a worker until SIGTERM or Ctrl-C.

    What it began may then finish. With --local or --stack the worker's own variables are set
    before its module is imported.
    """
    from forgeledger.sdk.work.worker_import import load_worker

    if log_level.upper() not in LOG_LEVELS:
        raise WrongValue("--log-level", f"is one of {', '.join(LOG_LEVELS)}, not {log_level!r}")
    logging.basicConfig(
        stream=sys.stderr,
        level=log_level.upper(),
        format="%(asctime)s %(levelname)s %(name)s %(message)s",
    )
    if log_level.upper() == "INFO":  # Others say less anyway, or want to see all.
        for chatty in ("botocore.credentials", "botocore.configprovider"):
            logging.getLogger(chatty).setLevel(logging.WARNING)
    where = session.where
    if where.local or where.stack or where.command_queue_url:
        os.environ.update(variables(session.deployment))
        if session.deployment.is_local:
            for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE"):
                os.environ.pop(name, None)  # boto3 refuses to start where it names none.
    summary = load_worker(app).run()
    session.output.record(
        {
            "completed": summary.completed,
            "failed": summary.failed,
            "released": summary.released,
            "handedBack": summary.handed_back,
        },
        str(summary),
    )


def variables(deployment: deployments.Deployment) -> dict[str, str]:
    """What a worker's process must find in its environment to speak to a deployment."""
    found = {
        deployments.API_URL: deployment.api_url,
        deployments.API_KEY: deployment.api_key,
        deployments.COMMAND_QUEUE_URL: deployment.command_queue_url,
        "AWS_ENDPOINT_URL": deployment.aws_endpoint_url,
        "AWS_REGION": deployment.region,
        "AWS_DEFAULT_REGION": deployment.region,
    }
    if deployment.is_local:
        from forgeledger.local.engine import unproxied

        found |= {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
        # What boto3 would heed before the address of the local cloud, or instead.
        found |= {
            "AWS_ENDPOINT_URL_SQS": deployment.aws_endpoint_url,
            "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "false",
        }
        found |= unproxied(os.environ)
    return {name: value for name, value in found.items() if value}
