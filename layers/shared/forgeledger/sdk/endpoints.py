"""Addresses of a deployment: from arguments, the environment, or the local cloud on request."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import urlsplit

from botocore.config import Config

from forgeledger.aws.clients import Target, client
from forgeledger.local_description import (
    FILE_NAME,
    PACKAGE_PROJECT,
    STATE_DIR_NAME,
    STATE_DIR_VARIABLE,
    Description,
    user_state_dir,
)
from forgeledger.sdk.errors import ConfigurationError, WrongAddressError
from forgeledger.web.address import is_loopback, why_no_web_address

API_URL: Final = "FORGELEDGER_API_URL"
API_KEY: Final = "FORGELEDGER_API_KEY"
COMMAND_QUEUE_URL: Final = "FORGELEDGER_COMMAND_QUEUE_URL"
# Read by the command line alone; users may expect it to work here as well.
LOCAL: Final = "FORGELEDGER_LOCAL"

_REGION_IN_URL: Final = re.compile(r"https?://sqs\.([a-z0-9-]+)\.amazonaws\.com")


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoints:
    """Addresses of one deployment; a missing one is an error only where it is used.

    api_url: the HTTP API. Default None.
    api_key: the key of the HTTP API, if the deployment has one. Default None.
    command_queue_url: the FIFO queue of commands. Default None.
    aws_endpoint_url: an AWS endpoint other than boto3's own choice. Default None.
    region: the AWS region, if no queue URL names it; None for boto3's choice. Default None.
    is_local: whether it is the local cloud, which needs no credentials. Default False.
    """

    api_url: str | None = None
    # A secret: whoever prints or logs the addresses does not mean it.
    api_key: str | None = field(default=None, repr=False)
    command_queue_url: str | None = None
    aws_endpoint_url: str | None = None
    region: str | None = None
    is_local: bool = False

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> Self:
        """From FORGELEDGER_*, the region, and localstack-client's variables, unknown to boto3."""
        env = os.environ if environ is None else environ
        return cls(
            api_url=env.get(API_URL) or None,
            api_key=env.get(API_KEY) or None,
            command_queue_url=env.get(COMMAND_QUEUE_URL) or None,
            aws_endpoint_url=_localstack_url(env),
            # boto3 reads only the second one, and containers on AWS often have only the first.
            region=env.get("AWS_REGION") or env.get("AWS_DEFAULT_REGION") or None,
        )

    @classmethod
    def local(cls, start: Path | None = None) -> Self:
        """The running local cloud, found as the command line finds it.

        Its file is in FORGELEDGER_STATE_DIR, else in the current folder, in one above it, in the
        project of an editable install, or in the user's state folder, as that of a wheel. Its API
        has a key only if it was started with one.
        """
        folder = (start or Path.cwd()).resolve()
        state_dir = os.environ.get(STATE_DIR_VARIABLE)
        projects = (folder, *folder.parents, PACKAGE_PROJECT)
        files = [project / STATE_DIR_NAME / FILE_NAME for project in projects]
        files.append(user_state_dir(os.environ) / FILE_NAME)
        for file in [Path(state_dir) / FILE_NAME] if state_dir else files:
            if file.is_file():
                description = Description.read(file)
                return cls.of_local(description, api_key=os.environ.get(API_KEY))
        looked_in = (
            f"{STATE_DIR_VARIABLE}={state_dir}"
            if state_dir
            else f"{folder} or above; {STATE_DIR_VARIABLE} names the folder if it is elsewhere"
        )
        raise ConfigurationError(
            (f"{STATE_DIR_NAME}/{FILE_NAME}",),
            f"start the local cloud with `forgeledger local up` (looked in {looked_in})",
        )

    @classmethod
    def of_local(cls, description: Description, *, api_key: str | None) -> Self:
        """Without the key for a remote address: the file may have come with a repository."""
        url = description.api_url
        is_here = not why_no_web_address(url) and is_loopback(urlsplit(url).hostname)
        return cls(
            api_url=url,
            api_key=(api_key or None) if is_here else None,
            command_queue_url=description.command_queue_url,
            aws_endpoint_url=description.endpoint_url,
            region=description.region,
            is_local=True,
        )

    def needed_api_url(self, given: str | None = None) -> str:
        """The given one, else that of the endpoints."""
        return _needed(API_URL, "api_url", self.api_url, given).rstrip("/")

    def needed_command_queue_url(self, given: str | None = None) -> str:
        return _needed(COMMAND_QUEUE_URL, "command_queue_url", self.command_queue_url, given)

    def sqs_client(self, queue_url: str, *, read_seconds: float) -> Any:
        """Without retries of its own: the caller retries, because it knows the order of a lane."""
        region = _REGION_IN_URL.match(queue_url)
        target = Target(
            region=region.group(1) if region else self.region,
            endpoint_url=self.aws_endpoint_url,
            is_local=self.is_local,
        )
        config = Config(
            connect_timeout=5,
            read_timeout=read_seconds,
            retries={"total_max_attempts": 1},
            max_pool_connections=32,
        )
        return client("sqs", target, config)


def _needed(variable: str, parameter: str, known: str | None, given: str | None) -> str:
    address = given or known
    if not address:
        local = "local=True for the local cloud"
        hint = f"set it, or pass {parameter} or {local}"
        if os.environ.get(LOCAL):
            hint = f"{LOCAL} is for the command line alone: here pass {local}"
        raise ConfigurationError((variable,), hint)
    if why := why_no_web_address(address):
        raise WrongAddressError(parameter if given else variable, address, why)
    return address


def _localstack_url(env: Mapping[str, str]) -> str | None:
    host = env.get("LOCALSTACK_HOST") or env.get("LOCALSTACK_HOSTNAME")
    if not host or env.get("AWS_ENDPOINT_URL"):
        return None
    if ":" not in host:
        host = f"{host}:{env.get('EDGE_PORT') or 4566}"
    scheme = "https" if env.get("USE_SSL", "").lower() in ("1", "true") else "http"
    return f"{scheme}://{host}"
