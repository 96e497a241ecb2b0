"""`forgeledger worker`: run the Worker of a module until it is stopped."""

import logging
import os
import sys
from typing import Annotated, Final

import typer

from forgeledger.cli.command import Needs, command
from forgeledger.cli.deployment import API_KEY, API_URL, COMMAND_QUEUE_URL, Deployment
from forgeledger.cli.error_messages import WrongValue
from forgeledger.cli.session import Session

app = typer.Typer()
LOG_LEVELS: Final = ("DEBUG", "INFO", "WARNING", "ERROR")


@command(app, "worker", needs=Needs.COMMAND_QUEUE, example="forgeledger worker --app tasks:worker")
def worker(
    session: Session,
    *,
    app: Annotated[
        str, typer.Option(metavar="MODULE:NAME", help="The Worker to run.", show_default=False)
    ],
    log_level: Annotated[str, typer.Option(help="DEBUG, INFO, WARNING or ERROR.")] = "INFO",
) -> None:
    """Run a worker until SIGTERM or Ctrl-C.

    Items that it has begun may then finish. With --local or --stack the worker's environment
    variables are set before its module is imported.
    """
    from forgeledger.sdk.work.worker_import import load_worker

    if log_level.upper() not in LOG_LEVELS:
        raise WrongValue("--log-level", f"is one of {', '.join(LOG_LEVELS)}, not {log_level!r}")
    logging.basicConfig(
        stream=sys.stderr,
        level=log_level.upper(),
        format="%(asctime)s %(levelname)s %(name)s %(message)s",
    )
    if log_level.upper() == "INFO":
        # At INFO boto logs where it found credentials and settings, once for each client.
        for name in ("botocore.credentials", "botocore.configprovider"):
            logging.getLogger(name).setLevel(logging.WARNING)
    where = session.where
    if where.local or where.stack or where.command_queue_url:
        os.environ.update(worker_environment(session.deployment))
        if session.deployment.endpoints.is_local:
            for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE"):
                os.environ.pop(name, None)  # boto3 refuses to start if there is no such profile.
    summary = load_worker(app).run()
    session.output.record(
        {
            "completed": summary.completed,
            "failed": summary.failed,
            "released": summary.released,
            "handedBack": summary.handed_back,
            "dropped": summary.dropped,
            "canceled": summary.canceled,
        },
        str(summary),
    )


def worker_environment(deployment: Deployment) -> dict[str, str]:
    """The variables through which a worker process finds a deployment."""
    endpoints = deployment.endpoints
    variables = {
        API_URL: endpoints.api_url,
        API_KEY: endpoints.api_key,
        COMMAND_QUEUE_URL: endpoints.command_queue_url,
        "AWS_ENDPOINT_URL": endpoints.aws_endpoint_url,
        "AWS_REGION": endpoints.region,
        "AWS_DEFAULT_REGION": endpoints.region,
    }
    if endpoints.is_local:
        from forgeledger.local.engine import unproxied

        variables |= {
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            # boto3 prefers these two to AWS_ENDPOINT_URL.
            "AWS_ENDPOINT_URL_SQS": endpoints.aws_endpoint_url,
            "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "false",
            **unproxied(os.environ),
        }
    return {name: value for name, value in variables.items() if value}
